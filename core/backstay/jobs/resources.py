"""The list of background jobs under Administration: what waits, what runs, what needs a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backstay.access.core_permissions import JOB_MANAGE, JOB_VIEW
from backstay.db.context import context_of
from backstay.i18n import gettext
from backstay.i18n import lazy as _
from backstay.jobs.models import Job, JobState
from backstay.jobs.services import (
    CANCELLED_FROM,
    RETRIED_FROM,
    CancelJob,
    RetryJob,
    cancel_job,
    retry_job,
)
from backstay.navigation.declare import Area, Page
from backstay.resources.declare import (
    Action,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Resource,
    Section,
)

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


def _visible(session: Session) -> Sequence[ColumnElement[bool]]:
    allowed = context_of(session).company_ids
    if allowed is None:
        return ()
    return (Job.company_id.is_(None) | Job.company_id.in_(sorted(allowed)),)


def _title(job: Any) -> str:
    return gettext("Job %(kind)s", kind=job.kind)


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
        Column("actor", _("Asked for by"), Job.actor),
        Column("run_at", _("Due"), Job.run_at, Kind.INSTANT),
        Column("attempt", _("Attempts"), Job.attempt, Kind.NUMBER),
        Column("error", _("Last error"), Job.error),
        Column("progress_text", _("Progress"), Job.progress_text, in_list=False),
        Column("created_at", _("Asked for"), Job.created_at, Kind.INSTANT, in_list=False),
        Column("finished_at", _("Ended"), Job.finished_at, Kind.INSTANT, in_list=False),
        Column("request_id", _("Request"), Job.request_id, Kind.CODE, in_list=False),
    ),
    filters=(Filter("state", _("State"), Job.state, _STATES),),
    search=(Job.kind, Job.actor),
    search_label=_("Search by job or person"),
    criteria=_visible,
    sections=(
        Section(_("Job"), ("kind", "state", "actor", "request_id")),
        Section(_("Course"), ("created_at", "run_at", "finished_at", "attempt", "progress_text")),
        Section(_("Error"), ("error",)),
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
        ),
        Action(
            "cancel",
            Operation(
                cancel_job, CancelJob, JOB_MANAGE, _("Cancel"), done=_("The job was cancelled.")
            ),
            icon="x",
            states=tuple(state.value for state in CANCELLED_FROM),
            leads_to=JobState.CANCELLED.value,
            past=_("cancelled this"),
            danger=True,
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
