"""F01, F02: jobs run twice, fail half-way, or lose their processes; each has its effect once."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis import Redis
from rq import Queue
from sqlalchemy import select

from backstay.clock import now
from backstay.jobs.models import Job, JobState
from backstay.jobs.rq.doorbell import queues, ring
from backstay.jobs.schedules import StoredSchedule
from backstay.kernel.process_models import Process
from backstay.kernel.state import generation
from tests.e2e.servers import cli
from tests.faults.installation import (
    OPERATOR,
    RECOVERED_SECONDS,
    Installation,
    children_of,
    kill,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = [pytest.mark.needs("postgresql", "valkey"), pytest.mark.xdist_group("faults")]


def rows(installation: Installation) -> Sequence[tuple[int, int]]:
    with installation.database.reading_connection() as connection:
        found = connection.execute(select(Job.id, Job.attempt).order_by(Job.id))
        return [(row.id, row.attempt) for row in found]


def began(path: Path) -> tuple[int, int]:
    """The process that runs a job and the worker that forked it, once the job has begun."""
    until(path.exists, RECOVERED_SECONDS, "the start of the job")
    until(lambda: path.read_text().endswith("\n"), 10, "a line")
    job, worker = path.read_text().split()[:2]
    return int(job), int(worker)


def test_f01_what_is_rung_for_twice_is_done_once(installation: Installation) -> None:
    notes = installation.ask(30)
    broker = Redis.from_url(installation.broker.url)
    default = next(queue for queue in queues(broker) if queue.name.endswith("default"))
    for attempt in range(3):
        # The same rows three times, each time by another name, as after a relay that was replaced.
        ring(default, [(row_id, attempt) for row_id, _attempt in rows(installation)])
    for name in ("one", "two"):
        installation.start_worker(name)
    until(lambda: installation.done() == 30, RECOVERED_SECONDS, "thirty jobs")
    until(lambda: default.count == 0, RECOVERED_SECONDS, "ninety doorbells")
    assert installation.effects() == dict.fromkeys(notes, 1)
    assert [attempt for _id, attempt in rows(installation)] == [1] * 30


def test_f01_what_fails_half_way_leaves_nothing_and_is_done_again(
    installation: Installation, tmp_path: Path
) -> None:
    notes = installation.ask(1, fail_once=str(tmp_path / "failed"))
    installation.start_worker("worker")
    until((tmp_path / "failed").exists, RECOVERED_SECONDS, "the first try")
    until(lambda: installation.done() == 1, RECOVERED_SECONDS, "the second try")
    assert installation.effects() == dict.fromkeys(notes, 1)
    assert [attempt for _id, attempt in rows(installation)] == [2]


def test_f02_killed_processes_cost_a_job_its_time_but_not_its_effect(
    installation: Installation, tmp_path: Path
) -> None:
    """SIGKILL of a worker, of what it forked for a job, and of both, with leases as they are."""
    del installation.env["BACKSTAY_JOB_LEASE"]
    paths = {name: tmp_path / f"{name} began" for name in ("worker", "both", "horse")}
    notes = []
    for name, path in paths.items():
        installation.start_worker(name)
        notes += installation.ask(1, name=name, began=str(path), seconds=4)
        horse, worker = began(path)
        assert worker == installation.running[name].pid
        if name in {"worker", "both"}:
            kill(worker)
        if name in {"horse", "both"}:
            kill(horse)
    installation.start_worker("substitute")
    until(lambda: installation.done() == 3, RECOVERED_SECONDS, "the recovery of three jobs")
    assert installation.effects() == dict.fromkeys(notes, 1)
    again = {name: len(path.read_text().splitlines()) for name, path in paths.items()}
    assert again == {"worker": 1, "both": 2, "horse": 2}, "a job outlives its killed worker"


def test_a_worker_that_is_told_to_stop_finishes_its_job(
    installation: Installation, tmp_path: Path
) -> None:
    process = installation.start_worker("worker")
    notes = installation.ask(1, began=str(tmp_path / "began"), seconds=3)
    installation.ask(1, name="next")
    began(tmp_path / "began")
    beside = children_of(process.pid)
    assert len(beside) == 2, "the job and the relay"
    process.terminate()
    assert process.wait(30) == 0
    assert installation.effects() == dict.fromkeys(notes, 1)
    assert installation.states() == {JobState.DONE: 1, JobState.READY: 1}
    assert not [pid for pid in beside if Path(f"/proc/{pid}").exists()]


def test_another_worker_rings_when_the_one_with_the_duty_is_killed(
    installation: Installation,
) -> None:
    first = installation.start_worker("first")
    installation.ask(1)
    until(lambda: installation.done() == 1, RECOVERED_SECONDS, "the first job")
    relay = children_of(first.pid)
    installation.start_worker("second")
    kill(first.pid)
    until(
        lambda: not [pid for pid in relay if Path(f"/proc/{pid}").exists()],
        10,
        "the end of the relay of a worker that was killed",
    )
    installation.ask(1, name="second")
    until(lambda: installation.done() == 2, RECOVERED_SECONDS, "the change of duty")


def test_workers_alone_see_to_the_schedules(installation: Installation) -> None:
    installation.start_worker("worker")

    def planned() -> int:
        with installation.database.reading_connection() as connection:
            return len(connection.execute(select(StoredSchedule.id)).all())

    until(planned, RECOVERED_SECONDS, "what core declares")
    with installation.database.write(OPERATOR, installation.suite) as session:
        row = session.scalars(
            select(StoredSchedule).where(StoredSchedule.name == "core.forget_requests")
        ).one()
        row.planned_until = now() - timedelta(days=2)
        row.next_at = now() - timedelta(minutes=1)
        schedule_id = row.id

    def done() -> bool:
        with installation.database.reading_connection() as connection:
            states = connection.scalars(select(Job.state).where(Job.schedule_id == schedule_id))
            return states.all() == [JobState.DONE]

    until(done, RECOVERED_SECONDS, "the job of the time that has come")


def test_a_relay_that_is_killed_is_started_again(installation: Installation) -> None:
    worker = installation.start_worker("worker")
    installation.ask(1)
    until(lambda: installation.done() == 1, RECOVERED_SECONDS, "the first job")
    until(lambda: len(children_of(worker.pid)) == 1, 10, "the end of the job's process")
    (relay,) = children_of(worker.pid)
    kill(relay)
    installation.ask(1, name="second")
    until(lambda: installation.done() == 2, RECOVERED_SECONDS, "the second job")


def test_a_worker_tells_that_it_lives_and_what_it_runs(installation: Installation) -> None:
    worker = installation.start_worker("worker")

    def told() -> list[tuple[int, int]]:
        with installation.database.reading_connection() as connection:
            found = connection.execute(select(Process.pid, Process.generation))
            return [(row.pid, row.generation) for row in found]

    until(lambda: told() == [(worker.pid, generation(installation.database))], 60, "its row")
    installation.stop("worker")
    assert told() == []


def test_workers_follow_the_generation_in_force(installation: Installation) -> None:
    installation.start_worker("worker")
    installation.ask(1)
    until(lambda: installation.done() == 1, RECOVERED_SECONDS, "a job before")
    cli(installation.env, "plugin", "disable", "probe")
    installation.ask(1, name="while it is off")
    cli(installation.env, "worker", "--transport", "rq", "--burst")
    assert installation.states()[JobState.READY] == 1, "jobs of a plugin that is off wait"
    cli(installation.env, "plugin", "enable", "probe")
    until(lambda: installation.done() == 2, RECOVERED_SECONDS, "a job after")


@pytest.mark.parametrize("transport", ["local", "rq"])
def test_a_burst_does_what_is_due_and_ends(installation: Installation, transport: str) -> None:
    notes = installation.ask(5)
    cli(installation.env, "worker", "--transport", transport, "--burst", "--queues", "bulk")
    assert installation.done() == 0, "these jobs are not of that queue"
    cli(installation.env, "worker", "--transport", transport, "--burst")
    assert installation.effects() == dict.fromkeys(notes, 1)


def test_a_worker_calls_nothing_that_somebody_else_wrote_into_redis(
    installation: Installation, tmp_path: Path
) -> None:
    broker = Redis.from_url(installation.broker.url)
    mark = tmp_path / "called"
    foreign = Queue("backstay-default", connection=broker, serializer="json")
    foreign.enqueue("os.mkdir", str(mark))
    disguised = foreign.enqueue("backstay.jobs.rq.doorbell.answer", 1)
    broker.hset(disguised.key, "success_callback_name", "os.mkdir")
    pickled = Queue("backstay-default", connection=broker)
    pickled.enqueue("os.mkdir", str(mark))
    installation.start_worker("worker")
    notes = installation.ask(3)
    until(lambda: installation.done() == 3, RECOVERED_SECONDS, "three jobs")
    assert installation.effects() == dict.fromkeys(notes, 1)
    until(lambda: foreign.count == 0, 10, "an empty queue")
    assert not mark.exists()


def test_a_worker_without_a_broker_says_so(installation: Installation) -> None:
    del installation.env["BACKSTAY_REDIS"]
    done = subprocess.run(
        [sys.executable, "-m", "backstay", "worker", "--transport", "rq"],
        env=installation.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("backstay: BACKSTAY_REDIS names no broker")
