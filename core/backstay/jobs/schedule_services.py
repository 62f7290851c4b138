"""What an administrator may do about a schedule: other times, a pause, a run out of turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from backstay.access.core_permissions import JOB_MANAGE
from backstay.audit.capture import Event, record_event
from backstay.clock import now
from backstay.db.context import authorize
from backstay.db.versions import check_version
from backstay.errors import Conflict, NotFound
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.jobs.cron import check_cron, next_time
from backstay.jobs.scheduler import add_planned
from backstay.jobs.schedules import CatchUp, ScheduleState, StoredSchedule
from backstay.kernel.suite import suite_of
from backstay.resources.declare import Choice
from backstay.resources.fields import ChoiceField, NumberField, TextField
from backstay.time_zones import checked_time_zone, time_zone_choices

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

CATCH_UP = (
    Choice(CatchUp.NONE.value, lazy("They are gone")),
    Choice(CatchUp.ONCE.value, lazy("The job runs once for all of them")),
    Choice(CatchUp.ALL.value, lazy("The job runs for each, up to the limit")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditSchedule:
    """Other times for a job."""

    id: int
    version: int | None = None
    cron: Annotated[
        str,
        TextField(
            label=lazy("Times"),
            help=lazy(
                "Minute, hour, day of the month, month, day of the week: “30 2 * * 1-5” is half"
                " past two from Monday to Friday, “*/15 * * * *” every quarter of an hour."
            ),
            max_length=120,
        ),
    ]
    time_zone: Annotated[str, ChoiceField(label=lazy("Time zone"), choices=time_zone_choices)] = (
        "UTC"
    )
    catch_up: Annotated[
        CatchUp, ChoiceField(label=lazy("Times that were missed"), choices=CATCH_UP)
    ] = CatchUp.ONCE
    limit: Annotated[
        int,
        NumberField(
            label=lazy("Limit"),
            help=lazy("The most missed times that are made up for, the latest ones."),
            minimum=1,
            maximum=366,
        ),
    ] = 31


@dataclass(frozen=True, slots=True)
class PauseSchedule:
    """A schedule that is to make no jobs for a while."""

    id: int


@dataclass(frozen=True, slots=True)
class ResumeSchedule:
    """A paused schedule that is to go on; what it missed meanwhile is not made up for."""

    id: int


@dataclass(frozen=True, slots=True)
class RunSchedule:
    """A schedule whose job is to run now, out of turn."""

    id: int


@dataclass(frozen=True, slots=True)
class ResetSchedule:
    """A schedule that is to follow its module again."""

    id: int


def edit_schedule(session: Session, command: EditSchedule) -> StoredSchedule:
    """Set the times of a schedule; its module's own times do not replace them any more.

    Raises:
        Invalid: the cron text or the zone means nothing.
        Stale: somebody else changed it meanwhile.
    """
    row = _row(session, command.id)
    check_version(row, command.version)
    check_cron(command.cron)
    row.cron, row.time_zone = " ".join(command.cron.split()), checked_time_zone(command.time_zone)
    row.catch_up, row.limit = command.catch_up, command.limit
    row.is_own = True
    row.next_at = next_time(row.cron, row.time_zone, now())
    session.flush()
    _note(session, row, "update")
    return row


def pause_schedule(session: Session, command: PauseSchedule) -> StoredSchedule:
    """Let a schedule make no jobs until it is resumed.

    Raises:
        Conflict: it is paused already.
    """
    row = _row(session, command.id)
    if row.state is not ScheduleState.ACTIVE:
        raise Conflict(_("The schedule is paused already."))
    row.state = ScheduleState.PAUSED
    session.flush()
    _note(session, row, "pause")
    return row


def resume_schedule(session: Session, command: ResumeSchedule) -> StoredSchedule:
    """Let a paused schedule go on with its next time.

    Raises:
        Conflict: it is not paused.
    """
    row = _row(session, command.id)
    if row.state is not ScheduleState.PAUSED:
        raise Conflict(_("The schedule is not paused."))
    row.state, row.planned_until = ScheduleState.ACTIVE, now()
    row.next_at = next_time(row.cron, row.time_zone, now())
    session.flush()
    _note(session, row, "resume")
    return row


def run_schedule(session: Session, command: RunSchedule) -> StoredSchedule:
    """Have the job of a schedule run now.

    Raises:
        Conflict: its module is off, or its job waits already.
    """
    row = _row(session, command.id)
    if row.job not in suite_of(session).jobs:
        plugin = row.name.partition(".")[0]
        raise Conflict(_("Its module “%(plugin)s” is not running.", plugin=plugin))
    declared = suite_of(session).schedules.get(row.name)
    job_id = add_planned(session, row, declared.arguments if declared else {}, now())
    if job_id is None:
        raise Conflict(_("The job of this schedule waits already."))
    row.last_job_id = job_id
    session.flush()
    _note(session, row, "run")
    return row


def reset_schedule(session: Session, command: ResetSchedule) -> StoredSchedule:
    """Go back to the times that the module declares; at once, or when the module is back.

    Raises:
        Conflict: it follows its module already.
    """
    row = _row(session, command.id)
    if not row.is_own:
        raise Conflict(_("The schedule follows its module already."))
    row.is_own = False
    declared = suite_of(session).schedules.get(row.name)
    if declared is not None:
        row.cron, row.time_zone = declared.cron, declared.time_zone
        row.catch_up, row.limit = declared.catch_up, declared.limit
        row.next_at = declared.next_time(now())
    session.flush()
    _note(session, row, "reset")
    return row


def _row(session: Session, schedule_id: int) -> StoredSchedule:
    authorize(session, JOB_MANAGE)
    row = session.get(StoredSchedule, schedule_id, with_for_update=True)
    if row is None:
        raise NotFound(_("There is no such schedule."))
    return row


def _note(session: Session, row: StoredSchedule, action: str) -> None:
    record_event(session, Event(action, "core_schedule", str(row.id), row.name))
