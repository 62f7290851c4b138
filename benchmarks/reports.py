"""The trial balance at a period end and at any date, and an account's page at any depth.

Books of a million lines by default; ``--lines 10000000`` measures ten millions as well. The value
is what the service takes, the limit is its own statements sent by the driver alone.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from backstay_ledger.services.account_card import Cursor, account_card
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.services.rebuild import rebuild_balances
from benchmarks.rig.bench import Bench, Installation, Size
from benchmarks.rig.result import Result
from benchmarks.rig.statements import recorded, replay

MILLION: Final = 1_000_000
TIMES: Final = 15
PERIOD_END: Final = date(2026, 10, 31)
ANY_DAY: Final = date(2026, 10, 17)
FIRST: Final = date(2024, 1, 1)
LAST: Final = date(2026, 12, 30)


def measure(bench: Bench) -> Iterator[Result]:
    """Load books by COPY, then ask them."""
    for kind in bench.databases:
        for lines in sorted({min(bench.lines, MILLION), bench.lines}):
            began = time.perf_counter()
            made = bench.books(kind, Size(lines // 4, 4))
            took = time.perf_counter() - began
            yield _rebuilt(kind, made, lines)
            for name, work in _works(made).items():
                yield _timed(name, work, kind, made, lines, took)
            bench.discard(made)


def _rebuilt(kind: str, made: Installation, lines: int) -> Result:
    """Balances made anew from all lines, as ``backstay ledger rebuild-balances`` does."""
    began = time.perf_counter()
    with made.database.write(made.context, made.suite) as session:
        mended = rebuild_balances(session)
    took = time.perf_counter() - began
    return Result(
        "reports.rebuild_balances",
        took,
        "s",
        kind,
        {"lines": lines, "seconds per million lines": took / lines * MILLION, "mended": mended},
    )


def _works(made: Installation) -> dict[str, Callable[[Session], object]]:
    with made.database.engine.connect() as connection:
        account: int = connection.exec_driver_sql(
            "SELECT account_id FROM ledger_balance GROUP BY account_id ORDER BY sum(n) DESC LIMIT 1"
        ).scalar_one()
        deep = connection.exec_driver_sql(
            "SELECT date, entry_id, line_no FROM ledger_line"  # noqa: S608 - a number of ours
            f" WHERE account_id = {account} ORDER BY date DESC, entry_id DESC LIMIT 1 OFFSET 100"
        ).one()
    after = Cursor(date.fromisoformat(str(deep[0])), int(deep[1]), int(deep[2]))
    return {
        "reports.trial_balance_period_end": lambda s: trial_balance(s, PERIOD_END),
        "reports.trial_balance_any_date": lambda s: trial_balance(s, ANY_DAY),
        "reports.account_page_first": lambda s: account_card(s, account, FIRST, LAST, limit=50),
        "reports.account_page_deep": lambda s: account_card(
            s, account, FIRST, LAST, after=after, limit=50
        ),
    }


def _timed(
    name: str,
    work: Callable[[Session], object],
    kind: str,
    made: Installation,
    lines: int,
    loaded: float,
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
            "its statements by the driver alone, ms (median)": statistics.median(alone) * 1000,
            "its statements by the driver alone, ms (best)": min(alone) * 1000,
            "best ms": min(times) * 1000,
            "statements": statements.count,
            "books loaded in s (COPY, indexes, balances rebuilt)": loaded,
        },
    )
