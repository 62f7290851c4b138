"""Events: what one plugin announces, so that others can do something afterwards.

An event is a frozen dataclass; emitting it adds a job for each subscriber to the transaction of
what happened, so both are committed or neither. Where nobody subscribes, nothing is written.
A class only ever gains fields, each with a default, and a higher version with them: an event that
waited while its class changed is read with the defaults.
"""

from __future__ import annotations

import enum
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Generic,
    Protocol,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from sqlalchemy import insert

from backstay.clock import now
from backstay.db.context import context_of
from backstay.db.ids import new_id, new_ids
from backstay.errors import ConfigurationError
from backstay.jobs.declare import JobKind, JobRun
from backstay.jobs.models import Job, JobQueue, JobState
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from backstay.i18n import Text


class DomainEvent(Protocol):
    """What every event class has beside its own fields.

    Arguments:
        name: ``<plugin>.<what happened>``, in the past tense.
        version: raised whenever a field is added.
    """

    name: ClassVar[str]
    version: ClassVar[int]


Happened = TypeVar("Happened", bound=DomainEvent)
_PLAIN: Final = (str, int, bool, NoneType)


@dataclass(frozen=True, slots=True)
class Subscription(Generic[Happened]):
    """What a plugin does after an event: a job of its own for each, in the event's company.

    It runs as the plugin itself (``system:<plugin>``), since whoever caused the event need not
    have the right to what the plugin does about it. It must be safe to run twice.

    Arguments:
        event: the event's class.
        name: of the job, ``<plugin>.<verb>``.
        run: gets the job and the event.
        attempts, queue: as those of a JobKind.
    """

    event: type[Happened]
    name: str
    label: Text
    run: Callable[[JobRun, Happened], None]
    attempts: int = 3
    queue: JobQueue = JobQueue.DEFAULT

    @property
    def kind(self) -> JobKind:
        """The kind of job that it is."""
        return JobKind(
            self.name,
            self.label,
            lambda run: self.run(run, restored(self.event, run.arguments)),
            self.attempts,
            self.queue,
        )


def emit(session: Session, event: DomainEvent) -> int:
    """Add a job for each subscriber to the transaction; returns how many there are.

    What happens to thousands of records at once is one event with many ids. A subscriber whose
    plugin is off or could not be loaded gets nothing: what it keeps it must be able to make up for
    from the records themselves when it is back.

    Raises:
        ConfigurationError: no running plugin declares the event.
    """
    suite = suite_of(session)
    subscribers = suite.subscribers.get(event.name)
    if not subscribers:
        if event.name not in suite.events:
            message = f"no running plugin declares the event {event.name} in backstay_events"
            raise ConfigurationError(message)
        return 0
    context, at, arguments = context_of(session), now(), stored(event)
    common = {
        "arguments": arguments,
        "state": JobState.READY,
        "run_at": at,
        "created_at": at,
        "company_id": context.company.id if context.company else None,
        "locale": context.locale,
        "request_id": context.request_id,
        "event": event.name,
        "event_id": new_id(),
    }
    rows = [
        {
            **common,
            "id": job_id,
            "kind": kind.name,
            "queue": kind.queue,
            "attempts": kind.attempts,
            "actor": f"system:{kind.name.partition('.')[0]}",
        }
        for job_id, kind in zip(new_ids(len(subscribers)), subscribers, strict=True)
    ]
    session.execute(insert(Job), rows)
    return len(rows)


def stored(event: DomainEvent) -> dict[str, Any]:
    """An event as the arguments of a subscriber's job."""
    values = {field.name: _stored(getattr(event, field.name)) for field in fields(event)}  # type: ignore[arg-type]
    return {"version": event.version, "values": values}


def restored(event: type[Happened], arguments: dict[str, Any]) -> Happened:
    """The event that :func:`stored` made the arguments of.

    Fields that its class has gained since then get their defaults; those of a newer class, which
    an update that was taken back left behind, are left out.
    """
    values, types = arguments["values"], _types(event)
    return event(**{name: _restored(types[name], values[name]) for name in types if name in values})


def check_event(plugin: str, event: type[DomainEvent]) -> None:
    """Refuse a class that can't be stored and read again.

    Raises:
        ConfigurationError: names the class and what is wrong with it.
    """
    said = ""
    if not (is_dataclass(event) and event.__dataclass_params__.frozen):
        said = "must be a frozen dataclass"
    elif not str(getattr(event, "name", "")).startswith(f"{plugin}."):
        said = f"must have a class variable name that begins with {plugin}."
    elif not isinstance(getattr(event, "version", None), int):
        said = "must have a class variable version, a number"
    else:
        for name, kind in _types(event).items():
            if not _can_be_stored(kind):
                said = (
                    f"has the field {name} of a type that can't be stored: use str, int, bool,"
                    " Decimal, date, datetime, an enum, or a tuple of one of them"
                )
    if said:
        message = f"the event {event.__name__} {said}"
        raise ConfigurationError(message)


def fields_of(event: type[DomainEvent]) -> dict[str, str]:
    """The fields of an event and what each has for older events, for the reference pages."""
    return {
        field.name: "" if field.default is MISSING else repr(field.default)
        for field in fields(event)  # type: ignore[arg-type]
    }


@lru_cache(maxsize=512)
def _types(event: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(event)
    return {field.name: hints[field.name] for field in fields(event)}


def _can_be_stored(kind: Any) -> bool:
    if get_origin(kind) in {tuple, Union, UnionType}:
        return all(_can_be_stored(one) for one in get_args(kind) if one is not Ellipsis)
    return isinstance(kind, type) and issubclass(kind, (*_PLAIN, Decimal, date, enum.Enum))


def _stored(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [_stored(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _restored(kind: Any, value: Any) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        if value is None:
            return None
        kind = next(one for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is tuple:
        return tuple(_restored(get_args(kind)[0], one) for one in value)
    if issubclass(kind, (date, datetime)):
        return kind.fromisoformat(value)
    return value if kind in _PLAIN else kind(value)
