"""Making the jobs of schedules: a duty that any process may see to, one at a time.

Each planned time has one job, whoever makes it: the row of the schedule is locked meanwhile, it
says up to when all times are dealt with, and the database refuses a second job of the same time.
The lease only saves the others the trouble.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, select
from sqlalchemy.exc import SQLAlchemyError

from backstay.clock import now
from backstay.db.context import operator_context
from backstay.db.ids import new_id
from backstay.errors import BackstayError, Conflict
from backstay.jobs.cron import next_time, times
from backstay.jobs.models import Job, JobState
from backstay.jobs.queue import add_or_pass
from backstay.jobs.schedules import CatchUp, Schedule, ScheduleState, StoredSchedule
from backstay.kernel.leases import lease

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from backstay.db.database import Database
    from backstay.kernel.stopping import Stop
    from backstay.kernel.suite import Suite

LATE: Final = timedelta(minutes=5)
"""Later than this a planned time counts as missed."""
EVERY: Final = 5.0
"""Seconds between two looks at the schedules."""
_DUTY: Final = "scheduler"
_DUTY_LASTS: Final = timedelta(seconds=30)
_CONTEXT: Final = operator_context("system:schedule")
_FIRST_WINDOW: Final = timedelta(hours=2)
_log = logging.getLogger(__name__)


class Scheduler:
    """Looks after the schedules of one database; several processes may do so at once."""

    def __init__(self, database: Database) -> None:
        """Nothing is known of what is declared before the first look."""
        self._database = database
        self._compared: int | None = None

    def tick(self, suite: Suite) -> int:
        """Make the jobs of the times that have come; returns how many. One query when none has."""
        known = self._compared == suite.generation
        if known and self._database.look_up(select(StoredSchedule.id).where(_due(suite))) is None:
            return 0
        try:
            with lease(self._database, _DUTY, _DUTY_LASTS):
                if not known:
                    with self._database.write(_CONTEXT, suite) as session:
                        remember_declared(session, suite)
                    self._compared = suite.generation
                with self._database.read(_CONTEXT, suite) as session:
                    due = session.scalars(
                        select(StoredSchedule.id).where(_due(suite)).order_by(StoredSchedule.id)
                    ).all()
                return sum(self._plan(suite, schedule_id) for schedule_id in due)
        except Conflict:
            return 0  # another process is at it

    def _plan(self, suite: Suite, schedule_id: int) -> int:
        with self._database.write(_CONTEXT, suite) as session:
            row = session.get(StoredSchedule, schedule_id, with_for_update=True)
            if row is None or row.state is ScheduleState.PAUSED:
                return 0
            if row.next_at is None or row.next_at > now():
                return 0
            return plan(session, row, suite.schedules[row.name])


def _due(suite: Suite) -> ColumnElement[bool]:
    return and_(
        StoredSchedule.state == ScheduleState.ACTIVE,
        StoredSchedule.next_at <= now(),
        StoredSchedule.name.in_(tuple(suite.schedules)),
    )


def remember_declared(session: Session, suite: Suite) -> None:
    """Write down schedules that are new, and the new times of those that nobody has changed."""
    stored = {row.name: row for row in session.scalars(select(StoredSchedule))}
    for name, declared in suite.schedules.items():
        row = stored.get(name)
        if row is None:
            row = StoredSchedule(name=name, planned_until=now(), next_at=None)
            session.add(row)
        if row.label != str(declared.label):
            row.label = str(declared.label)[:200]
        if row.is_own:
            row.job = declared.job
            continue
        if name in stored and _as_declared(row) == _declared(declared):
            continue
        row.job, row.cron, row.time_zone = declared.job, declared.cron, declared.time_zone
        row.catch_up, row.limit = declared.catch_up, declared.limit
        row.next_at = declared.next_time(now())
    session.flush()


def _declared(one: Schedule) -> tuple[object, ...]:
    return (one.job, one.cron, one.time_zone, one.catch_up, one.limit)


def _as_declared(row: StoredSchedule) -> tuple[object, ...]:
    return (row.job, row.cron, row.time_zone, row.catch_up, row.limit)


def plan(session: Session, row: StoredSchedule, declared: Schedule) -> int:
    """Make the jobs of the times since the last look, as the policy of the schedule says."""
    at = now()
    made = 0
    for planned in times_to_run(row, at):
        job_id = add_planned(session, row, declared.arguments, planned)
        if job_id is not None:
            row.last_job_id = job_id
            made += 1
    row.planned_until = at
    row.next_at = next_time(row.cron, row.time_zone, at)
    session.flush()
    return made


def times_to_run(row: StoredSchedule, at: datetime) -> list[datetime]:
    """The planned times up to an instant that get a job, the oldest first."""
    wanted = row.limit if row.catch_up is CatchUp.ALL else 1
    latest = _latest(row, at, wanted)
    if row.catch_up is CatchUp.NONE:
        return [one for one in latest if one >= at - LATE]
    return latest


def _latest(row: StoredSchedule, at: datetime, count: int) -> list[datetime]:
    """The last so many planned times; looked for near the end, as years may have been missed."""
    window = _FIRST_WINDOW
    while True:
        begin = max(row.planned_until, at - window)
        found = list(times(row.cron, row.time_zone, begin, at))
        if len(found) >= count or begin == row.planned_until:
            return found[-count:]
        window *= 4


def add_planned(
    session: Session, row: StoredSchedule, arguments: dict[str, Any], planned: datetime
) -> int | None:
    """Add the job of a planned time; None when it has one, or an earlier one waits instead.

    Arguments:
        planned: the planned instant, or this one where a person asks for the job out of turn.
    """
    from backstay.kernel.suite import suite_of

    kind = suite_of(session).jobs[row.job]
    # Where each time counts, each has its job; else one that waits will do for the next as well.
    key = None if row.catch_up is CatchUp.ALL else f"0/schedule {row.name}"
    return add_or_pass(
        session,
        Job(
            id=new_id(),
            kind=kind.name,
            arguments={**arguments, "planned_at": planned.isoformat()},
            state=JobState.READY,
            queue=kind.queue,
            unique_key=key,
            run_at=now(),
            attempts=kind.attempts,
            created_at=now(),
            actor=_CONTEXT.actor.label,
            schedule_id=row.id,
            planned_at=planned,
        ),
    )


def schedule_forever(database: Database, stop: Stop, suite_provider: Callable[[], Suite]) -> None:
    """Look after the schedules until the event is set."""
    scheduler = Scheduler(database)
    while not stop.is_set():
        try:
            if made := scheduler.tick(suite_provider()):
                _log.info("scheduler: %s jobs are due", made)
        except (SQLAlchemyError, BackstayError) as error:
            _log.warning("scheduler: %s; trying again", error)
        stop.wait(EVERY)
