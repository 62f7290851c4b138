"""What holds for every history of the books, however they came about."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay.errors import BackstayError
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.currencies import amount_problem
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry

CODES = ("1000", "1100", "2000", "3000", "4000", "5000")
cents = st.integers(-10_000_000, 10_000_000).filter(bool)
some_lines = st.lists(st.tuples(st.sampled_from(CODES), cents), min_size=1, max_size=5)
days = st.integers(0, 364).map(lambda number: date(2026, 1, 1) + timedelta(days=number))
entries = st.tuples(some_lines, days, st.sampled_from(["GEN", "SAL", "BNK"]), st.integers(0, 3))

on_one_database = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def as_posting(books: Any, lines: Any, day: Any, journal: Any, off: Any) -> Any:
    """A posting that balances, or is out by ``off`` cents."""
    pairs = [(code, Decimal(amount).scaleb(-2)) for code, amount in lines]
    rest = -sum((amount for _code, amount in pairs), Decimal(0)) + Decimal(off).scaleb(-2)
    pairs.append(("3000", rest))
    return books.posting(*((c, str(a)) for c, a in pairs), date=day, journal=journal), rest


@on_one_database
@given(history=st.lists(entries, min_size=1, max_size=6), undo=st.booleans())
def test_books_balance_and_numbers_have_no_gaps(books: Any, history: Any, undo: Any) -> None:
    before = books.value("SELECT count(*) FROM ledger_entry")
    good = 0
    for lines, day, journal, off in history:
        posting, rest = as_posting(books, lines, day, journal, off)
        if off or rest == 0:
            with pytest.raises(BackstayError):
                books.post(posting)
            continue
        posted = books.post(posting)
        good += 1
        if undo:
            with books.write() as session:
                reverse_entry(session, ReverseEntry(id=posted.id, on=day, reason="undo"))
            good += 1
    assert books.value("SELECT count(*) FROM ledger_entry") == before + good
    with books.read() as session:
        assert check_books(session) == []
        rows = trial_balance(session)
    assert sum(row.debit for row in rows) == sum(row.credit for row in rows)
    for count, last in books.rows(
        "SELECT count(*), max(number) FROM ledger_entry GROUP BY journal_id, fiscal_year_id"
    ):
        assert count == last


@given(units=st.integers(-(10**15), 10**15), minor_units=st.integers(0, 4))
def test_an_amount_is_refused_exactly_when_it_has_too_many_decimals(
    units: Any, minor_units: Any
) -> None:
    amount = Decimal(units).scaleb(-4)
    fits = units % 10 ** (4 - minor_units) == 0
    assert (amount_problem(amount, "XXX", minor_units) is None) == fits
