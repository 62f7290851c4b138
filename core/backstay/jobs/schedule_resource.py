"""The list of schedules under Administration: which jobs run by themselves, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from backstay.access.core_permissions import JOB_MANAGE, JOB_VIEW
from backstay.i18n import lazy as _
from backstay.jobs.models import Job
from backstay.jobs.schedule_services import (
    CATCH_UP,
    EditSchedule,
    PauseSchedule,
    ResetSchedule,
    ResumeSchedule,
    RunSchedule,
    edit_schedule,
    pause_schedule,
    reset_schedule,
    resume_schedule,
    run_schedule,
)
from backstay.jobs.schedules import ScheduleState, StoredSchedule
from backstay.kernel.suite import suite_of
from backstay.navigation.declare import Area, Page
from backstay.resources.declare import (
    Action,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Panel,
    Related,
    Resource,
    Section,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.jobs.schedules import StoredSchedule as Row

_STATES = (
    Choice(ScheduleState.ACTIVE.value, _("Active"), "ok"),
    Choice(ScheduleState.PAUSED.value, _("Paused"), "neutral", _("It makes no jobs for now.")),
)


def _title(row: Any) -> str:
    return str(row.label or row.name)


def _named(label: Any) -> str:
    return str(label) or str(_("not named by its module yet"))


def _count(session: Session, row: Row) -> int:
    counted = select(func.count()).select_from(Job).where(Job.schedule_id == row.id)
    return session.scalar(counted) or 0


def _about(session: Session, row: Row) -> dict[str, Any]:
    """What its module says about it, as modules that are off say nothing."""
    declared = suite_of(session).schedules.get(row.name)
    return {
        "label": str(declared.label) if declared else "",
        "declared": f"{declared.cron} ({declared.time_zone})" if declared else "",
        "plugin": row.name.partition(".")[0],
        "is_own": row.is_own,
    }


def _nothing_to_reset(_session: Session, row: Any) -> str | None:
    return None if row.is_own else str(_("It follows its module already."))


SCHEDULES_RESOURCE = Resource(
    name="core.schedule",
    path="schedules",
    model=StoredSchedule,
    view=JOB_VIEW,
    label=_("Schedule"),
    label_many=_("Schedules"),
    icon="calendar",
    help=_("Jobs that run by themselves. Their modules bring them; the times can be changed."),
    columns=(
        Column("label", _("Schedule"), StoredSchedule.label, link=True, format=_named),
        Column("name", _("Name"), StoredSchedule.name, Kind.CODE, sortable=True),
        Column("state", _("State"), StoredSchedule.state, Kind.STATE, choices=_STATES),
        Column("cron", _("Times"), StoredSchedule.cron, Kind.CODE),
        Column("time_zone", _("Time zone"), StoredSchedule.time_zone, in_list=False),
        Column("next_at", _("Next"), StoredSchedule.next_at, Kind.INSTANT),
        Column("job", _("Job"), StoredSchedule.job, Kind.CODE, in_list=False),
        Column(
            "catch_up",
            _("Times that were missed"),
            StoredSchedule.catch_up,
            choices=CATCH_UP,
            in_list=False,
        ),
        Column("limit", _("Limit"), StoredSchedule.limit, Kind.NUMBER, in_list=False),
    ),
    filters=(Filter("state", _("State"), StoredSchedule.state, _STATES),),
    search=(StoredSchedule.label, StoredSchedule.name),
    search_label=_("Search by name"),
    order=("name",),
    sections=(
        Section(_("Times"), ("state", "name", "cron", "time_zone", "next_at")),
        Section(_("Job"), ("job", "catch_up", "limit")),
    ),
    title=_title,
    state="state",
    update=Operation(
        edit_schedule,
        EditSchedule,
        JOB_MANAGE,
        _("Change the times"),
        sections=(
            Section(_("Times"), ("cron", "time_zone")),
            Section(
                _("When nobody was there"),
                ("catch_up", "limit"),
                _("Times at which no scheduler ran: the machine was off, or being updated."),
            ),
        ),
        done=_("The new times are in force."),
    ),
    actions=(
        Action(
            "run",
            Operation(
                run_schedule, RunSchedule, JOB_MANAGE, _("Run now"), done=_("The job was added.")
            ),
            icon="player-play",
            past=_("had this run out of turn"),
            primary=True,
        ),
        Action(
            "pause",
            Operation(
                pause_schedule, PauseSchedule, JOB_MANAGE, _("Pause"), done=_("It is paused.")
            ),
            icon="ban",
            states=(ScheduleState.ACTIVE.value,),
            leads_to=ScheduleState.PAUSED.value,
            past=_("paused this"),
        ),
        Action(
            "resume",
            Operation(
                resume_schedule, ResumeSchedule, JOB_MANAGE, _("Resume"), done=_("It goes on.")
            ),
            icon="player-play",
            states=(ScheduleState.PAUSED.value,),
            leads_to=ScheduleState.ACTIVE.value,
            past=_("resumed this"),
            primary=True,
        ),
        Action(
            "reset",
            Operation(
                reset_schedule,
                ResetSchedule,
                JOB_MANAGE,
                _("Follow the module again"),
                done=_("It follows its module again."),
            ),
            icon="refresh",
            past=_("had this follow its module again"),
            refuses=_nothing_to_reset,
        ),
    ),
    panels=(Panel(_("From its module"), "admin/schedule_panel.html", _about),),
    related=(Related(_("Jobs"), "core.job", "schedule", _count, "clock"),),
    empty=Empty(
        _("No schedules yet"),
        _("They appear when a job runner or “backstay scheduler” has started once."),
        "calendar",
    ),
)

PAGES = (
    Page(
        Area.ADMINISTRATION,
        _("Schedules"),
        "core.schedule.list",
        "calendar",
        JOB_VIEW,
        order=71,
        keywords=_("cron nightly planned times jobs"),
    ),
)
