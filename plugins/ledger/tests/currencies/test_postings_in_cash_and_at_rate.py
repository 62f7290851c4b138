"""What postings leave to the ledger: rounding cash to coins, and base amounts to the rate."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay.errors import Invalid
from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.currencies.settings import SaveExchangeSettings, save_exchange_settings
from backstay_ledger.currencies.units import AddCurrency, add_currency
from backstay_ledger.determination.rules import CreateRule, create_rule
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.balances import balance
from backstay_ledger.services.posting import preview
from backstay_ledger.services.stored import stored_entry

DAY = date(2026, 3, 15)


@pytest.fixture
def coins(dollars: Any) -> Any:
    """Cash lies on account 1000 and is rounded to 0.10."""
    with dollars.write() as session:
        cash = account_by_code(session, "1000").id
        create_rule(session, CreateRule(role="cash", account_id=cash, valid_from=date(2026, 1, 1)))
        rounding = account_by_code(session, "5920").id
        save_exchange_settings(session, SaveExchangeSettings(cash_rounding_id=rounding))
        add_currency(session, AddCurrency(code="USD", cash_unit=Decimal("0.10")))
    return dollars


def stands_at(books: Any, account: str) -> Decimal:
    with books.read() as session:
        return balance(session, account, date(2026, 12, 31))


def test_42_06_is_paid_with_42_10_and_0_04_is_on_its_own_account(coins: Any, entry: Any) -> None:
    sale = entry(("1000", "42.06"), ("4000", "-42.06"), paid_in_cash=True, key="till-1")
    with coins.read() as session:
        told = [(one.account, one.amount) for one in preview(session, sale)]
    assert told == [
        ("1000", Decimal("42.10")),
        ("4000", Decimal("-42.06")),
        ("5920", Decimal("-0.04")),
    ]
    posted = coins.post(sale)
    assert coins.post(sale).id == posted.id
    assert stands_at(coins, "1000") == Decimal("42.10")
    assert stands_at(coins, "5920") == Decimal("-0.04")
    coins.post(entry(("1000", "42.06"), ("4000", "-42.06")))  # not paid with coins
    assert stands_at(coins, "1000") == Decimal("84.16")


def test_less_than_a_coin_is_said_at_its_line(coins: Any, entry: Any) -> None:
    with pytest.raises(Invalid, match="less than the smallest coin") as refused:
        coins.post(entry(("4000", "-0.04"), ("1000", "0.04"), paid_in_cash=True))
    assert [one.field for one in refused.value.problems] == ["lines.1.amount"]
    assert coins.count("ledger_entry") == 0


def test_without_a_smallest_coin_nothing_is_rounded(dollars: Any, entry: Any) -> None:
    dollars.post(entry(("1000", "42.06"), ("4000", "-42.06"), paid_in_cash=True))
    assert stands_at(dollars, "1000") == Decimal("42.06")


@pytest.fixture
def euros(dollars: Any) -> Any:
    """1 EUR costs 1.0389 USD."""
    with dollars.write() as session:
        type_rate(session, TypeRate(date=DAY, base="EUR", quote="USD", rate="1.0389", source="ECB"))
    return dollars


def test_the_rate_of_the_date_gives_base_amounts_that_balance(euros: Any, entry: Any) -> None:
    posted = euros.post(
        entry(
            ("1100", "0", "EUR", "0.30"),
            *(("4000", "0", "EUR", "-0.10") for _n in range(3)),
            ("1000", "5.00"),
            ("3000", "-5.00"),
            at_rate=True,
        )
    )
    with euros.read() as session:
        amounts = [line.amount for line in stored_entry(session, posted.id).lines]
    # 0.30 EUR are 0.31167 USD; 0.10 EUR would be 0.10 USD each, 0.01 short.
    assert amounts == [
        Decimal("0.31"),
        Decimal("-0.11"),
        Decimal("-0.10"),
        Decimal("-0.10"),
        Decimal("5.00"),
        Decimal("-5.00"),
    ]


def test_a_missing_rate_is_said_at_each_line_of_its_currency(euros: Any, entry: Any) -> None:
    posting = entry(
        ("1100", "0", "EUR", "10"),
        ("4000", "0", "EUR", "-10"),
        ("1100", "0", "GBP", "10"),
        ("4000", "0", "GBP", "-10"),
        at_rate=True,
        row=7,
    )
    with pytest.raises(Invalid) as refused:
        euros.post(posting)
    assert [(one.field, one.row) for one in refused.value.problems] == [
        ("lines.2.currency", 7),
        ("lines.3.currency", 7),
    ]
    assert "no rate of GBP in USD on 2026-03-15" in refused.value.problems[0].message
    assert euros.count("ledger_entry") == 0


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cents=st.lists(st.integers(100, 10**7), min_size=1, max_size=6))
def test_lines_that_balance_in_their_currency_do_in_base(
    euros: Any, entry: Any, cents: list[int]
) -> None:
    parts = [Decimal(one).scaleb(-2) for one in cents]
    euros.post(
        entry(
            ("1100", "0", "EUR", str(sum(parts))),
            *(("4000", "0", "EUR", str(-one)) for one in parts),
            at_rate=True,
        )
    )
