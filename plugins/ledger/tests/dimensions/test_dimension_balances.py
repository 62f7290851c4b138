"""Balances by dimension that drifted are found, and made anew from the lines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backstay.contracts.ledger import Posting, PostingLine
from backstay_ledger.dimensions.sets import pairs_of
from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.rebuild import rebuild_balances


@pytest.fixture
def centres(books: Any) -> None:
    """Cost centres 100 and 200."""
    with books.write() as session:
        key = add_dimension(session, AddDimension(code="cost_centre", name="Cost centre")).id
        for code in ("100", "200"):
            add_value(session, AddValue(dimension_id=key, code=code, name=code))


def cost(amount: str, centre: str) -> Posting:
    return Posting(
        key="",
        journal="GEN",
        date=date(2026, 3, 15),
        lines=(
            PostingLine("5000", Decimal(amount), dimensions=(("cost_centre", centre),)),
            PostingLine("1000", -Decimal(amount)),
        ),
    )


DRIFT = {
    "wrong": "UPDATE ledger_dimension_balance SET debit = debit + 7, n = n + 1",
    "lost": "DELETE FROM ledger_dimension_balance",
    "of no line": (
        "INSERT INTO ledger_dimension_balance"
        " (company_id, account_id, period_id, dimset_id, debit, credit, n)"
        " SELECT b.company_id, a.id, b.period_id, b.dimset_id, 5, 0, 1"
        " FROM ledger_dimension_balance AS b"
        " JOIN ledger_account AS a ON a.company_id = b.company_id AND a.code = '2000'"
    ),
}


@pytest.mark.parametrize("what", DRIFT)
def test_balances_that_drifted_are_made_anew(books: Any, centres: Any, raw: Any, what: str) -> None:
    books.post(cost("10.00", "100"))
    books.post(cost("20.00", "200"))
    before = balances(books)
    unguarded(raw, DRIFT[what])
    with books.read() as session:
        assert [one.check for one in check_books(session)] == ["dimension_drift"]
    with books.write() as session:
        assert rebuild_balances(session) == 2
    assert balances(books) == before
    with books.read() as session:
        assert check_books(session) == []
    with books.write() as session:
        assert rebuild_balances(session) == 0


def test_balances_are_guarded_again_after_they_were_made_anew(books: Any, centres: Any) -> None:
    books.post(cost("10.00", "100"))
    if books.database.is_sqlite:
        return  # there the rule is that only Backstay's connections write
    with pytest.raises(DBAPIError, match="can not be written"), books.write() as session:
        rebuild_balances(session)
        session.connection().execute(text("UPDATE ledger_dimension_balance SET debit = 0"))


def test_more_sets_are_read_than_a_statement_takes(books: Any, centres: Any) -> None:
    books.post(cost("10.00", "100"))
    held = books.value("SELECT id FROM ledger_dimset")
    with books.read() as session:
        said = pairs_of(session, [*range(1, 70_001), held], books.company.id)
    assert {key: one.pairs for key, one in said.items()} == {held: (("cost_centre", "100"),)}


def balances(books: Any) -> Any:
    """Balances by set that have lines."""
    return books.rows(
        "SELECT account_id, period_id, dimset_id, debit, credit, n FROM ledger_dimension_balance"
        " WHERE n <> 0 ORDER BY 1, 2, 3"
    )


def unguarded(raw: Any, statement: str) -> None:
    """Run a statement with all triggers dropped or switched off."""
    if raw.is_sqlite:
        names = raw.connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        raw.run(*(f"DROP TRIGGER {name}" for (name,) in names.fetchall()), statement)
    else:
        raw.run("SET session_replication_role = replica", statement)
