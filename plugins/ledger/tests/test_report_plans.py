"""Reports read the balances of whole periods: lines of earlier periods cost nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from backstay_ledger.services.account_card import Cursor, account_card
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.balances import trial_balance

from .effort import lines_read, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from .conftest import Books

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def _period_end(session: Session) -> Any:
    return trial_balance(session, date(2026, 11, 30))


def _any_day(session: Session) -> Any:
    return trial_balance(session, date(2026, 12, 9))


def _first_page(session: Session) -> Any:
    return account_card(session, _account(session), *YEAR, limit=10)


def _page_from_the_middle(session: Session) -> Any:
    return account_card(session, _account(session), date(2026, 3, 9), YEAR[1], limit=10)


def _deep_page(session: Session) -> Any:
    after = Cursor(date(2026, 12, 9), 2**62, 1)
    return account_card(session, _account(session), *YEAR, after=after, limit=10)


def _account(session: Session) -> int:
    return account_by_code(session, "1100").id


REPORTS = {
    "the trial balance at a period end": _period_end,
    "the trial balance at any day": _any_day,
    "the first page of an account": _first_page,
    "a page that begins in the middle of a period": _page_from_the_middle,
    "a page deep in an account": _deep_page,
}


@pytest.mark.parametrize("what", REPORTS)
def test_lines_of_earlier_periods_are_not_read(books: Books, what: str) -> None:
    days = [
        date(2026, month, 1) + timedelta(days=2 * day)
        for month in range(1, 13)
        for day in range(12)
    ]
    books.post_many([books.sale(date=day) for day in days])
    before = _effort(books, REPORTS[what])
    early = [date(2026, 4, 1) + timedelta(days=day % 180) for day in range(500)]
    books.post_many([books.sale(date=day) for day in early])
    assert _effort(books, REPORTS[what]) < before * 1.3 + 20


def _effort(books: Books, work: Callable[[Session], Any]) -> int:
    with books.read() as session:
        if books.database.is_sqlite:
            return steps(session, lambda: work(session))
        return lines_read(session, lambda: work(session))
