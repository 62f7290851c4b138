"""Whatever was posted, reversing all of it leaves every account, box and item where it was."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay.contracts.ledger import PostingLine
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from backstay_ledger.tax.returns import tax_return
from plugins.ledger.tests.managing import manage

from .tax.conftest import Taxed

YEAR = (date(2026, 1, 1), date(2026, 12, 31))
CENT = Decimal("0.01")
cents = st.integers(1, 9_999_999)
days = st.integers(0, 300)
histories = st.lists(
    st.tuples(st.sampled_from(["plain", "taxed", "owed", "abroad"]), cents, cents, days, days),
    min_size=1,
    max_size=5,
)


@pytest.fixture
def everything(books: Any) -> Taxed:
    """Books with tax codes, whose receivables are settled item by item."""
    taxed = Taxed(books)
    with books.write() as session:
        manage(session, "1100")
    return taxed


def lines_of(kind: str, first: int, second: int) -> tuple[Any, ...]:
    """The lines of an entry: amounts are in cents."""
    amount, other = first * CENT, second * CENT
    if kind == "taxed":
        tax = (amount * Decimal("0.2")).quantize(CENT, ROUND_HALF_UP)
        return ("1000", str(amount + tax)), ("4000", str(-amount), "S20")
    if kind == "owed":
        return PostingLine("1100", amount, party="ACME"), ("4000", str(-amount))
    if kind == "abroad":
        return (
            PostingLine("1000", amount, "", "USD", other),
            PostingLine("2000", -amount, "", "USD", -other),
        )
    return ("5000", str(amount)), ("3000", str(-amount))


def standing(taxed: Taxed) -> tuple[Any, ...]:
    """Net balances by account and currency, boxes of the year, and what items have left."""
    balances = taxed.books.rows(
        "SELECT account_id, currency, sum(debit - credit), sum(debit_currency - credit_currency)"
        " FROM ledger_balance GROUP BY account_id, currency ORDER BY account_id, currency"
    )
    with taxed.books.read() as session:
        assert check_books(session) == []
        boxes = [(one.code, one.base, one.tax) for one in tax_return(session, *YEAR).boxes]
    left = taxed.books.rows("SELECT id FROM ledger_open_item WHERE residual <> 0")
    return [tuple(row) for row in balances if row[2] or row[3]], boxes, left


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories)
def test_the_reversal_of_everything_returns_to_where_it_began(
    everything: Taxed, history: Any
) -> None:
    before = standing(everything)
    posted = []
    for kind, first, second, day, later in history:
        on = YEAR[0] + timedelta(days=day)
        entry = everything.post(*lines_of(kind, first, second), date=on)
        posted.append((entry, min(on + timedelta(days=later), YEAR[1])))
    for entry, on in reversed(posted):
        with everything.books.write() as session:
            reverse_entry(session, ReverseEntry(id=entry, on=on, reason="all of it"))
    assert standing(everything) == before
