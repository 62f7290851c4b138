"""Jobs through Redis: what asking costs, how soon they begin, how many a second workers do.

The job is one that finds nothing to do (a preview of a file that is not there), so what is measured
is the way there and back: the row, the ring, the relay, RQ, the fork, the claim and "done".
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from sqlalchemy import delete, func, select

from backstay.db.database import Database
from backstay.files.previews import MAKE_PREVIEW
from backstay.jobs.models import Job, JobState
from backstay.jobs.queue import enqueue
from backstay.jobs.rq.bell import ring_after_commits
from backstay.testing.valkey import Valkey, running_valkey
from benchmarks.rig.bench import Bench, Installation
from benchmarks.rig.processor import database_seconds, family, memory_mib, seconds_of
from benchmarks.rig.result import Result

JOBS: Final = 100
SINGLE: Final = 40
ASKED: Final = 300
WORKERS: Final = (1, 4)
_LONGEST_SECONDS: Final = 300


def measure(bench: Bench) -> Iterator[Result]:
    """Ask, wait, and work a full queue off."""
    for kind in bench.databases:
        with running_valkey() as broker:
            made = bench.empty(kind)
            home = replace(made.home, redis=broker.url)
            made = replace(made, home=home)
            yield _asking(made, kind, broker)
            yield _waiting(made, kind)
            for count in WORKERS:
                yield _working(made, kind, count)
            bench.discard(made)


def _asking(made: Installation, kind: str, broker: Valkey) -> Result:
    """One job in each transaction: without a bell, with one, and with one that nobody hears."""
    plain = _ask(made, made.database, ASKED)
    ringing = Database(made.home.database_url, files=made.home.files)
    ring_after_commits(ringing, broker.url)
    heard = _ask(made, ringing, ASKED)
    broker.kill()
    unheard = _ask(made, ringing, ASKED)
    broker.start()
    ringing.disconnect()  # its node number is in use
    _forget(made)
    return Result(
        "jobs_rq.ask",
        statistics.median(heard) * 1000,
        "ms",
        kind,
        {
            "without a bell, ms": statistics.median(plain) * 1000,
            "while the broker is down, ms": statistics.median(unheard) * 1000,
            "the slowest while the broker is down, ms": max(unheard) * 1000,
            "transactions of one job": ASKED,
        },
    )


def _waiting(made: Installation, kind: str) -> Result:
    """From the commit to “done”, with a worker that has nothing else to do."""
    ringing = Database(made.home.database_url, files=made.home.files)
    ring_after_commits(ringing, made.home.redis)
    taken = []
    with _workers(made, 1):
        _ask(made, ringing, 3)
        _wait(made, 3)
        for number in range(SINGLE):
            _ask(made, ringing, 1)
            began = time.perf_counter()
            _wait(made, 4 + number, every=0.001)
            taken.append(time.perf_counter() - began)
    ringing.disconnect()  # its node number is in use
    _forget(made)
    return Result(
        "jobs_rq.commit_to_done",
        statistics.median(taken) * 1000,
        "ms",
        kind,
        {"nine of ten within, ms": statistics.quantiles(taken, n=10)[-1] * 1000, "jobs": SINGLE},
    )


def _working(made: Installation, kind: str, count: int) -> Result:
    """A queue that is full when the workers begin with it."""
    with _workers(made, count) as processes:
        _ask_at_once(made, count)
        _wait(made, count)
        done = count
        pids = [pid for process in processes for pid in family(process.pid)]
        used = seconds_of(pids, reaped=True)
        served = database_seconds(made.database)
        began = time.perf_counter()
        _ask_at_once(made, JOBS)
        _wait(made, done + JOBS)
        wall = time.perf_counter() - began
        used = seconds_of(pids, reaped=True) - used
        served = database_seconds(made.database) - served
        resident, shared = memory_mib(processes[0].pid)
    _forget(made)
    return Result(
        f"jobs_rq.done, {count} worker{'s' if count > 1 else ''}",
        JOBS / wall,
        "1/s",
        kind,
        {
            "processor ms per job, of workers and relays": used / JOBS * 1000,
            "database processor ms per job": served / JOBS * 1000,
            "memory of a worker, resident MiB": resident,
            "memory of a worker, its share of what is shared, MiB": shared,
            "jobs": JOBS,
        },
    )


@contextmanager
def _workers(made: Installation, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    command = [sys.executable, "-m", "backstay", "worker", "--transport", "rq"]
    processes = [subprocess.Popen(command, env=made.home.environment()) for _one in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)


def _ask(made: Installation, database: Database, count: int) -> list[float]:
    """Ask for a job in each of so many transactions; returns the seconds of each."""
    taken = []
    for _one in range(count):
        began = time.perf_counter()
        with database.write(made.context, made.suite) as session:
            enqueue(session, MAKE_PREVIEW, {"sha256": "0" * 64})
        taken.append(time.perf_counter() - began)
    return taken


def _ask_at_once(made: Installation, count: int) -> None:
    with made.database.write(made.context, made.suite) as session:
        for _one in range(count):
            enqueue(session, MAKE_PREVIEW, {"sha256": "0" * 64})


def _wait(made: Installation, count: int, every: float = 0.01) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    statement = select(func.count()).select_from(Job).where(Job.state == JobState.DONE)
    while made.database.look_up(statement) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} jobs were not done within {_LONGEST_SECONDS} s")
        time.sleep(every)


def _forget(made: Installation) -> None:
    with made.database.engine.begin() as connection:
        connection.execute(delete(Job))
