"""One action over many records: planned, told beforehand, carried out by the action's own service.

Each record is done in a savepoint of its own, so one that its service refuses is left as it was and
listed with the reason, and the others are done. Up to ``IN_REQUEST`` records are one transaction;
more are a job that goes in steps and may be run again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.datastructures import MultiDict

from backstay.clock import now
from backstay.db.acting import acting_as
from backstay.db.context import authorize, context_of
from backstay.errors import BackstayError, Invalid, NotFound, Unavailable
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.jobs.declare import JobKind
from backstay.jobs.models import JobQueue
from backstay.jobs.queue import enqueue
from backstay.kernel.suite import suite_of
from backstay.lists.models import BulkRun, RunState
from backstay.lists.query import ResourceQuery
from backstay.lists.runs import forget_old
from backstay.resources import formats
from backstay.resources.forms import Desk, make_form, schema_of
from backstay.resources.record_page import check_state
from backstay.resources.serialize import Reader
from backstay.resources.titles import label_of_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from backstay.jobs.declare import JobRun
    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Action, Resource
    from backstay.resources.forms import CommandForm

MOST: Final = 5_000
IN_REQUEST: Final = 100
_STEP: Final = 50
RUN: Final = "core.bulk"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that is left as it is.

    Arguments:
        id: as a string; ids are larger than what JSON numbers hold.
    """

    id: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action would do with a selection.

    Arguments:
        todo: the records that it is possible for, in the order of the selection.
    """

    todo: tuple[Any, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class RunBulk:
    """An action for many records.

    Arguments:
        inputs: what the form for all of them sent, by field name, each with its values.
    """

    resource: str
    action: str
    ids: tuple[int, ...]
    inputs: Mapping[str, Sequence[str]]


def plan(session: Session, resource: Resource, action: Action, ids: Sequence[int]) -> Plan:
    """Tell which records of a selection an action is possible for, and why the others are not."""
    found = ResourceQuery(resource).records(session, ids)
    skipped = [
        Skipped(str(one), str(one), _("It is not there any more."))
        for one in ids
        if one not in found
    ]
    allowed: list[Any] = []
    for one in ids:
        if (record := found.get(one)) is None:
            continue
        try:
            check_state(resource, action, record)
        except BackstayError as error:
            skipped.append(_skip(resource, record, error.message))
        else:
            allowed.append(record)
    reasons = _reasons(session, action, allowed)
    skipped += [_skip(resource, one, str(reasons[one.id])) for one in allowed if one.id in reasons]
    return Plan(tuple(one for one in allowed if one.id not in reasons), tuple(skipped))


def _reasons(session: Session, action: Action, records: list[Any]) -> Mapping[int, str]:
    if action.bulk is not None and action.bulk.skips is not None:
        return action.bulk.skips(session, records) if records else {}
    if action.refuses is None:
        return {}
    said = {record.id: action.refuses(session, record) for record in records}
    return {one: reason for one, reason in said.items() if reason}


def run_bulk(session: Session, command: RunBulk) -> BulkRun:
    """Carry an action out for many records, or leave it to a job when there are very many.

    Raises:
        Invalid: there are too many records, or the inputs are wrong (names the fields).
        Forbidden: the action's permission is missing.
    """
    resource, action = _declared(suite_of(session), command.resource, command.action)
    context = authorize(session, action.operation.permission)
    if len(command.ids) > MOST:
        raise Invalid(too_many(context.locale))
    forget_old(session, BulkRun)
    run = BulkRun(
        resource=command.resource,
        action=command.action,
        company_id=context.company.id if context.company else None,
        user_id=context.actor.user_id,
        records=[str(one) for one in command.ids],
        inputs={name: list(values) for name, values in command.inputs.items()},
        skipped=[],
        created_at=now(),
    )
    session.add(run)
    session.flush()
    if len(command.ids) > IN_REQUEST:
        run.job_id = enqueue(session, RUN, {"run": str(run.id)}).id
        return run
    done, skipped = _carry_out(session, resource, action, command.ids, command.inputs)
    _settle(run, done, skipped)
    session.flush()
    return run


def too_many(locale: str) -> str:
    """What is said about a selection beyond the limit."""
    return _(
        "At most %(most)s records can be done at once. Narrow the list by a filter, such as one of"
        " days, and take it part by part.",
        most=formats.number(MOST, locale),
    )


def bulk_form(
    desk: Desk, action: Action, *, initial: Mapping[str, Any] | None = None, formdata: Any = None
) -> CommandForm:
    """The form that is filled in once for all records."""
    return make_form(action.operation.command, desk, initial=initial, formdata=formdata)


def _declared(suite: Suite, resource_name: str, action_name: str) -> tuple[Resource, Action]:
    resource = suite.resources.get(resource_name)
    actions = resource.actions if resource else ()
    action = next((one for one in actions if one.name == action_name), None)
    if resource is None or action is None or action.bulk is None:
        raise NotFound(_("This can't be done with many records at once."))
    return resource, action


def _carry_out(
    session: Session,
    resource: Resource,
    action: Action,
    ids: Sequence[int],
    inputs: Mapping[str, Sequence[str]],
) -> tuple[int, list[Skipped]]:
    planned = plan(session, resource, action, ids)
    skipped = list(planned.skipped)
    form = bulk_form(desk_of(session), action, formdata=MultiDict(dict(inputs)))
    if schema_of(action.operation.command).fields and not form.validate():
        raise Invalid("\n".join(str(problem.message) for problem in form.problems()))
    done = 0
    for record in planned.todo:
        label = label_of_record(resource, record)
        record_id = record.id
        try:
            with session.begin_nested(), acting_as(resource.plugin, session):
                action.operation.service(session, _command(form, record))
                session.flush()
        except Unavailable:
            raise
        except (BackstayError, IntegrityError, StaleDataError) as error:
            skipped.append(Skipped(str(record_id), label, _told(error)))
        else:
            done += 1
    return done, skipped


def _told(error: Exception) -> str:
    if isinstance(error, BackstayError):
        return " ".join(dict.fromkeys(problem.message for problem in error.problems))
    return _("Somebody changed it at the same moment.")


def _command(form: CommandForm, record: Any) -> Any:
    """The command for one record; what was filled in is the same for all."""
    if form.schema.versioned:
        form["version"].data = str(record.version)
    return form.command(record)


def desk_of(session: Session) -> Desk:
    """What a form needs where there is no page, such as in a job."""
    suite = suite_of(session)
    reader = Reader.of(context_of(session), suite)

    def pick(name: str, record_id: int, anyhow: bool) -> str | None:  # noqa: FBT001
        resource = suite.resources.get(name)
        if resource is None:
            return None
        found = ResourceQuery(resource).pickable(session, record_id, anyhow=anyhow)
        return None if found is None else label_of_record(resource, found)

    return Desk(session, reader, lambda _name: "", pick)


def _skip(resource: Resource, record: Any, reason: str) -> Skipped:
    return Skipped(str(record.id), label_of_record(resource, record), reason)


def _settle(run: BulkRun, done: int, skipped: Sequence[Skipped]) -> None:
    run.done = done
    run.skipped = [[one.id, one.label, one.reason] for one in skipped]
    run.state = RunState.DONE


def work(job: JobRun) -> None:
    """Carry a long run out in steps; what an earlier attempt did is found done and left."""
    run_id = int(job.arguments["run"])
    with job.read() as reading:
        run = reading.get_one(BulkRun, run_id)
        if run.state is RunState.DONE:
            return
        resource, action = _declared(suite_of(reading), run.resource, run.action)
        ids = [int(one) for one in run.records]
        inputs = dict(run.inputs)
        done, skipped, start = run.done, [Skipped(*one) for one in run.skipped], _at(run)
    while start < len(ids):
        step = ids[start : start + _STEP]
        with job.transaction() as writing:
            authorize(writing, action.operation.permission)
            did, left = _carry_out(writing, resource, action, step, inputs)
            done += did
            skipped += left
            stored = writing.get_one(BulkRun, run_id)
            stored.done = done
            stored.skipped = [[one.id, one.label, one.reason] for one in skipped]
        start += len(step)
        job.progress(start, len(ids), _("%(n)s done", n=done))
    stored = job.session.get_one(BulkRun, run_id)
    _settle(stored, done, skipped)


def _at(run: BulkRun) -> int:
    """Where to go on: each step wrote what it did in its own transaction."""
    return run.done + len(run.skipped)


JOBS: Final = (JobKind(RUN, lazy("Do something with many records"), work, queue=JobQueue.BULK),)
