"""Reports read the balances of whole periods: lines of earlier periods cost nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from backstay_ledger.dimensions.slices import slice_of
from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value
from backstay_ledger.services.account_card import Cursor, account_card
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.compute import balance_sheet, profit_and_loss
from backstay_ledger.statements.tree import built_in_tree

from .effort import lines_read, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from backstay.contracts.ledger import Posting

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


def _profit_of_a_value(session: Session) -> Any:
    days = (Column(YEAR[0], date(2026, 12, 9)),)
    return profit_and_loss(session, built_in_tree(), days, slice_of(session, ["cost_centre=100"]))


def _sheet_by_values(session: Session) -> Any:
    days = (Column(YEAR[0], date(2026, 12, 9)),)
    return balance_sheet(session, built_in_tree(), days, by="cost_centre")


REPORTS = {
    "the trial balance at a period end": _period_end,
    "the trial balance at any day": _any_day,
    "the first page of an account": _first_page,
    "a page that begins in the middle of a period": _page_from_the_middle,
    "a page deep in an account": _deep_page,
    "profit and loss of a value": _profit_of_a_value,
    "the balance sheet by values": _sheet_by_values,
}


@pytest.mark.parametrize("what", REPORTS)
def test_lines_of_earlier_periods_are_not_read(books: Books, what: str) -> None:
    with books.write() as session:
        key = add_dimension(session, AddDimension(code="cost_centre", name="Cost centre")).id
        for code in ("100", "200"):
            add_value(session, AddValue(dimension_id=key, code=code, name=code))
    days = [
        date(2026, month, 1) + timedelta(days=2 * day)
        for month in range(1, 13)
        for day in range(12)
    ]
    books.post_many([_sale(books, day) for day in days])
    before = _effort(books, REPORTS[what])
    early = [date(2026, 4, 1) + timedelta(days=day % 180) for day in range(500)]
    books.post_many([_sale(books, day) for day in early])
    assert _effort(books, REPORTS[what]) < before * 1.3 + 20


def _sale(books: Books, day: date) -> Posting:
    """A sale of a cost centre, one or the other from day to day."""
    posting = books.sale(date=day)
    pairs = (("cost_centre", "100" if day.day % 2 else "200"),)
    return replace(posting, lines=tuple(replace(one, dimensions=pairs) for one in posting.lines))


def _effort(books: Books, work: Callable[[Session], Any]) -> int:
    with books.read() as session:
        if books.database.is_sqlite:
            return steps(session, lambda: work(session))
        return lines_read(session, lambda: work(session))
