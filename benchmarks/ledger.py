"""The ledger's figures: statements of any day, posting by many at once, the checks, and hledger.

``--lines 10000000`` measures the statements at ten million lines, ``ledger check`` at a million at
most. Beside them the same balances by hledger, where it is installed: a program that reads the
whole journal each time, so it says what a stored sum is worth.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import random
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posting, PostingLine
from backstay.home import Home
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.posting import post
from backstay_ledger.statements.columns import Compare as Prior
from backstay_ledger.statements.columns import Comparison, balance_columns, span_columns
from backstay_ledger.statements.compute import balance_sheet, profit_and_loss
from backstay_ledger.statements.tree import built_in_tree
from benchmarks.rig.bench import Bench, Installation, Size, opened
from benchmarks.rig.books import CODES, JOURNAL, note_postings
from benchmarks.rig.result import POSTGRES, Result
from benchmarks.rig.statements import recorded, replay

MILLION: Final = 1_000_000
TIMES: Final = 15
ANY_DAY: Final = date(2026, 10, 17)
FIRST_DAY: Final = date(2026, 1, 1)
CLIENTS: Final = 8
SECONDS: Final = 60.0
IN_PLAIN_TEXT: Final = 200_000
"""Lines that hledger reads: a million need more memory than a small machine has."""


def measure(bench: Bench) -> Iterator[Result]:
    """Statements, checks and hledger on each database; posting by many on PostgreSQL."""
    for kind in bench.databases:
        made = bench.books(kind, Size(bench.lines // 4, 4))
        for name, work in _STATEMENTS.items():
            yield _timed(name, work, kind, made, bench.lines)
        bench.discard(made)
        yield _checked(bench, kind, min(bench.lines, MILLION))
        if kind == POSTGRES:
            yield _posted(bench)
        yield from _in_plain_text(bench, kind, min(bench.lines, IN_PLAIN_TEXT))


def _balance_sheet(session: Session) -> object:
    return balance_sheet(session, built_in_tree(), balance_columns(session, ANY_DAY))


def _profit_loss(session: Session) -> object:
    return profit_and_loss(session, built_in_tree(), span_columns(FIRST_DAY, ANY_DAY))


def _compared(session: Session) -> object:
    columns = balance_columns(session, ANY_DAY, (Comparison(Prior.PRIOR_YEAR),))
    return balance_sheet(session, built_in_tree(), columns)


_STATEMENTS: Final[dict[str, Callable[[Session], object]]] = {
    "ledger.trial_balance": lambda session: trial_balance(session, ANY_DAY),
    "ledger.profit_loss": _profit_loss,
    "ledger.balance_sheet": _balance_sheet,
    "ledger.balance_sheet_compared": _compared,
}


def _timed(
    name: str, work: Callable[[Session], object], kind: str, made: Installation, lines: int
) -> Result:
    context = made.context
    times = []
    with made.database.read(context, made.suite) as session:
        work(session)
        for _one in range(TIMES):
            began = time.perf_counter()
            work(session)
            times.append(time.perf_counter() - began)
    with recorded(made.database) as statements, made.database.read(context, made.suite) as session:
        work(session)
    alone = [replay(made.database, statements) for _one in range(TIMES)]
    return Result(
        name,
        statistics.median(times) * 1000,
        "ms",
        kind,
        {
            "lines": lines,
            "day": ANY_DAY.isoformat(),
            "asked ms": 150,
            "best ms": min(times) * 1000,
            "its statements by the driver alone, ms (median)": statistics.median(alone) * 1000,
            "statements": statements.count,
        },
    )


def _checked(bench: Bench, kind: str, lines: int) -> Result:
    """What ``backstay ledger check`` does, over the lines of one company."""
    made = bench.books(kind, Size(lines // 4, 4))
    note_postings(made.database)
    processor = time.process_time()
    began = time.perf_counter()
    with made.database.read(made.context, made.suite) as session:
        findings = check_books(session)
    took = time.perf_counter() - began
    processor = time.process_time() - processor
    bench.discard(made)
    return Result(
        "ledger.check",
        took,
        "s",
        kind,
        {
            "lines": lines,
            "asked s (a million lines)": 20,
            "processor s of its own": processor,
            "load average": os.getloadavg()[0],
            "findings": ", ".join(f"{one.check} ({one.count})" for one in findings) or "none",
        },
    )


def _posted(bench: Bench) -> Result:
    """Entries that eight processes post one by one, each committed to disk before the next."""
    made = bench.empty(POSTGRES)
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(CLIENTS) as pool:
        given = [(str(made.home.path), made.database.url, client) for client in range(CLIENTS)]
        counted = pool.starmap(post_for_a_while, given)
    with made.database.engine.connect() as connection:
        found, distinct, gaps = connection.execute(
            text(
                "SELECT count(*), count(DISTINCT (journal_id, fiscal_year_id, number)),"
                " coalesce(sum(most), 0) - count(*) FROM (SELECT e.*, CASE WHEN number ="
                " max(number) OVER (PARTITION BY journal_id, fiscal_year_id) THEN number END AS"
                " most FROM ledger_entry AS e WHERE state = 'posted') AS posted"
            )
        ).one()
    with made.database.read(made.context, made.suite) as session:
        findings = check_books(session)
    bench.discard(made)
    told = sum(count for count, _seconds in counted)
    seconds = max(took for _count, took in counted)
    return Result(
        "ledger.posting_by_8",
        told / seconds,
        "1/s",
        POSTGRES,
        {
            "asked 1/s": 250,
            "seconds": seconds,
            "entries that the clients were told of": told,
            "lost": told - int(found),
            "numbers used twice": int(found) - int(distinct),
            "gaps in the numbers": int(gaps),
            "findings of the checks, drift among them": len(findings),
        },
    )


def post_for_a_while(home: str, url: str, client: int) -> tuple[int, float]:
    """Post entries of three lines for a minute; returns how many, and the seconds it took."""
    made = opened(Home(Path(home), url))
    context = made.context
    chance = random.Random(client)  # noqa: S311 - the same entries in every run
    count = 0
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        amounts = [Decimal(chance.randint(1, 99_999)).scaleb(-2) for _line in range(2)]
        amounts.append(-sum(amounts, Decimal(0)))
        posting = Posting(
            key=f"c{client}-{count}",
            journal=JOURNAL,
            date=date(2026, chance.randint(1, 12), chance.randint(1, 28)),
            lines=tuple(PostingLine(chance.choice(CODES), amount) for amount in amounts),
            memo=f"client {client}",
        )
        with made.database.write(context, made.suite) as session:
            post(session, posting)
        count += 1
    took = time.perf_counter() - began
    made.database.dispose()
    return count, took


def _in_plain_text(bench: Bench, kind: str, lines: int) -> Iterator[Result]:
    """The trial balance of the same books by Backstay and by hledger, and whether they agree."""
    program = shutil.which("hledger")
    if program is None:
        return
    made = bench.books(kind, Size(lines // 4, 4))
    journal = bench.folder / f"{kind}.journal"
    _write_journal(made, journal)
    with made.database.read(made.context, made.suite) as session:
        began = time.perf_counter()
        rows = trial_balance(session, ANY_DAY)
        ours = time.perf_counter() - began
        expected = {row.code: row.debit - row.credit for row in rows}
    bench.discard(made)
    began = time.perf_counter()
    done = subprocess.run(
        [
            *(program, "-f", str(journal), "balance", "--flat", "--no-total", "-O", "csv"),
            *("-e", "2026-10-18"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    theirs = time.perf_counter() - began
    journal.unlink()
    shown = {
        row["account"].removeprefix("a:"): Decimal(row["balance"].replace(",", "") or 0)
        for row in csv.DictReader(done.stdout.splitlines())
    }
    yield Result(
        "ledger.hledger",
        theirs * 1000,
        "ms",
        kind,
        {
            "lines": lines,
            "Backstay ms, a first read": ours * 1000,
            "accounts whose balances differ": sum(
                shown.get(code, Decimal(0)) != expected.get(code, Decimal(0))
                for code in {*shown, *expected}
            ),
        },
    )


def _write_journal(made: Installation, path: Path) -> None:
    """The books as a plain-text journal, as hledger reads one."""
    rows = (
        "SELECT l.entry_id, l.date, a.code, l.amount FROM ledger_line AS l"
        " JOIN ledger_account AS a ON a.id = l.account_id ORDER BY l.entry_id, l.line_no"
    )
    entry_id = None
    with made.database.engine.connect() as connection, path.open("w", encoding="utf-8") as file:
        for key, day, code, units in connection.exec_driver_sql(rows):
            if key != entry_id:
                file.write(f"\n{day} entry\n")
                entry_id = key
            file.write(f"  a:{code}  {Decimal(int(units)).scaleb(-4):.2f}\n")
