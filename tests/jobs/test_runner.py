"""Many runners share the work; none does a job twice, not even when one is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from backstay.clock import now
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.jobs import runner
from backstay.jobs.execute import execute_next
from backstay.jobs.models import JobQueue, JobState
from backstay.jobs.runner import SuiteInForce, run_forever
from backstay.kernel.models import Installation
from backstay.kernel.state import next_generation
from backstay.kernel.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from backstay.jobs.declare import JobRun

OPERATOR = operator_context("cli:test")


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def test_runners_at_work_at_once_never_share_a_job(probe: Any, effect: Any) -> None:
    at_work: Counter[str] = Counter()
    shared: list[str] = []

    def alone(run: JobRun) -> None:
        note = run.arguments["note"]
        at_work[note] += 1
        if at_work[note] > 1:
            shared.append(note)
        time.sleep(0.005)
        run.session.add(effect(note=note))
        run.session.flush()
        at_work[note] -= 1

    probe.doing["alone"] = alone
    notes = [f"job {number:02}" for number in range(24)]
    for note in notes:
        probe.ask("alone", note=note)
    suite = probe.suite
    databases = [Database(probe.database.url) for _ in range(4)]

    def work(database: Database) -> None:
        while execute_next(database, lambda: suite):
            pass

    threads = [threading.Thread(target=work, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.engine.dispose()
    assert shared == []
    assert sorted(probe.effects()) == notes


def test_a_lease_is_renewed_while_the_job_runs(probe: Any, effect: Any) -> None:
    lease = timedelta(seconds=0.6)
    others: list[bool] = []

    def long(run: JobRun) -> None:
        other = Database(probe.database.url)
        for _ in range(6):
            time.sleep(0.25)
            others.append(execute_next(other, lambda: suite, lease=lease))
        other.engine.dispose()
        run.session.add(effect(note="once"))

    probe.doing["long"] = long
    suite = probe.suite
    job_id = probe.ask("long")
    assert execute_next(probe.database, lambda: suite, lease=lease)
    assert others == [False] * 6
    assert probe.job(job_id).attempt == 1
    assert probe.effects() == ["once"]


def test_a_job_whose_runner_was_killed_is_done_once_by_another(probe: Any, effect: Any) -> None:
    """kill -9 in the middle of the effect: nothing of it stays, and the next runner does it."""
    ready, tell = os.pipe()

    def stuck(run: JobRun) -> None:
        run.session.add(effect(note="by the first"))
        run.session.flush()
        os.write(tell, b"x")
        time.sleep(60)

    probe.doing["stuck"] = stuck
    job_id = probe.ask("stuck")
    suite = probe.suite
    child = os.fork()
    if child == 0:
        execute_next(Database(probe.database.url), lambda: suite)
        os._exit(0)
    assert os.read(ready, 1) == b"x"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert probe.job(job_id).state is JobState.RUNNING
    assert not execute_next(probe.database, lambda: suite), "the lease has not ended yet"
    probe.expire(job_id)
    probe.doing["stuck"] = lambda run: run.session.add(effect(note="by the second"))
    # PostgreSQL needs a moment to notice that the client is gone and to roll back.
    until(lambda: execute_next(probe.database, lambda: probe.suite))
    assert probe.effects() == ["by the second"]
    job = probe.job(job_id)
    assert (job.state, job.attempt) == (JobState.DONE, 2)


def test_a_runner_finishes_its_job_before_it_stops(probe: Any, effect: Any) -> None:
    stop = Stop()

    def stopped_within(run: JobRun) -> None:
        stop.set()
        time.sleep(0.1)
        run.session.add(effect(note="finished"))

    probe.doing["last"] = stopped_within
    first, second = probe.ask("last"), probe.ask("effect")
    suite = probe.suite
    run_forever(probe.database, stop, lambda: suite)
    assert probe.effects() == ["finished"]
    assert probe.job(first).state is JobState.DONE
    assert probe.job(second).state is JobState.READY


def test_a_runner_survives_a_database_that_is_away(
    probe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_WAIT_AFTER_FAILURE", 0.01)
    stop = Stop()
    job_id = probe.ask("effect")
    suite = probe.suite
    answers = iter([True, True])

    def provider() -> Any:
        if next(answers, False):
            with probe.database.engine.connect() as connection:
                connection.exec_driver_sql("SELECT * FROM no_such_table")
        return suite

    thread = threading.Thread(target=run_forever, args=(probe.database, stop, provider))
    thread.start()
    until(lambda: probe.job(job_id).state is JobState.DONE)
    stop.set()
    thread.join()
    assert probe.effects() == ["done"]


def test_a_runner_follows_the_generation_in_force(probe: Any) -> None:
    with probe.database.write(OPERATOR, probe.suite) as session:
        session.add(Installation(id=1, generation=1, theme="harbor"))
    provider = SuiteInForce(probe.database)
    first = provider()
    assert provider() is first
    with probe.database.write(OPERATOR, probe.suite) as session:
        next_generation(session)
    second = provider()
    assert second is not first
    assert second.generation == first.generation + 1


def test_a_job_due_later_waits(probe: Any) -> None:
    job_id = probe.ask("effect")
    probe.change(job_id, run_at=now() + timedelta(minutes=1))
    assert not execute_next(probe.database, lambda: probe.suite)


def test_an_interactive_job_is_not_kept_waiting_by_a_bulk_job(probe: Any, effect: Any) -> None:
    stop, quick_is_done = Stop(), threading.Event()

    def slow(run: JobRun) -> None:
        asked = probe.ask("quick", note="quick")
        assert quick_is_done.wait(30), "the interactive job waits for this one"
        until(lambda: probe.job(asked).state is JobState.DONE)
        stop.set()

    def quick(run: JobRun) -> None:
        run.session.add(effect(note="quick"))
        quick_is_done.set()

    probe.doing |= {"slow": slow, "quick": quick}
    probe.queues |= {"slow": JobQueue.BULK, "quick": JobQueue.INTERACTIVE}
    job_id = probe.ask("slow")
    suite = probe.suite
    run_forever(probe.database, stop, lambda: suite)
    assert probe.job(job_id).error == ""
    assert probe.job(job_id).state is JobState.DONE


def test_a_runner_serves_the_classes_that_it_was_told_to(probe: Any) -> None:
    stop = Stop()
    bulk, other = probe.ask("effect"), probe.ask("effect")
    probe.change(bulk, queue=JobQueue.BULK)
    suite = probe.suite
    only = (JobQueue.BULK,)
    thread = threading.Thread(
        target=run_forever,
        args=(probe.database, stop, lambda: suite),
        kwargs={"queues": only},
    )
    thread.start()
    until(lambda: probe.job(bulk).state is JobState.DONE)
    stop.set()
    thread.join()
    assert probe.job(other).state is JobState.READY
