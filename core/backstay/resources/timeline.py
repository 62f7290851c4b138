"""What happened to a record, read from the audit trail and told in the record's own words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, or_, select
from sqlalchemy import inspect as inspect_mapper
from sqlalchemy.orm import InstrumentedAttribute

from backstay.audit.canonical import MASK
from backstay.audit.models import AuditEvent
from backstay.audit.queries import model_of
from backstay.db.types import Instant, Money
from backstay.files.attachments import ATTACH, DETACH
from backstay.i18n import gettext as _
from backstay.resources.declare import Column, Kind
from backstay.resources.formats import instant_iso, instant_text
from backstay.resources.masking import masked
from backstay.resources.serialize import text_of, writer
from backstay.web.jinja import initials
from backstay.web.page import Change, TimelineItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Action, Resource
    from backstay.resources.serialize import Reader

MOST_SHOWN: Final = 50
_SILENT: Final = frozenset({"id", "version", "company_id"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def timeline(
    session: Session, suite: Suite, resource: Resource, record: Any, reader: Reader
) -> tuple[TimelineItem, ...]:
    """The latest events of a record and of what its declaration adds, newest first."""
    about = [(resource.model.__tablename__, str(record.id))]
    if resource.history is not None:
        about += resource.history(session, record)
    events = session.execute(
        select(
            AuditEvent.at,
            AuditEvent.actor,
            AuditEvent.action,
            AuditEvent.entity,
            AuditEvent.label,
            AuditEvent.before,
            AuditEvent.after,
            AuditEvent.reason,
            AuditEvent.outcome,
        )
        .where(
            or_(
                *(
                    and_(AuditEvent.entity == entity, AuditEvent.entity_id == entity_id)
                    for entity, entity_id in about
                )
            )
        )
        .order_by(AuditEvent.id.desc())
        .limit(MOST_SHOWN)
    ).all()
    teller = ChangeTeller(session, suite, resource, reader)
    teller.learn(event for event in events if event.entity == about[0][0])
    return tuple(
        _item(event, resource, teller, reader, own=event.entity == about[0][0]) for event in events
    )


def _item(
    event: Row[Any], resource: Resource, teller: ChangeTeller, reader: Reader, *, own: bool
) -> TimelineItem:
    changes: tuple[Change, ...] = ()
    if event.action == "update":
        changes = teller.changes(event.before, event.after) if own else ()
    text = _action_text(event, resource) if own else _about_other(event)
    if event.outcome != "done":
        text = _("%(what)s (refused)", what=text)
    return TimelineItem(
        actor=event.actor,
        initials=initials(event.actor.rpartition(":")[2]),
        action_text=text,
        at_iso=instant_iso(event.at),
        at_text=instant_text(event.at, reader.time_zone, reader.locale),
        changes=changes,
        reason=event.reason,
    )


def _action_text(event: Row[Any], resource: Resource) -> str:
    known = {
        "create": _("created this"),
        "update": _("changed this"),
        "delete": _("deleted this"),
        "submit": _("submitted this for approval"),
        "sign_in": _("signed in"),
        "sign_out": _("signed out"),
    }
    if event.action == "update" and resource.state:
        reached = (event.after or {}).get(resource.state)
        for action in resource.actions:
            if action.leads_to and action.leads_to == reached:
                return _done(action)
    for action in resource.actions:
        if action.name == event.action:
            return _done(action)
    if event.action in {ATTACH, DETACH}:
        name = ((event.before if event.action == DETACH else event.after) or {}).get("file", "")
        if event.action == ATTACH:
            return _("attached “%(name)s”", name=name)
        return _("removed “%(name)s”", name=name)
    return known.get(event.action) or str(event.action).replace("_", " ")


def _done(action: Action) -> str:
    if action.past:
        return str(action.past)
    return _("did “%(action)s”", action=action.operation.label)


def _about_other(event: Row[Any]) -> str:
    known = {
        "create": _("added “%(what)s”", what=event.label),
        "update": _("changed “%(what)s”", what=event.label),
        "delete": _("removed “%(what)s”", what=event.label),
    }
    verb = event.action.replace("_", " ")
    return known.get(event.action, _("%(verb)s “%(what)s”", verb=verb, what=event.label))


def silent(name: str) -> bool:
    """Whether an attribute is the program's own and says nothing to a reader."""
    return name in _SILENT or name.endswith("_hash")


class ChangeTeller:
    """Turns canonical values of audit rows into words: labels, formats, names of other records."""

    def __init__(self, session: Session, suite: Suite, resource: Resource, reader: Reader) -> None:
        """Find which column of the resource shows which attribute of the model."""
        self._session = session
        self._suite = suite
        self._resource = resource
        self._reader = reader
        self._names: dict[tuple[str, int], str] = {}
        self._columns: dict[str, Column] = {
            column.value.key: column
            for column in resource.columns
            if isinstance(column.value, InstrumentedAttribute)
            and column.value.class_ is resource.model
        }
        self._attributes = inspect_mapper(resource.model).column_attrs

    def learn(self, events: Iterable[Row[Any]]) -> None:
        """Read the names of the records that the events point to, with one query a table."""
        wanted: dict[str, set[int]] = {}
        for event in events:
            for values in (event.before or {}, event.after or {}):
                for name, value in values.items():
                    table = self._points_to(name)
                    if table and isinstance(value, int) and event.action == "update":
                        wanted.setdefault(table, set()).add(value)
        for table, ids in wanted.items():
            model = model_of(self._suite, table)
            if model is not None:
                rows: Sequence[Any] = self._session.scalars(
                    select(model).where(model.id.in_(sorted(ids)))
                ).all()
                self._names.update({(table, row.id): row.audit_label() for row in rows})

    def changes(
        self, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> tuple[Change, ...]:
        """What an event changed, field by field."""
        names = [name for name in {**(before or {}), **(after or {})} if not silent(name)]
        return tuple(
            Change(
                self.label(name),
                self.text(name, (before or {}).get(name)),
                self.text(name, (after or {}).get(name)),
            )
            for name in names
        )

    def label(self, name: str) -> Any:
        """What an attribute is called: as its column, or else its own name in words."""
        if name in self._columns:
            return self._columns[name].label
        return name.removesuffix("_id").replace("_", " ").capitalize()

    def text(self, name: str, value: Any) -> str:
        """A canonical value in the reader's words; masked like everywhere else."""
        if value is None or value == "":
            return ""
        expression = getattr(self._resource.model, name, None)
        if value == MASK or (
            expression is not None and masked(self._resource, expression, self._reader)
        ):
            return MASK
        table = self._points_to(name)
        if table:
            return self._names.get((table, value), str(value))
        real = self._real(name, value)
        column = self._columns.get(name)
        if column is not None and column.format is None and column.kind is not Kind.LINK:
            try:
                return writer(column, self._reader)(real)
            except (TypeError, ValueError):  # the column's type changed since
                return str(value)
        return text_of(real, self._reader)

    def _real(self, name: str, value: Any) -> Any:
        """The Python value that a canonical one stands for, by the attribute's type."""
        attribute = self._attributes.get(name)
        if attribute is None:
            return value
        type_ = attribute.columns[0].type
        try:
            if isinstance(type_, Money):
                return Decimal(str(value))
            if isinstance(type_, Instant):
                return _EPOCH + timedelta(microseconds=int(value))
            if getattr(type_, "enum_class", None) is None and type_.python_type is date:
                return date.fromisoformat(value)
        except (ValueError, TypeError, OverflowError, InvalidOperation):
            return value
        return value

    def _points_to(self, name: str) -> str:
        attribute = self._attributes.get(name)
        if attribute is None or name in _SILENT:
            return ""
        keys = attribute.columns[0].foreign_keys
        return next((key.column.table.name for key in keys if key.column.name == "id"), "")
