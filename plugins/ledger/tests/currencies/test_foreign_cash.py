"""What a rate makes of foreign cash is no cash flow, and a month shows what is not at its rate."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from backstay_ledger.closing.services.checklist import checklist
from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.currencies.revaluation import Revalue, revalue
from backstay_ledger.currencies.settings import SaveExchangeSettings, save_exchange_settings
from backstay_ledger.models import Account
from backstay_ledger.services.fiscal_years import period_on
from backstay_ledger.statements.cash_accounts import NameCashAccount, name_cash_account
from backstay_ledger.statements.cash_flow import cash_flow
from backstay_ledger.statements.cash_table import cash_table
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.kinds import Activity
from backstay_ledger.statements.tree import built_in_tree

MARCH = date(2026, 3, 31)
QUARTER = Column(date(2026, 1, 1), MARCH)
HALF = Column(date(2026, 1, 1), date(2026, 6, 30))


@pytest.fixture
def abroad(dollars: Any, entry: Any) -> Any:
    """100 EUR of capital and 50 EUR owed to a supplier at 1.10, with accounts for differences."""
    with dollars.write() as session:
        ids = {row.code: row.id for row in session.execute(select(Account.code, Account.id))}
        save_exchange_settings(
            session,
            SaveExchangeSettings(
                realised_gain_id=ids["4900"],
                realised_loss_id=ids["5900"],
                unrealised_gain_id=ids["4910"],
                unrealised_loss_id=ids["5910"],
            ),
        )
        name_cash_account(session, NameCashAccount(account_id=ids["1000"]))
    dollars.post(entry(("1000", "110.00", "EUR", "100.00"), ("3000", "-110.00"), exchange=True))
    dollars.post(entry(("5000", "55.00"), ("2000", "-55.00", "EUR", "-50.00"), exchange=True))
    dollars.post(entry(("1000", "30.00"), ("4000", "-30.00")))
    return dollars


def at_rate(books: Any) -> None:
    with books.write() as session:
        type_rate(session, TypeRate(date=MARCH, base="EUR", quote="USD", rate="1.20"))
    with books.write() as session:
        revalue(session, Revalue(as_of=MARCH))


@pytest.mark.parametrize("direct", [True, False])
def test_a_revaluation_of_cash_stands_by_itself(abroad: Any, direct: bool) -> None:
    at_rate(abroad)
    with abroad.read() as session:
        flow = cash_flow(session, built_in_tree(), (QUARTER, HALF), direct=direct)
        rows = {row.kind: row.amounts for row in cash_table(flow).rows}
    assert flow.closing == (150, 140)
    assert flow.exchange == rows["exchange"] == (10, 0)
    assert flow.total(Activity.FINANCING) == (110, 110)
    assert flow.total(Activity.OPERATING) == (30, 30)
    assert flow.out_by == (0, 0)


def test_the_indirect_way_takes_the_difference_out_of_the_result(abroad: Any) -> None:
    at_rate(abroad)
    with abroad.read() as session:
        flow = cash_flow(session, built_in_tree(), (QUARTER,), direct=False)
    assert [(row.code, row.amounts[0]) for row in flow.rows] == [
        ("", Decimal(-20)),
        ("", Decimal(-10)),
        ("2000", Decimal(60)),
        ("3000", Decimal(110)),
    ]


def test_an_exchange_at_the_bank_is_a_flow(abroad: Any, entry: Any) -> None:
    """10 EUR are sold for 11.50 USD; half a dollar was earned by it."""
    abroad.post(
        entry(
            ("1000", "-11.00", "EUR", "-10.00"),
            ("1000", "11.50"),
            ("4900", "-0.50"),
            exchange=True,
        )
    )
    with abroad.read() as session:
        flow = cash_flow(session, built_in_tree(), (QUARTER,), direct=True)
    assert flow.exchange == (0,)
    assert {row.code: row.amounts[0] for row in flow.rows} == {
        "3000": Decimal(110),
        "4000": Decimal(30),
        "4900": Decimal("0.50"),
    }


def found(books: Any) -> list[str]:
    with books.read() as session:
        items = checklist(session, period_on(session, MARCH))
    return [one.text for item in items if item.name == "ledger.revaluation" for one in item.found]


def test_the_cockpit_names_what_is_not_at_the_rate_of_its_last_day(abroad: Any) -> None:
    assert len(found(abroad)) == 1
    assert "no rate of EUR in USD on 2026-03-31" in found(abroad)[0]
    with abroad.write() as session:
        type_rate(session, TypeRate(date=MARCH, base="EUR", quote="USD", rate="1.20"))
    assert [text.split(":")[0] for text in found(abroad)] == ["1000 Bank", "2000 Payables"]
    with abroad.write() as session:
        revalue(session, Revalue(as_of=MARCH))
    assert found(abroad) == []
