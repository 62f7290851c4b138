"""The same job, asked for twice while it waits, is one."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from backstay.clock import now
from backstay.db.context import Context, operator_context
from backstay.db.database import Database
from backstay.errors import Conflict
from backstay.jobs.execute import execute_next
from backstay.jobs.models import Job, JobState
from backstay.jobs.queue import enqueue
from backstay.jobs.services import RetryJob, retry_job

if TYPE_CHECKING:
    from datetime import datetime

    from backstay.db.context import CompanyRef
    from backstay.jobs.declare import JobRun

OPERATOR = operator_context("cli:test")


def ask(
    probe: Any,
    name: str = "effect",
    *,
    key: str = "k",
    run_at: datetime | None = None,
    context: Context = OPERATOR,
    **arguments: Any,
) -> int:
    with probe.database.write(context, probe.suite) as session:
        kind = f"probe.{name}"
        return enqueue(session, kind, arguments, unique=key, run_at=run_at).id


def test_the_same_job_waiting_twice_is_one(probe: Any) -> None:
    assert ask(probe, note="first") == ask(probe, note="second")
    assert ask(probe, key="other", note="other") != ask(probe)
    while execute_next(probe.database, lambda: probe.suite):
        pass
    assert probe.effects() == ["first", "other"]


def test_a_job_that_has_run_is_no_reason_not_to_run_again(probe: Any) -> None:
    first = ask(probe)
    execute_next(probe.database, lambda: probe.suite)
    assert ask(probe) != first


def test_the_earlier_of_two_instants_counts(probe: Any) -> None:
    later = now() + timedelta(hours=1)
    job_id = ask(probe, run_at=later)
    ask(probe, run_at=later + timedelta(hours=1))
    assert probe.job(job_id).run_at == later
    ask(probe)
    assert probe.job(job_id).run_at <= now()


def test_each_company_has_keys_of_its_own(probe: Any, alpha: CompanyRef, beta: CompanyRef) -> None:
    jobs = {ask(probe, context=operator_context("cli:test", company=one)) for one in (alpha, beta)}
    assert len({*jobs, ask(probe)}) == 3


def test_a_job_that_runs_already_does_not_count(probe: Any) -> None:
    """It may have read what the second command is changing."""
    asked: list[int] = []

    def ask_again(run: JobRun) -> None:
        if not asked:
            asked.append(ask(probe, "again"))

    probe.doing["again"] = ask_again
    first = ask(probe, "again")
    execute_next(probe.database, lambda: probe.suite)
    assert asked != [first]
    assert probe.job(asked[0]).state is JobState.READY


def test_a_job_that_fails_while_its_like_waits_leaves_the_work_to_it(probe: Any) -> None:
    asked: list[int] = []

    def fail(run: JobRun) -> None:
        if not asked:
            asked.append(ask(probe, "again"))
            raise RuntimeError("no")

    probe.doing["again"] = fail
    first = ask(probe, "again")
    execute_next(probe.database, lambda: probe.suite)
    assert probe.job(first).state is JobState.CANCELLED
    assert execute_next(probe.database, lambda: probe.suite)
    assert probe.job(asked[0]).state is JobState.DONE


def test_a_job_that_was_given_up_is_not_tried_beside_its_like(probe: Any) -> None:
    dead = ask(probe)
    probe.change(dead, state=JobState.DEAD)
    ask(probe)
    with (
        pytest.raises(Conflict, match="waits already"),
        probe.database.write(OPERATOR, probe.suite) as session,
    ):
        retry_job(session, RetryJob(dead))


def test_a_job_that_was_joined_does_not_run_before_the_commit_that_joined_it(probe: Any) -> None:
    """Else it would not see what that commit changed."""
    ask(probe)
    suite = probe.suite
    ran: list[bool] = []

    def other_runner() -> None:
        database = Database(probe.database.url)
        ran.append(execute_next(database, lambda: suite))
        database.disconnect()

    with probe.database.write(OPERATOR, suite) as session:
        enqueue(session, "probe.effect", {}, unique="k")
        runner = threading.Thread(target=other_runner)
        runner.start()
        runner.join(0.5)
        # PostgreSQL's runner passes over the locked row, SQLite's waits for the writer.
        assert ran in ([], [False])
        assert probe.effects() == []
    runner.join()
    execute_next(probe.database, lambda: suite)
    assert probe.effects() == ["done"]


def test_two_commands_at_once_make_one_job(probe: Any) -> None:
    suite = probe.suite
    start = threading.Barrier(4)

    def command() -> None:
        database = Database(probe.database.url)
        start.wait()
        with database.write(OPERATOR, suite) as session:
            enqueue(session, "probe.effect", {}, unique="k")
        database.disconnect()

    threads = [threading.Thread(target=command) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with probe.database.read(OPERATOR) as session:
        assert session.query(Job).count() == 1
