"""Closing a fiscal year: from the balances of accounts, whatever the number of lines.

Books of a million lines by default; ``--lines 10000000`` measures ten millions.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from sqlalchemy import select

from backstay_ledger.closing.services.years import (
    CloseYear,
    ReopenYear,
    close_year,
    reopen_year,
)
from backstay_ledger.models import AccountClass, Period, PeriodKind, PeriodState
from backstay_ledger.services.accounts import CreateAccount, create_account
from backstay_ledger.services.fiscal_years import list_fiscal_years
from backstay_ledger.services.rebuild import rebuild_balances
from benchmarks.rig.bench import Bench, Installation, Size
from benchmarks.rig.result import Result

_TIMES: Final = 3


def measure(bench: Bench) -> Iterator[Result]:
    """Load books by COPY, close the first year and reopen it."""
    for kind in bench.databases:
        made = bench.books(kind, Size(bench.lines // 4, 4))
        account = _prepared(made)
        for turn in range(_TIMES):
            for name, took in _closed_and_reopened(made, account).items():
                yield Result(name, took, "s", kind, {"lines": bench.lines, "turn": turn + 1})
        bench.discard(made)


def _prepared(made: Installation) -> int:
    """Balances for the lines that COPY brought, an account for the result, closed periods."""
    with made.database.write(made.context, made.suite) as session:
        rebuild_balances(session)
    with made.database.write(made.context, made.suite) as session:
        year = list_fiscal_years(session)[0]
        for period in session.scalars(select(Period).where(Period.fiscal_year_id == year.id)):
            if period.kind is not PeriodKind.CLOSING:
                period.state = PeriodState.CLOSED
        account = create_account(
            session,
            CreateAccount(code="RE", name="Result", account_class=AccountClass.EQUITY),
        )
        return account.id


def _closed_and_reopened(made: Installation, account: int) -> dict[str, float]:
    with made.database.read(made.context, made.suite) as session:
        year = list_fiscal_years(session)[0].id
    began = time.perf_counter()
    with made.database.write(made.context, made.suite) as session:
        close_year(session, CloseYear(id=year, account=account))
    closed = time.perf_counter()
    with made.database.write(made.context, made.suite) as session:
        reopen_year(session, ReopenYear(id=year, reason="benchmark"))
    return {
        "year_close.close": closed - began,
        "year_close.reopen": time.perf_counter() - closed,
    }
