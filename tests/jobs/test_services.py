"""An administrator's answer to a job that was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from backstay.access.core_permissions import JOB_VIEW
from backstay.audit.models import AuditEvent
from backstay.db.context import Actor, Context, operator_context
from backstay.errors import Conflict, Forbidden, Invalid
from backstay.jobs.execute import execute_next
from backstay.jobs.models import JobState
from backstay.jobs.services import CancelJob, RetryJob, cancel_job, retry_job

if TYPE_CHECKING:
    from backstay.jobs.declare import JobRun

OPERATOR = operator_context("cli:test")


@pytest.fixture
def dead(probe: Any) -> int:
    def refuse(run: object) -> None:
        raise Invalid("not yet")

    probe.doing["later"] = refuse
    job_id: int = probe.ask("later")
    execute_next(probe.database, lambda: probe.suite)
    assert probe.job(job_id).state is JobState.DEAD
    return job_id


def test_a_dead_job_is_tried_again(probe: Any, effect: Any, dead: int) -> None:
    with probe.database.write(OPERATOR, probe.suite) as session:
        retry_job(session, RetryJob(dead))
    probe.doing["later"] = lambda run: run.session.add(effect(note="now"))
    assert execute_next(probe.database, lambda: probe.suite)
    assert probe.effects() == ["now"]
    with probe.database.read(OPERATOR) as session:
        noted = session.scalars(select(AuditEvent.action).where(AuditEvent.entity == "core_job"))
        assert list(noted) == ["retry"]


def test_only_a_dead_job_can_be_tried_again(probe: Any) -> None:
    job_id = probe.ask("effect")
    with pytest.raises(Conflict), probe.database.write(OPERATOR, probe.suite) as session:
        retry_job(session, RetryJob(job_id))


def test_a_cancelled_job_does_not_run(probe: Any) -> None:
    job_id = probe.ask("effect")
    with probe.database.write(OPERATOR, probe.suite) as session:
        cancel_job(session, CancelJob(job_id))
    assert not execute_next(probe.database, lambda: probe.suite)
    with pytest.raises(Conflict), probe.database.write(OPERATOR, probe.suite) as session:
        cancel_job(session, CancelJob(job_id))


def test_a_job_that_runs_is_cancelled_and_commits_nothing(probe: Any, effect: Any) -> None:
    def cancelled_within(run: JobRun) -> None:
        with probe.database.write(OPERATOR, probe.suite) as session:
            cancel_job(session, CancelJob(job_id))
        run.session.add(effect(note="late"))

    probe.doing["cancelled"] = cancelled_within
    job_id: int = probe.ask("cancelled")
    assert execute_next(probe.database, lambda: probe.suite)
    assert probe.job(job_id).state is JobState.CANCELLED
    assert probe.effects() == []


def test_a_failure_keeps_where_it_arose_for_the_administrator(probe: Any) -> None:
    def broken_function(run: JobRun) -> None:
        raise RuntimeError("the disk is full")

    probe.doing["broken"] = broken_function
    job_id: int = probe.ask("broken")
    execute_next(probe.database, lambda: probe.suite)
    trace = probe.job(job_id).trace
    assert "in broken_function" in trace
    assert trace.endswith("RuntimeError: the disk is full\n")
    probe.doing["broken"] = lambda run: None
    probe.hurry(job_id)
    execute_next(probe.database, lambda: probe.suite)
    assert probe.job(job_id).trace is None


def test_seeing_jobs_is_not_managing_them(probe: Any, dead: int) -> None:
    reader = Context(Actor("reader"), frozenset({JOB_VIEW.name}), company_ids=None)
    with pytest.raises(Forbidden), probe.database.write(reader, probe.suite) as session:
        retry_job(session, RetryJob(dead))
