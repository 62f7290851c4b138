"""What a background job costs: to ask for it in a business transaction, and to run it.

The job does nothing, so that all of the time is overhead: claim, context, lease, commit. It is run
in an empty table and again with a million jobs that have ended, by one worker and by four.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sqlalchemy import text

from backstay.contracts.ledger import Posting
from backstay.db.database import Database
from backstay.jobs.declare import JobKind, JobRun
from backstay.jobs.execute import execute_next
from backstay.jobs.queue import enqueue
from backstay.kernel.suite import Part, Suite
from backstay_ledger.services.posting import post
from benchmarks.posting import make_postings
from benchmarks.rig.bench import Bench, Installation
from benchmarks.rig.processor import database_seconds
from benchmarks.rig.result import Result

KIND: Final = "bench.nothing"
BATCHES: Final = 10
BATCH: Final = 100
SHARED: Final = 1000
FINISHED: Final = 1_000_000
_NUMBERS: Final = {
    True: "WITH RECURSIVE numbers(n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows)",
    False: "WITH numbers AS (SELECT n FROM generate_series(1, :rows) AS series(n))",
}
"""By whether it is SQLite: the numbers from 1 on, as a table."""
_FINISHED_JOBS: Final = """
INSERT INTO core_job (id, kind, arguments, state, queue, run_at, runner, attempt, attempts, error,
    progress_done, progress_total, progress_text, created_at, finished_at, actor, locale,
    request_id, event)
SELECT n, 'bench.nothing', arguments, 'done', 'default', n, 'box:1', 1, 3, '', 0, 0, '', n, n,
    'clerk', 'en', 'r', ''
FROM numbers CROSS JOIN (SELECT arguments FROM core_job LIMIT 1) AS sample
"""


def measure(bench: Bench) -> Iterator[Result]:
    """Ask for jobs and run them, on each database."""
    for kind in bench.databases:
        made = bench.empty(kind)
        made = replace(made, suite=_with_job(made.suite))
        yield _asking(made, kind)
        yield _running(made, kind, "jobs.run", 0)
        yield _shared(made, kind)
        _fill(made)
        yield _running(made, kind, "jobs.run_beside_1m", FINISHED)
        bench.discard(made)


def _with_job(suite: Suite) -> Suite:
    part = Part(plugin="bench", jobs=(JobKind(KIND, "Nothing", nothing),))
    return replace(suite, parts=(*suite.parts, part), jobs={}, subscribers={})


def nothing(_run: JobRun) -> None:
    """Leave the job's own transaction as the only effect."""


def _asking(made: Installation, kind: str) -> Result:
    """Post entries, one in a transaction, without and with a job in it."""
    postings = make_postings(2 * BATCHES * BATCH)
    best = {False: 1e9, True: 1e9}
    for _batch in range(BATCHES):
        for asks, before in list(best.items()):
            batch, postings = postings[:BATCH], postings[BATCH:]
            best[asks] = min(before, _post(made, batch, asks=asks))
    while execute_next(made.database, lambda: made.suite):
        pass
    return Result(
        "jobs.ask",
        (best[True] - best[False]) * 1000,
        "ms",
        kind,
        {
            "an entry posted, ms": best[False] * 1000,
            "an entry posted with a job that follows it, ms": best[True] * 1000,
        },
    )


def _post(made: Installation, postings: list[Posting], *, asks: bool) -> float:
    context = made.context
    began = time.perf_counter()
    for posting in postings:
        with made.database.write(context, made.suite) as session:
            post(session, posting)
            if asks:
                enqueue(session, KIND, {})
    return (time.perf_counter() - began) / len(postings)


def _ask(made: Installation, count: int) -> None:
    with made.database.write(made.context, made.suite) as session:
        for _number in range(count):
            enqueue(session, KIND, {})


def _running(made: Installation, kind: str, name: str, finished: int) -> Result:
    best = 1e9
    own = served = 0.0
    for _batch in range(BATCHES):
        _ask(made, BATCH)
        served -= database_seconds(made.database)
        wall, used = time.perf_counter(), time.process_time()
        while execute_next(made.database, lambda: made.suite):
            pass
        best = min(best, (time.perf_counter() - wall) / BATCH)
        own += time.process_time() - used
        served += database_seconds(made.database)
    jobs = BATCHES * BATCH
    return Result(
        name,
        best * 1000,
        "ms",
        kind,
        {
            "jobs that have ended": finished,
            "own processor ms per job": own / jobs * 1000,
            "database processor ms per job": served / jobs * 1000,
        },
    )


def _shared(made: Installation, kind: str) -> Result:
    """How many jobs a second four processes run together."""
    _ask(made, SHARED)
    made.database.disconnect()
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=_work, args=(made.database.url, made.suite)) for _ in range(4)
    ]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took = time.perf_counter() - began
    return Result("jobs.four_workers", SHARED / took, "1/s", kind, {"jobs": SHARED})


def _work(url: str, suite: Suite) -> None:
    database = Database(url)
    while execute_next(database, lambda: suite):
        pass
    database.disconnect()


def _fill(made: Installation) -> None:
    with made.database.engine.begin() as connection:
        statement = text(_NUMBERS[made.database.is_sqlite] + _FINISHED_JOBS)
        connection.execute(statement, {"rows": FINISHED})
    with made.database.engine.begin() as connection:
        connection.execute(text("ANALYZE core_job"))
