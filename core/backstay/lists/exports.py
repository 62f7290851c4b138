"""A long list taken away: a job writes it into a file that its person alone can fetch.

The job reads as that person with the rights they have when it runs, in one consistent read. The
file, the run and the audit row are one commit, so a second run finds it done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.access.models import User
from backstay.audit.capture import Event, record_event
from backstay.clock import now
from backstay.db.context import authorize, context_of
from backstay.db.engine import unhurried
from backstay.errors import Conflict, Invalid, NotFound
from backstay.files.services import give_file, keep_written, new_file
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.jobs.declare import JobKind
from backstay.jobs.models import Job, JobState
from backstay.jobs.queue import UNDER_WAY, enqueue, withdraw
from backstay.kernel.suite import suite_of
from backstay.lists.filters import read_state
from backstay.lists.models import ExportRun, RunState
from backstay.lists.query import ResourceQuery
from backstay.lists.runs import forget_old, own, own_run
from backstay.lists.take_away import MEDIA_TYPES, columns_of, file_name, write_list
from backstay.resources import formats
from backstay.resources.serialize import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission
    from backstay.db.context import Context
    from backstay.files.store import Incoming
    from backstay.jobs.declare import JobRun
    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Resource

EXPORT: Final = "core.export"
IN_REQUEST: Final = 10_000
"""Rows of a list that is written while its reader waits."""
MOST_AT_ONCE: Final = 5
"""Lists of one person that are being written at the same time."""
_LATEST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AskExport:
    """A list as a file.

    Arguments:
        resource: name of the list's resource.
        form: ``csv`` or ``xlsx``.
        query: the list's URL parameters, as :meth:`ListState.query` gives them.
        everything: all columns, not only those that the list shows.
    """

    resource: str
    form: str
    query: Mapping[str, str]
    everything: bool


def permission_to_export(resource: Resource) -> Permission:
    """What one needs to take a list away."""
    return resource.export or resource.view


def export_event(
    resource: Resource, context: Context, form: str, query: Mapping[str, str]
) -> Event:
    """What the audit trail says about a list that was taken away."""
    return Event(
        action="export",
        entity=resource.model.__tablename__,
        label=str(resource.label_many),
        plugin=resource.plugin,
        company_id=context.company.id if context.company else None,
        after={"format": form, **query},
    )


def ask_export(session: Session, command: AskExport) -> ExportRun:
    """Have a list written by a job; the same one that is still under way is not begun again.

    Raises:
        Forbidden: the permission to export is missing.
        Invalid: the person has too many under way.
        NotFound: there is no such list.
    """
    resource = _declared(suite_of(session), command.resource)
    context = authorize(session, permission_to_export(resource))
    forget_old(session, ExportRun)
    company_id = context.company.id if context.company else None
    # One request of a person at a time, or two at once would not see each other's run.
    session.execute(select(User.id).where(User.id == context.actor.user_id).with_for_update())
    waiting = session.scalars(
        select(ExportRun)
        .join(Job, Job.id == ExportRun.job_id)
        .where(ExportRun.user_id == context.actor.user_id, Job.state.in_(UNDER_WAY))
    ).all()
    for one in waiting:
        same = (one.resource, one.company_id, one.format, one.everything, one.query)
        if same == (
            *(command.resource, company_id, command.form, command.everything),
            dict(command.query),
        ):
            return one
    if len(waiting) >= MOST_AT_ONCE:
        raise Invalid(
            _(
                "%(n)s lists are being written for you already. Wait for one of them, or cancel"
                " it first.",
                n=len(waiting),
            )
        )
    run = ExportRun(
        resource=command.resource,
        company_id=company_id,
        user_id=context.actor.user_id,
        query=dict(command.query),
        everything=command.everything,
        format=command.form,
        created_at=now(),
    )
    session.add(run)
    session.flush()
    run.job_id = enqueue(session, EXPORT, {"run": str(run.id)}).id
    session.flush()
    return run


def latest_exports(session: Session, resource: Resource) -> list[tuple[ExportRun, JobState]]:
    """The person's own last runs of a list, the newest first, each with the state of its job."""
    rows = session.execute(
        select(ExportRun, Job.state)
        .join(Job, Job.id == ExportRun.job_id)
        .where(ExportRun.resource == resource.name, *own(session, ExportRun))
        .order_by(ExportRun.id.desc())
        .limit(_LATEST)
    )
    return [(run, state) for run, state in rows]


def cancel_export(session: Session, run_id: int) -> ExportRun:
    """Stop the writing of a list; no file comes of it.

    Raises:
        NotFound: there is no such run of the person's own.
        Conflict: it has ended.
    """
    run = own_run(session, ExportRun, run_id)
    if withdraw(session, run.job_id) is None:
        raise Conflict(_("There is nothing to cancel: the list is not being written any more."))
    return run


def work(job: JobRun) -> None:
    """Write the list, holding no lock; then keep the file, say who took it, and be done."""
    run_id = int(job.arguments["run"])
    with new_file(job.session) as incoming:
        with job.read() as reading:
            run = reading.get_one(ExportRun, run_id)
            if run.state is RunState.DONE:
                return
            rows = _write(job, reading, run, incoming)
        session, context = job.session, context_of(job.session)
        resource = _declared(suite_of(session), run.resource)
        stored = session.get_one(ExportRun, run_id, with_for_update=True)
        file = give_file(
            session,
            keep_written(session, incoming),
            name=file_name(resource, context, stored.format),
            media_type=MEDIA_TYPES[stored.format],
            user_id=stored.user_id,
        )
        stored.state, stored.rows = RunState.DONE, rows
        stored.file_id, stored.expires_at = file.id, file.expires_at
        session.flush()
        record_event(session, export_event(resource, context, stored.format, stored.query))


def _write(job: JobRun, session: Session, run: ExportRun, incoming: Incoming) -> int:
    resource = _declared(suite_of(session), run.resource)
    context = authorize(session, permission_to_export(resource))
    unhurried(session.connection())
    reader, query = Reader.of(context, suite_of(session)), ResourceQuery(resource)
    state = read_state(resource, run.query, reader)
    total = query.count(session, state, reader)
    of = formats.number(total, reader.locale)

    def told(rows: int) -> None:
        done = formats.number(rows, reader.locale)
        job.progress(rows, total, _("%(done)s of %(all)s rows", done=done, all=of))

    told(0)
    columns = columns_of(query, state, everything=run.everything)
    return write_list(incoming, run.format, query, session, state, reader, columns, told)


def _declared(suite: Suite, name: str) -> Resource:
    resource = suite.resources.get(name)
    if resource is None:
        raise NotFound(_("The list does not exist now: its module is switched off."))
    return resource


JOBS: Final = (JobKind(EXPORT, lazy("Write a list into a file"), work),)
