"""Cash flow: direct and indirect explain the same change, to the cent, for every history."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from backstay.errors import Invalid
from backstay_ledger.models import FiscalYear
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.opening import PostOpeningBalances, post_opening_balances
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from backstay_ledger.services.typed_lines import DraftLine
from backstay_ledger.statements.cash_accounts import (
    ForgetCashAccount,
    NameCashAccount,
    cash_account_ids,
    forget_cash_account,
    name_cash_account,
)
from backstay_ledger.statements.cash_flow import NoCashAccounts, cash_flow
from backstay_ledger.statements.cash_table import cash_table
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.kinds import Activity
from backstay_ledger.statements.tables import as_json, as_text
from backstay_ledger.statements.tree import built_in_tree

QUARTER = (Column(date(2026, 1, 1), date(2026, 3, 31)),)


def name_bank(books: Any, code: str = "1000") -> None:
    with books.write() as session:
        account = account_by_code(session, code)
        name_cash_account(session, NameCashAccount(account_id=account.id))


def test_both_ways_explain_the_change(books: Any) -> None:
    name_bank(books)
    books.post_many(
        [
            books.posting(("1000", "1000.00"), ("3000", "-1000.00"), date=date(2026, 1, 2)),
            books.posting(("1100", "400.00"), ("4000", "-400.00"), date=date(2026, 1, 5)),
            books.posting(("1000", "300.00"), ("1100", "-300.00"), date=date(2026, 2, 5)),
            books.posting(
                ("5000", "150.00"), ("1000", "-90.00"), ("2000", "-60.00"), date=date(2026, 3, 5)
            ),
        ]
    )
    with books.read() as session:
        direct = cash_flow(session, built_in_tree(), QUARTER, direct=True)
        indirect = cash_flow(session, built_in_tree(), QUARTER, direct=False)
        data = as_json(session, cash_table(direct))
        text = as_text(session, cash_table(indirect))
    assert {row.code: row.amounts[0] for row in direct.rows} == {
        "1100": Decimal(300),
        "2000": Decimal(60),
        "3000": Decimal(1000),
        "5000": Decimal(-150),
    }
    assert {row.code: row.amounts[0] for row in indirect.rows} == {
        "": Decimal(250),
        "1100": Decimal(-100),
        "2000": Decimal(60),
        "3000": Decimal(1000),
    }
    for flow in (direct, indirect):
        assert flow.change == flow.closing == (Decimal(1210),)
        assert flow.out_by == (0,)
        assert flow.total(Activity.OPERATING) == (Decimal(210),)
        assert flow.total(Activity.FINANCING) == (Decimal(1000),)
        assert flow.total(Activity.INVESTING) == (0,)
    assert data["rows"][-1]["amounts"] == ["1210.00"]
    assert "Cash at the end" in text


def open_books_with(books: Any, *balances: tuple[str, str]) -> int:
    """Opening balances by account, debit positive; returns their entry."""
    with books.write() as session:
        year = session.scalars(select(FiscalYear)).one()
        lines = tuple(
            DraftLine(
                account=code,
                debit=max(Decimal(amount), Decimal(0)) or None,
                credit=max(-Decimal(amount), Decimal(0)) or None,
            )
            for code, amount in balances
        )
        command = PostOpeningBalances(fiscal_year_id=year.id, lines=lines)
        return post_opening_balances(session, command).id


@pytest.mark.parametrize("direct", [True, False])
def test_opening_balances_are_cash_at_the_beginning_and_no_flow(books: Any, direct: bool) -> None:
    name_bank(books)
    wrong = open_books_with(books, ("1000", "900.00"), ("3000", "-900.00"))
    books.post(books.posting(("1000", "300.00"), ("4000", "-300.00"), date=date(2026, 2, 5)))
    with books.write() as session:
        command = ReverseEntry(id=wrong, on=date(2026, 1, 1), reason="forgot the goods")
        reverse_entry(session, command)
    open_books_with(books, ("1000", "800.00"), ("1100", "150.00"), ("3000", "-950.00"))
    months = tuple(Column(date(2026, n, 1), date(2026, n, 28)) for n in (1, 2))
    with books.read() as session:
        flow = cash_flow(session, built_in_tree(), (*QUARTER, *months), direct=direct)
    assert flow.opening == (800, 800, 800)
    assert flow.closing == (1100, 800, 1100)
    assert flow.out_by == (0, 0, 0)
    assert flow.total(Activity.OPERATING) == (300, 0, 300)
    assert flow.total(Activity.FINANCING) == (0, 0, 0)


def test_the_cash_accounts_have_to_be_named_once(books: Any) -> None:
    with books.read() as session, pytest.raises(NoCashAccounts):
        cash_flow(session, built_in_tree(), QUARTER, direct=True)
    name_bank(books)
    with pytest.raises(Invalid, match="already"):
        name_bank(books)
    with pytest.raises(Invalid, match="income or expenses"):
        name_bank(books, "4000")
    with books.write() as session:
        cash = session.connection().exec_driver_sql("SELECT id FROM ledger_cash_account").scalar()
        forget_cash_account(session, ForgetCashAccount(id=cash))
    with books.read() as session:
        assert cash_account_ids(session) == frozenset()


CODES = ("1000", "1100", "2000", "3000", "4000", "5000")
lines = st.lists(
    st.tuples(st.sampled_from(CODES), st.integers(-9_999_999, 9_999_999).filter(bool)),
    min_size=1,
    max_size=4,
)
history = st.lists(st.tuples(lines, st.integers(0, 364)), min_size=1, max_size=6)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(entries=history, first=st.integers(0, 364), days=st.integers(0, 200))
def test_they_agree_for_every_history(books: Any, entries: Any, first: Any, days: Any) -> None:
    with books.read() as session:
        named = cash_account_ids(session)
    if not named:
        name_bank(books)
        name_bank(books, "2000")
    for given_lines, day in entries:
        pairs = [(code, Decimal(amount).scaleb(-2)) for code, amount in given_lines]
        rest = -sum((amount for _code, amount in pairs), Decimal(0))
        if rest:
            pairs.append(("3000", rest))
            books.post(
                books.posting(
                    *((code, str(amount)) for code, amount in pairs),
                    date=date(2026, 1, 1) + timedelta(days=day),
                )
            )
    start = date(2026, 1, 1) + timedelta(days=first)
    columns = (Column(start, start + timedelta(days=days)),)
    with books.read() as session:
        direct = cash_flow(session, built_in_tree(), columns, direct=True)
        indirect = cash_flow(session, built_in_tree(), columns, direct=False)
    assert direct.change == indirect.change
    assert direct.out_by == indirect.out_by == (0,)
