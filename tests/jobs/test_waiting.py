"""Whoever waits for a job is told what stands in its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert

from backstay.clock import now
from backstay.db.context import operator_context
from backstay.jobs.execute import execute_next
from backstay.jobs.models import Job, JobQueue, JobState
from backstay.jobs.waiting import why_it_waits
from backstay.kernel.process_models import Process, ProcessKind

if TYPE_CHECKING:
    from backstay.jobs.declare import JobRun
    from backstay.kernel.suite import Suite

OPERATOR = operator_context("cli:test")


def why(probe: Any, job_id: int, suite: Suite | None = None) -> str:
    with probe.database.read(OPERATOR, suite or probe.suite) as session:
        return why_it_waits(session, session.get_one(Job, job_id))


def test_a_job_says_how_many_are_before_it(probe: Any) -> None:
    first, second = probe.ask("effect"), probe.ask("effect")
    probe.queues["bulk"] = JobQueue.BULK
    probe.doing["bulk"] = probe.doing["effect"]
    last = probe.ask("bulk")
    assert why(probe, first) == "It is next."
    assert why(probe, second) == "1 other is before it."
    probe.change(last, run_at=now() - timedelta(seconds=5))
    assert why(probe, last) == "2 others are before it.", "however long bulk work has waited"


def test_a_job_of_later_says_when(probe: Any) -> None:
    job_id = probe.ask("effect")
    probe.change(job_id, run_at=now() + timedelta(days=1))
    assert why(probe, job_id).startswith("It is not to run before ")


def test_a_job_that_failed_says_when_it_is_tried_again(probe: Any) -> None:
    def fail(run: JobRun) -> None:
        raise RuntimeError("no")

    probe.doing["flaky"] = fail
    job_id = probe.ask("flaky")
    execute_next(probe.database, lambda: probe.suite)
    assert why(probe, job_id).startswith("Attempt 1 of 3 failed. It is tried again at ")


def test_without_a_runner_a_job_says_so(probe: Any) -> None:
    job_id, other = probe.ask("effect"), probe.ask("effect")
    probe.change(job_id, run_at=now() - timedelta(minutes=1))
    assert why(probe, job_id).startswith("No job runner is alive.")
    at = now()
    row = {"id": "r", "kind": ProcessKind.RUNNER, "host": "box", "pid": 1, "generation": 1}
    told: dict[str, Any] = {"versions": {}, "restart": {}, "failed": {}, "slow": {}}
    with probe.database.engine.begin() as connection:
        connection.execute(insert(Process), {**row, **told, "started_at": at, "seen_at": at})
    assert "although a job runner is alive" in why(probe, job_id)
    in_time = now() + timedelta(seconds=20)
    probe.change(other, state=JobState.RUNNING, lease_until=in_time)
    assert why(probe, job_id) == "It is next."


def test_a_job_whose_runner_died_says_so(probe: Any) -> None:
    job_id = probe.ask("effect")
    probe.change(job_id, state=JobState.RUNNING, attempt=1, runner="box:17")
    probe.expire(job_id)
    assert "(box:17) has given no sign of life" in why(probe, job_id)
    probe.change(job_id, lease_until=now() + timedelta(seconds=20))
    assert why(probe, job_id) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"failed": {"probe": "ImportError: no module"}}, "could not be loaded: ImportError"),
        (
            {"paused": frozenset({"probe"}), "failed": {"probe": "it failed 20 times"}},
            "“probe” is paused: it failed 20 times",
        ),
        ({"safe_mode": True}, "safe mode"),
        ({"found": {"probe": SimpleNamespace(name="probe")}}, "“probe” is switched off"),
        ({}, "“probe” is not installed"),
    ],
)
def test_a_job_of_a_plugin_that_is_not_there_says_why(
    probe: Any, change: dict[str, Any], said: str
) -> None:
    job_id = probe.ask("effect")
    core = probe.suite.parts[0]
    suite = replace(probe.suite, parts=(core,), jobs={}, **change)
    assert said in why(probe, job_id, suite)


def test_a_job_that_its_plugin_has_no_more_says_so(probe: Any) -> None:
    job_id = probe.ask("effect")
    probe.doing.clear()
    assert "has no such job any more" in why(probe, job_id)
    with probe.database.write(OPERATOR, probe.suite) as session:
        session.get_one(Job, job_id).state = JobState.DONE
    assert why(probe, job_id) == ""
