"""What an administrator does about a schedule."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from backstay.access.core_permissions import JOB_VIEW
from backstay.audit.models import AuditEvent
from backstay.clock import now
from backstay.db.context import Actor, Context, operator_context
from backstay.errors import Conflict, Forbidden, Invalid, Stale
from backstay.jobs.models import Job
from backstay.jobs.schedule_services import (
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
from backstay.jobs.scheduler import Scheduler
from backstay.jobs.schedules import CatchUp, StoredSchedule

from .test_schedules import HOURLY, away_for, stored, suite_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.kernel.suite import Suite

OPERATOR = operator_context("cli:test")


@pytest.fixture
def planned(probe: Any) -> Suite:
    """The probe's suite with its one schedule, which the scheduler has seen."""
    made = suite_with(probe, HOURLY)
    Scheduler(probe.database).tick(made)
    return made


def do(
    probe: Any, planned: Suite, service: Callable[..., Any], command: Any, context: Any = OPERATOR
) -> None:
    with probe.database.write(context, planned) as session:
        service(session, command)


def test_other_times_are_in_force_at_once_and_stay(probe: Any, planned: Suite) -> None:
    row = stored(probe)
    command = EditSchedule(
        id=row.id,
        version=row.version,
        cron=" 30  2 * *  * ",
        time_zone="Europe/Paris",
        catch_up=CatchUp.ALL,
        limit=3,
    )
    do(probe, planned, edit_schedule, command)
    changed = stored(probe)
    assert (changed.cron, changed.time_zone, changed.is_own) == ("30 2 * * *", "Europe/Paris", True)
    assert changed.next_at is not None
    assert changed.next_at > now()
    with pytest.raises(Stale):
        do(probe, planned, edit_schedule, command)
    do(probe, planned, reset_schedule, ResetSchedule(row.id))
    again = stored(probe)
    assert (again.cron, again.time_zone, again.is_own) == (HOURLY.cron, "UTC", False)
    with pytest.raises(Conflict):
        do(probe, planned, reset_schedule, ResetSchedule(row.id))


@pytest.mark.parametrize(
    ("values", "field"), [({"cron": "soon"}, "cron"), ({"time_zone": "Here"}, "time_zone")]
)
def test_times_that_mean_nothing_are_refused(
    probe: Any, planned: Suite, values: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        do(
            probe,
            planned,
            edit_schedule,
            EditSchedule(id=stored(probe).id, **{"cron": "0 * * * *", **values}),
        )
    assert refused.value.problems[0].field == field


def test_a_paused_schedule_makes_no_jobs_and_misses_none(probe: Any, planned: Suite) -> None:
    row = stored(probe)
    do(probe, planned, pause_schedule, PauseSchedule(row.id))
    with pytest.raises(Conflict):
        do(probe, planned, pause_schedule, PauseSchedule(row.id))
    away_for(probe, timedelta(days=1))
    scheduler = Scheduler(probe.database)
    assert scheduler.tick(planned) == 0
    do(probe, planned, resume_schedule, ResumeSchedule(row.id))
    with pytest.raises(Conflict):
        do(probe, planned, resume_schedule, ResumeSchedule(row.id))
    assert scheduler.tick(planned) == 0, "what it missed while it was paused is not made up for"
    assert stored(probe).next_at is not None


def test_a_job_can_be_run_out_of_turn_once(probe: Any, planned: Suite) -> None:
    row = stored(probe)
    do(probe, planned, run_schedule, RunSchedule(row.id))
    with pytest.raises(Conflict, match="waits already"):
        do(probe, planned, run_schedule, RunSchedule(row.id))
    with probe.database.read(OPERATOR) as session:
        job = session.scalars(select(Job)).one()
        noted = session.scalars(
            select(AuditEvent.action).where(AuditEvent.entity == "core_schedule")
        ).all()
    assert job.schedule_id == row.id
    assert stored(probe).next_at == row.next_at, "its next time stays"
    assert noted == ["run"]


def test_a_schedule_of_a_module_that_is_off_can_not_be_run(probe: Any, planned: Suite) -> None:
    with pytest.raises(Conflict, match="is not running"):
        probe.doing.clear()
        do(probe, suite_with(probe), run_schedule, RunSchedule(stored(probe).id))


def test_seeing_schedules_is_not_changing_them(probe: Any, planned: Suite) -> None:
    reader = Context(Actor("reader"), frozenset({JOB_VIEW.name}), company_ids=None)
    with pytest.raises(Forbidden):
        do(probe, planned, pause_schedule, PauseSchedule(stored(probe).id), reader)
    with probe.database.read(OPERATOR) as session:
        assert session.scalars(select(StoredSchedule.is_own)).all() == [False]
