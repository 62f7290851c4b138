"""Schedules: every planned time has one job, and a long absence is no storm (F18)."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from backstay.access.models import IdempotencyRecord
from backstay.clock import now
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.errors import ConfigurationError
from backstay.jobs.execute import execute_next
from backstay.jobs.housekeeping import FORGET_JOBS, FORGET_REQUESTS, TIDY_DATABASE
from backstay.jobs.models import Job, JobState
from backstay.jobs.queue import enqueue
from backstay.jobs.scheduler import Scheduler, plan
from backstay.jobs.schedules import CatchUp, Schedule, StoredSchedule, check_schedule
from backstay.kernel.leases import lease
from backstay.kernel.load import load
from backstay.kernel.suite import Suite

OPERATOR = operator_context("cli:test")
HOURLY = Schedule("probe.hourly", "Hourly", "probe.effect", "0 * * * *")


def suite_with(probe: Any, *schedules: Schedule, generation: int = 1) -> Suite:
    """The probe's suite with its schedules alone."""
    core, last = probe.suite.parts
    parts = (replace(core, schedules=()), replace(last, schedules=schedules))
    return replace(probe.suite, parts=parts, schedules={}, generation=generation)


def stored(probe: Any, name: str = HOURLY.name) -> StoredSchedule:
    with probe.database.read(OPERATOR) as session:
        row = session.scalars(select(StoredSchedule).where(StoredSchedule.name == name)).one()
        assert isinstance(row, StoredSchedule)
        return row


def away_for(probe: Any, absence: timedelta) -> None:
    """As if nobody had looked at the schedules for so long."""
    then = now() - absence
    with probe.database.engine.begin() as connection:
        connection.execute(
            update(StoredSchedule.__table__).values(planned_until=then, next_at=then)
        )


def jobs(probe: Any) -> list[Job]:
    with probe.database.read(OPERATOR) as session:
        return list(session.scalars(select(Job).order_by(Job.planned_at, Job.id)))


def test_a_schedule_makes_a_job_when_its_time_has_come(probe: Any) -> None:
    suite, scheduler = suite_with(probe, HOURLY), Scheduler(probe.database)
    assert scheduler.tick(suite) == 0, "its first time is still to come"
    due = stored(probe).next_at
    assert due is not None
    assert now() < due <= now() + timedelta(hours=1)
    away_for(probe, timedelta(hours=1))
    assert scheduler.tick(suite) == 1
    assert scheduler.tick(suite) == 0
    (job,) = jobs(probe)
    assert (job.actor, job.schedule_id) == ("system:schedule", stored(probe).id)
    assert job.planned_at == due - timedelta(hours=1)
    assert job.arguments == {"planned_at": job.planned_at.isoformat()}
    assert stored(probe).last_job_id == job.id
    assert execute_next(probe.database, lambda: suite)
    assert probe.effects() == ["done"]


@pytest.mark.parametrize(
    ("policy", "expected"), [(CatchUp.NONE, 0), (CatchUp.ONCE, 1), (CatchUp.ALL, 5)]
)
def test_three_days_away_is_no_storm(probe: Any, policy: CatchUp, expected: int) -> None:
    """F18: 36 times of every two hours were missed, none of them a moment ago."""
    minute = (now() - timedelta(minutes=30)).minute
    hours = "1-23/2" if (now() - timedelta(minutes=30)).hour % 2 else "*/2"
    often = replace(HOURLY, cron=f"{minute} {hours} * * *", catch_up=policy, limit=5)
    suite, scheduler = suite_with(probe, often), Scheduler(probe.database)
    scheduler.tick(suite)
    away_for(probe, timedelta(days=3))
    assert scheduler.tick(suite) == expected
    made = [job.planned_at for job in jobs(probe)]
    assert made == sorted(made)
    if made:
        assert now() - made[-1] < timedelta(hours=2), "it is the latest ones that count"
    assert len({one.hour for one in made}) == expected
    assert scheduler.tick(suite) == 0
    following = stored(probe).next_at
    assert following is not None
    assert following > now()


def test_a_minutely_job_after_a_year_away_is_planned_at_once(probe: Any) -> None:
    each = replace(HOURLY, cron="* * * * *", catch_up=CatchUp.ALL, limit=31)
    suite, scheduler = suite_with(probe, each), Scheduler(probe.database)
    scheduler.tick(suite)
    away_for(probe, timedelta(days=365))
    assert scheduler.tick(suite) == 31
    made = [job.planned_at for job in jobs(probe)]
    assert made[-1] - made[0] == timedelta(minutes=30)


def test_what_waits_already_is_not_asked_for_again(probe: Any) -> None:
    """Nobody runs jobs for a day: one job of the schedule waits, not twenty-four."""
    suite, scheduler = suite_with(probe, HOURLY), Scheduler(probe.database)
    scheduler.tick(suite)
    for _ in range(3):
        away_for(probe, timedelta(hours=1))
        scheduler.tick(suite)
    assert len(jobs(probe)) == 1


def test_a_planned_time_has_one_job_whoever_makes_it(probe: Any) -> None:
    suite = suite_with(probe, replace(HOURLY, catch_up=CatchUp.ALL))
    Scheduler(probe.database).tick(suite)
    for _ in range(2):
        away_for(probe, timedelta(hours=2))
        with probe.database.write(OPERATOR, suite) as session:
            row = session.scalars(select(StoredSchedule)).one()
            plan(session, row, suite.schedules[row.name])
    assert len(jobs(probe)) == 2


def test_many_processes_make_one_job(probe: Any) -> None:
    suite = suite_with(probe, replace(HOURLY, catch_up=CatchUp.ALL))
    Scheduler(probe.database).tick(suite)
    away_for(probe, timedelta(hours=3))
    made: list[int] = []
    start = threading.Barrier(4)

    def process() -> None:
        database = Database(probe.database.url)
        scheduler = Scheduler(database)
        start.wait()
        made.append(scheduler.tick(suite))
        database.disconnect()

    threads = [threading.Thread(target=process) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 3
    assert len(jobs(probe)) == 3


def test_a_scheduler_that_died_is_followed_when_its_lease_is_over(probe: Any) -> None:
    suite, scheduler = suite_with(probe, HOURLY), Scheduler(probe.database)
    with lease(probe.database, "scheduler", timedelta(seconds=30)):
        assert scheduler.tick(suite) == 0
    scheduler.tick(suite)
    assert stored(probe).next_at is not None


def test_a_schedule_of_a_plugin_that_is_off_waits(probe: Any) -> None:
    on, off = suite_with(probe, HOURLY), suite_with(probe, generation=2)
    scheduler = Scheduler(probe.database)
    scheduler.tick(on)
    away_for(probe, timedelta(hours=5))
    assert scheduler.tick(off) == 0
    assert scheduler.tick(on) == 1, "it catches up when it is back"


def test_new_times_of_the_plugin_count_unless_somebody_set_others(probe: Any) -> None:
    scheduler = Scheduler(probe.database)
    scheduler.tick(suite_with(probe, HOURLY))
    daily = replace(HOURLY, cron="0 4 * * *")
    scheduler.tick(suite_with(probe, daily, generation=2))
    assert stored(probe).cron == "0 4 * * *"
    with probe.database.engine.begin() as connection:
        connection.execute(update(StoredSchedule.__table__).values(is_own=True))
    scheduler.tick(suite_with(probe, HOURLY, generation=3))
    assert stored(probe).cron == "0 4 * * *"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cron": "at noon"}, "no cron text"),
        ({"time_zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"job": "core.export"}, "no job of its plugin"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        check_schedule(replace(HOURLY, **change), {"probe.effect"})


@pytest.fixture
def core() -> Suite:
    return load(())


def run_core_job(probe: Any, core: Suite, kind: str) -> Job:
    with probe.database.write(operator_context("system:schedule"), core) as session:
        job_id = enqueue(session, kind, {}).id
    while execute_next(probe.database, lambda: core):
        pass
    job: Job = probe.job(job_id)
    assert job.state is JobState.DONE, job.error
    return job


def test_every_schedule_of_core_has_a_job_that_runs(probe: Any, core: Suite) -> None:
    assert set(core.schedules) >= {FORGET_JOBS, FORGET_REQUESTS, TIDY_DATABASE}
    for schedule in core.schedules.values():
        assert schedule.next_time(now()) is not None
    run_core_job(probe, core, TIDY_DATABASE)


def test_jobs_that_ended_long_ago_are_forgotten(probe: Any, core: Suite) -> None:
    old = datetime(2020, 1, 1, tzinfo=UTC)
    kept = [probe.ask("effect"), probe.ask("effect")]
    probe.change(kept[0], state=JobState.READY, run_at=now() + timedelta(days=1), finished_at=old)
    probe.change(kept[1], state=JobState.DONE, finished_at=now() - timedelta(days=13))
    gone = [probe.ask("effect") for _ in range(3)]
    for job_id, state in zip(gone, (JobState.DONE, JobState.DEAD, JobState.CANCELLED), strict=True):
        probe.change(job_id, state=state, finished_at=old)
    job = run_core_job(probe, core, FORGET_JOBS)
    assert {one.id for one in jobs(probe)} == {*kept, job.id}
    assert job.cursor == {"gone": 3}


def test_requests_that_were_answered_long_ago_are_forgotten(probe: Any, core: Suite) -> None:
    with probe.database.write(OPERATOR, core) as session:
        for number in range(450):
            age = timedelta(days=1 if number < 3 else 20)
            session.add(
                IdempotencyRecord(
                    token=f"t{number}", user_id=1, request_digest="", status=303, at=now() - age
                )
            )
    run_core_job(probe, core, FORGET_REQUESTS)
    with probe.database.read(OPERATOR) as session:
        left = session.scalars(select(IdempotencyRecord.token)).all()
    assert sorted(left) == ["t0", "t1", "t2"]
