"""Ageing of 200,000 open items as of today and of a day of the past that everything changed after.

Items and allocations are loaded past the guards, as all large books are here. On the past day as
many items were open, and every one of them was allocated since: nothing can be taken from what is
open now.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import date
from typing import Final

from sqlalchemy import text

from backstay.db.engine import unhurried
from backstay.db.guards import install_guards
from backstay_ledger.open_items.ageing import ageing
from benchmarks.rig.bench import Bench, Installation, Size
from benchmarks.rig.books import count_anew, set_guards_aside
from benchmarks.rig.result import Result
from benchmarks.rig.statements import recorded, replay

ENTRIES: Final = 200_000
"""Of two lines, so 400,000 items, half of them of before the past day."""
TIMES: Final = 9
DAYS: Final = {"past": date(2025, 7, 1), "now": date(2026, 12, 30)}
_ITEMS: Final = """
    INSERT INTO ledger_open_item (id, company_id, entry_id, line_no, account_id, party, date,
        due_date, amount, amount_base, residual, residual_base, hold, hold_reason)
    SELECT l.entry_id * 10 + l.line_no, l.company_id, l.entry_id, l.line_no, a.id,
        'P' || ((l.entry_id + l.line_no * 7) % 5000), l.date, {due}, l.amount, l.amount, l.amount,
        l.amount, 'none', ''
    FROM ledger_line AS l
    JOIN (SELECT id, row_number() OVER (ORDER BY code) - 1 AS n FROM ledger_account) AS a
        ON a.n = (l.entry_id + l.line_no) % 4"""
"""Five thousand parties on four accounts; the two lines of an entry are of different ones."""
_ALLOCATIONS: Final = """
    INSERT INTO ledger_allocation (id, company_id, debit_id, credit_id, amount, base_debit,
        base_credit, date, payload_hash, made_by, made_at)
    SELECT d.id, d.company_id, d.id, c.id, {least}, {least}, {least}, {later}, '', '', 0
    FROM (SELECT i.*, row_number() OVER (ORDER BY id) AS n FROM ledger_open_item AS i
        WHERE amount > 0 AND date <= '2025-07-01') AS d
    JOIN (SELECT i.*, row_number() OVER (ORDER BY id) AS n FROM ledger_open_item AS i
        WHERE amount < 0 AND date <= '2025-07-01') AS c ON c.n = d.n"""
_RESIDUALS: Final = """
    UPDATE ledger_open_item SET (residual, residual_base) = (SELECT
        ledger_open_item.amount - coalesce(sum(a.signed), 0),
        ledger_open_item.amount - coalesce(sum(a.signed), 0)
        FROM (SELECT debit_id AS item, amount AS signed FROM ledger_allocation
            WHERE debit_id = ledger_open_item.id
            UNION ALL SELECT credit_id, -amount FROM ledger_allocation
            WHERE credit_id = ledger_open_item.id) AS a)"""
_WORDS: Final = {
    "sqlite": {
        "due": "date(l.date, '+' || (l.entry_id % 60) || ' days')",
        "least": "min(d.amount, -c.amount)",
        "later": "date('2026-01-01', '+' || (d.n % 360) || ' days')",
    },
    "postgresql": {
        "due": "l.date + (l.entry_id % 60)::int",
        "least": "least(d.amount, -c.amount)",
        "later": "DATE '2026-01-01' + (d.n % 360)::int",
    },
}


def measure(bench: Bench) -> Iterator[Result]:
    """Make the items, then ask for their ageing."""
    for kind in bench.databases:
        made = bench.books(kind, Size(ENTRIES, 2))
        began = time.perf_counter()
        _load(made)
        loaded = time.perf_counter() - began
        for name, day in DAYS.items():
            yield _timed(name, day, kind, made, loaded)
        bench.discard(made)


def _load(made: Installation) -> None:
    with made.database.engine.begin() as connection:
        unhurried(connection)
        set_guards_aside(connection)
        words = _WORDS[connection.dialect.name]
        connection.execute(text("UPDATE ledger_account SET open_item_managed = true"))
        for statement in (_ITEMS, _ALLOCATIONS, _RESIDUALS):
            connection.execute(text(statement.format(**words)))
        if made.database.is_sqlite:
            for part in made.suite.parts:
                if part.plugin == "ledger" and part.base is not None:
                    install_guards(connection, part.base.metadata)
    count_anew(made.database, "ledger_open_item", "ledger_allocation")


def _timed(name: str, day: date, kind: str, made: Installation, loaded: float) -> Result:
    times = []
    with made.database.read(made.context, made.suite) as session:
        rows = ageing(session, day)
        for _one in range(TIMES):
            began = time.perf_counter()
            ageing(session, day)
            times.append(time.perf_counter() - began)
    with recorded(made.database) as statements, made.database.read(made.context, made.suite) as s:
        ageing(s, day)
    alone = [replay(made.database, statements) for _one in range(TIMES)]
    with made.database.engine.connect() as connection:
        opened = connection.execute(
            text(
                "SELECT count(*) FROM ledger_open_item AS i WHERE i.date <= :day AND (residual <> 0"
                " OR EXISTS (SELECT 1 FROM ledger_allocation AS a WHERE a.debit_id = i.id"
                " AND a.date > :day) OR EXISTS (SELECT 1 FROM ledger_allocation AS a"
                " WHERE a.credit_id = i.id AND a.date > :day))"
            ),
            {"day": day.isoformat() if made.database.is_sqlite else day},
        ).scalar_one()
    return Result(
        f"ageing.{name}",
        statistics.median(times) * 1000,
        "ms",
        kind,
        {
            "items open then": opened,
            "rows": len(rows),
            "best ms": min(times) * 1000,
            "its statements by the driver alone, ms (median)": statistics.median(alone) * 1000,
            "statements": statements.count,
            "items and allocations loaded in s": loaded,
        },
    )
