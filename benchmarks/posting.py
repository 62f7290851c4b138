"""How many four-line entries a second the ledger posts, in batches of a hundred.

Each batch is a transaction of its own with everything that a real one has: checks, gapless numbers,
balances, hashes and audit rows. The limit is the very same statements sent by the driver alone.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from backstay.contracts.ledger import Posting, PostingLine
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.posting import post_many
from benchmarks.rig.bench import Bench, Installation
from benchmarks.rig.books import CODES, JOURNAL
from benchmarks.rig.processor import database_seconds
from benchmarks.rig.result import Result
from benchmarks.rig.statements import Statements, recorded, replay

ENTRIES: Final = 10_000
BATCH: Final = 100


def measure(bench: Bench) -> Iterator[Result]:
    """Post into empty books; then send the same statements into a copy of them."""
    postings = make_postings(ENTRIES)
    for kind in bench.databases:
        limit, statements = _limit(bench, kind, postings)
        timed = bench.empty(kind)
        served = database_seconds(timed.database)
        wall, own = time.perf_counter(), time.process_time()
        _post(timed, postings)
        wall, own = time.perf_counter() - wall, time.process_time() - own
        served = database_seconds(timed.database) - served
        with timed.database.read(timed.context, timed.suite) as session:
            findings = check_books(session)
        bench.discard(timed)
        yield Result(
            "posting.entries",
            ENTRIES / wall,
            "1/s",
            kind,
            {
                "limit: the same statements by the driver alone, 1/s": ENTRIES / limit,
                "entries per second of processor time": ENTRIES / (own + served),
                "own processor ms per entry": own / ENTRIES * 1000,
                "database processor ms per entry": served / ENTRIES * 1000,
                "statements per batch": statements.count / (ENTRIES / BATCH),
                "findings of the checks": len(findings),
            },
        )


def make_postings(count: int) -> list[Posting]:
    """Random entries of four lines over one year."""
    chance = random.Random(1)  # noqa: S311 - the same entries in every run
    postings = []
    for number in range(count):
        amounts = [Decimal(chance.randint(1, 99_999)).scaleb(-2) for _line in range(3)]
        amounts.append(-sum(amounts, Decimal(0)))
        postings.append(
            Posting(
                key=f"k{number}",
                journal=JOURNAL,
                date=date(2026, chance.randint(1, 12), chance.randint(1, 28)),
                lines=tuple(PostingLine(chance.choice(CODES), amount) for amount in amounts),
                memo=f"entry {number}",
                reference=f"R-{number}",
            )
        )
    return postings


def _post(made: Installation, postings: list[Posting]) -> None:
    context = made.context
    for start in range(0, len(postings), BATCH):
        with made.database.write(context, made.suite) as session:
            post_many(session, postings[start : start + BATCH])


def _limit(bench: Bench, kind: str, postings: list[Posting]) -> tuple[float, Statements]:
    """Seconds for the same statements without our Python, and the statements."""
    made = bench.empty(kind)
    with recorded(made.database) as statements:
        _post(made, postings)
    bench.discard(made)
    again = bench.empty(kind)
    took = replay(again.database, statements)
    bench.discard(again)
    return took, statements
