"""The list of background jobs under Administration: what waits, what runs, what needs a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import object_session

from backstay.access.core_permissions import JOB_MANAGE, JOB_VIEW
from backstay.db.context import context_of
from backstay.i18n import gettext
from backstay.i18n import lazy as _
from backstay.jobs.models import Job, JobQueue, JobState
from backstay.jobs.schedules import StoredSchedule
from backstay.jobs.services import (
    CANCELLED_FROM,
    RETRIED_FROM,
    CancelJob,
    RetryJob,
    cancel_job,
    retry_job,
)
from backstay.jobs.waiting import why_it_waits
from backstay.kernel.suite import suite_of
from backstay.navigation.declare import Area, Page
from backstay.resources.declare import (
    Action,
    Bulk,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Panel,
    Resource,
    Section,
)
from backstay.resources.urls import resource_url
from backstay.web.page import Cell, Head, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

_STATES = (
    Choice(JobState.READY.value, _("Waiting"), "info"),
    Choice(JobState.RUNNING.value, _("Running"), "info"),
    Choice(JobState.DONE.value, _("Done"), "ok"),
    Choice(JobState.DEAD.value, _("Given up"), "bad", _("It failed; somebody has to look at it.")),
    Choice(JobState.CANCELLED.value, _("Cancelled"), "neutral"),
)
_QUEUES = (
    Choice(JobQueue.INTERACTIVE.value, _("Interactive"), help=_("Somebody waits for it.")),
    Choice(JobQueue.DEFAULT.value, _("Default")),
    Choice(JobQueue.BULK.value, _("Bulk"), help=_("It comes last.")),
)
_MOST = 50


def _visible(session: Session) -> Sequence[ColumnElement[bool]]:
    allowed = context_of(session).company_ids
    if allowed is None:
        return ()
    return (Job.company_id.is_(None) | Job.company_id.in_(sorted(allowed)),)


def _title(job: Any) -> str:
    session = object_session(job) if isinstance(job, Job) else None
    kind = suite_of(session).jobs.get(job.kind) if session is not None else None
    return str(kind.label) if kind else gettext("Job %(kind)s", kind=job.kind)


def _with_schedule(statement: Any) -> Any:
    return statement.outerjoin(StoredSchedule, StoredSchedule.id == Job.schedule_id)


def _wait(session: Session, job: Job) -> dict[str, Any]:
    return {"why": why_it_waits(session, job)}


def _work(session: Session, job: Job) -> dict[str, Any]:
    kind = suite_of(session).jobs.get(job.kind)
    planned = session.get(StoredSchedule, job.schedule_id) if job.schedule_id else None
    return {
        "label": str(kind.label) if kind else "",
        "schedule": (planned.label or planned.name) if planned else "",
        "schedule_href": resource_url("core.schedule", "record", id=planned.id) if planned else "",
        "arguments": json.dumps(job.arguments, indent=2, ensure_ascii=False),
        "cursor": json.dumps(job.cursor, ensure_ascii=False) if job.cursor else "",
        "trace": job.trace,
    }


def _same_event(session: Session, job: Job) -> dict[str, Any]:
    """The other jobs that the event of this one caused."""
    rows = []
    if job.event_id is not None:
        same = (Job.event_id == job.event_id, Job.id != job.id, *_visible(session))
        states = {choice.value: choice for choice in _STATES}
        for one in session.scalars(select(Job).where(*same).order_by(Job.id).limit(_MOST)):
            state = states[one.state.value]
            cells = (Cell(one.kind), Cell(state.label, "state", tone=state.tone))
            rows.append(
                Row((*cells, Cell(one.error)), href=resource_url("core.job", "record", id=one.id))
            )
    return {
        "heads": (
            Head("kind", gettext("Job")),
            Head("state", gettext("State")),
            Head("error", gettext("Last error")),
        ),
        "rows": tuple(rows),
        "empty": gettext("No other module follows the event.")
        if job.event_id
        else gettext("No event caused this job."),
        "links": (),
    }


JOBS = Resource(
    name="core.job",
    path="jobs",
    model=Job,
    view=JOB_VIEW,
    label=_("Background job"),
    label_many=_("Background jobs"),
    icon="clock",
    help=_("Work that goes on after a page has answered. What was given up can be tried again."),
    columns=(
        Column("kind", _("Job"), Job.kind, Kind.CODE, link=True),
        Column("state", _("State"), Job.state, Kind.STATE, choices=_STATES),
        Column("queue", _("Queue"), Job.queue, choices=_QUEUES),
        Column("actor", _("Asked for by"), Job.actor),
        Column("run_at", _("Due"), Job.run_at, Kind.INSTANT),
        Column("attempt", _("Attempts"), Job.attempt, Kind.NUMBER),
        Column("error", _("Last error"), Job.error),
        Column("progress_text", _("Progress"), Job.progress_text, in_list=False),
        Column("created_at", _("Asked for"), Job.created_at, Kind.INSTANT, in_list=False),
        Column("finished_at", _("Ended"), Job.finished_at, Kind.INSTANT, in_list=False),
        Column("runner", _("Runner"), Job.runner, in_list=False),
        Column("event", _("Event"), Job.event, Kind.CODE, in_list=False),
        Column("schedule", _("Schedule"), StoredSchedule.name, Kind.CODE, in_list=False),
        Column("planned_at", _("Planned for"), Job.planned_at, Kind.INSTANT, in_list=False),
        Column("request_id", _("Request"), Job.request_id, Kind.CODE, in_list=False),
    ),
    filters=(
        Filter("state", _("State"), Job.state, _STATES),
        Filter("queue", _("Queue"), Job.queue, _QUEUES, kind="select"),
        Filter("schedule", _("Schedule"), Job.schedule_id, kind="picker", picker="core.schedule"),
    ),
    joins=_with_schedule,
    search=(Job.kind, Job.actor),
    search_label=_("Search by job or person"),
    criteria=_visible,
    sections=(
        Section(_("Job"), ("kind", "state", "queue", "actor", "request_id", "event", "schedule")),
        Section(
            _("Course"),
            (
                *("created_at", "planned_at", "run_at", "finished_at", "attempt", "runner"),
                *("progress_text", "error"),
            ),
        ),
    ),
    panels=(
        Panel(_("Why it waits"), "admin/job_wait_panel.html", _wait),
        Panel(_("What it was asked for"), "admin/job_work_panel.html", _work),
        Panel(_("Other jobs of the same event"), "admin/table_panel.html", _same_event, flush=True),
    ),
    title=_title,
    state="state",
    actions=(
        Action(
            "retry",
            Operation(
                retry_job,
                RetryJob,
                JOB_MANAGE,
                _("Try again"),
                done=_("The job will be tried again."),
            ),
            icon="refresh",
            states=tuple(state.value for state in RETRIED_FROM),
            leads_to=JobState.READY.value,
            past=_("had this tried again"),
            primary=True,
            bulk=Bulk(),
        ),
        Action(
            "cancel",
            Operation(
                cancel_job,
                CancelJob,
                JOB_MANAGE,
                # “Cancel” alone is how a dialog is left.
                _("Cancel job"),
                done=_("The job was cancelled."),
            ),
            icon="x",
            states=tuple(state.value for state in CANCELLED_FROM),
            leads_to=JobState.CANCELLED.value,
            past=_("cancelled this"),
            danger=True,
            bulk=Bulk(),
            confirm=_(
                "What it has not done yet stays undone. A job that runs stops at its next sign of"
                " progress."
            ),
        ),
    ),
    empty=Empty(
        _("No background jobs yet"),
        _("Imports and other long work appear here while they wait, run and end."),
        "clock",
    ),
)

PAGES = (
    Page(
        Area.ADMINISTRATION,
        _("Background jobs"),
        "core.job.list",
        "clock",
        JOB_VIEW,
        order=70,
        keywords=_("queue failed retry runner"),
    ),
)
