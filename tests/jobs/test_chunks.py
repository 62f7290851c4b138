"""A long job in chunks: each chunk is done once, whatever ends the run between two of them."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.jobs.execute import execute_next
from backstay.jobs.models import JobState
from backstay.jobs.services import CancelJob, RetryJob, cancel_job, retry_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.jobs.declare import JobRun

OPERATOR = operator_context("cli:test")
CHUNKS = 6


def in_chunks(effect: Any, before: Callable[[int], None]) -> Callable[[JobRun], None]:
    """A job that writes one effect a chunk and calls something in the middle of each."""

    def run(run: JobRun) -> None:
        while True:
            with run.chunk() as chunk:
                number = chunk.cursor.get("next", 0)
                if number == CHUNKS:
                    return
                chunk.session.add(effect(note=f"chunk {number}"))
                chunk.session.flush()
                before(number)
                chunk.cursor = {"next": number + 1}
            run.progress(number + 1, CHUNKS, "")

    return run


ALL = [f"chunk {number}" for number in range(CHUNKS)]


def test_chunks_are_done_one_after_the_other(probe: Any, effect: Any) -> None:
    probe.doing["long"] = in_chunks(effect, lambda _number: None)
    job_id = probe.ask("long")
    assert execute_next(probe.database, lambda: probe.suite)
    job = probe.job(job_id)
    assert (job.state, job.cursor) == (JobState.DONE, {"next": CHUNKS})
    assert probe.effects() == ALL


def test_a_failure_in_a_chunk_is_followed_by_that_chunk(probe: Any, effect: Any) -> None:
    done: list[int] = []

    def fail_once(number: int) -> None:
        done.append(number)
        if number == 3 and done.count(3) == 1:
            raise RuntimeError("the line is down")

    probe.doing["long"] = in_chunks(effect, fail_once)
    job_id = probe.ask("long")
    execute_next(probe.database, lambda: probe.suite)
    assert probe.effects() == ALL[:3], "what was committed stays, the broken chunk does not"
    assert probe.job(job_id).cursor == {"next": 3}
    probe.hurry(job_id)
    execute_next(probe.database, lambda: probe.suite)
    assert done == [0, 1, 2, 3, 3, 4, 5]
    assert probe.effects() == ALL


def test_a_kill_in_the_middle_of_a_chunk_is_followed_by_that_chunk(probe: Any, effect: Any) -> None:
    ready, tell = os.pipe()

    def stop_at_three(number: int) -> None:
        if number == 3:
            os.write(tell, b"x")
            time.sleep(60)

    probe.doing["long"] = in_chunks(effect, stop_at_three)
    job_id = probe.ask("long")
    suite = probe.suite
    child = os.fork()
    if child == 0:
        execute_next(Database(probe.database.url), lambda: suite)
        os._exit(0)
    assert os.read(ready, 1) == b"x"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    done: list[int] = []
    probe.doing["long"] = in_chunks(effect, done.append)
    probe.expire(job_id)
    deadline = time.monotonic() + 30
    while not execute_next(probe.database, lambda: probe.suite):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert done == [3, 4, 5]
    assert probe.effects() == ALL
    assert probe.job(job_id).state is JobState.DONE


def test_a_job_that_gets_on_is_not_given_up(probe: Any, effect: Any) -> None:
    """Three attempts are for one chunk, not for a whole night's work."""
    failed: list[int] = []

    def fail_at_each(number: int) -> None:
        if number not in failed:
            failed.append(number)
            raise RuntimeError("once more")

    probe.doing["long"] = in_chunks(effect, fail_at_each)
    job_id = probe.ask("long")
    while execute_next(probe.database, lambda: probe.suite):
        if probe.job(job_id).state is JobState.READY:
            probe.hurry(job_id)
    job = probe.job(job_id)
    assert (job.state, job.attempt) == (JobState.DONE, CHUNKS + 1)
    assert probe.effects() == ALL


def test_a_job_that_gets_no_further_is_given_up(probe: Any, effect: Any) -> None:
    def fail(number: int) -> None:
        if number == 1:
            raise RuntimeError("never")

    probe.doing["long"] = in_chunks(effect, fail)
    job_id = probe.ask("long")
    while execute_next(probe.database, lambda: probe.suite):
        if probe.job(job_id).state is JobState.READY:
            probe.hurry(job_id)
    job = probe.job(job_id)
    assert (job.state, job.attempt) == (JobState.DEAD, 3)
    assert probe.effects() == ALL[:1]
    with probe.database.write(OPERATOR, probe.suite) as session:
        retry_job(session, RetryJob(job_id))
    probe.doing["long"] = in_chunks(effect, lambda _number: None)
    execute_next(probe.database, lambda: probe.suite)
    assert probe.effects() == ALL, "a person's retry goes on where it ended"


def test_cancelling_a_job_that_runs_keeps_its_committed_chunks(probe: Any, effect: Any) -> None:
    def cancelled_within(number: int) -> None:
        if number == 2:
            return
        if number == 3:
            raise AssertionError("it should have been told")

    def run(run: JobRun) -> None:
        def between(number: int) -> None:
            cancelled_within(number)

        inner = in_chunks(effect, between)
        told = run.progress

        def progress(done: int, total: int, text: str) -> None:
            if done == 2:
                with probe.database.write(OPERATOR, probe.suite) as session:
                    cancel_job(session, CancelJob(job_id))
            told(done, total, text)

        from dataclasses import replace

        inner(replace(run, progress=progress))

    probe.doing["long"] = run
    job_id = probe.ask("long")
    execute_next(probe.database, lambda: probe.suite)
    assert probe.job(job_id).state is JobState.CANCELLED
    assert probe.effects() == ALL[:2]
