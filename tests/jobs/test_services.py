"""An administrator's answer to a job that was given up."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from backstay.access.core_permissions import JOB_VIEW
from backstay.audit.models import AuditEvent
from backstay.db.context import Actor, Context, operator_context
from backstay.errors import Conflict, Forbidden, Invalid
from backstay.jobs.execute import execute_next
from backstay.jobs.models import JobState
from backstay.jobs.services import CancelJob, RetryJob, cancel_job, retry_job

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


def test_seeing_jobs_is_not_managing_them(probe: Any, dead: int) -> None:
    reader = Context(Actor("reader"), frozenset({JOB_VIEW.name}), company_ids=None)
    with pytest.raises(Forbidden), probe.database.write(reader, probe.suite) as session:
        retry_job(session, RetryJob(dead))
