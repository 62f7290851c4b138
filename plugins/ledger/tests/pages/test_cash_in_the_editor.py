"""Rounding cash in the entry editor: offered where there is a smallest coin, nothing is saved."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from backstay_ledger.currencies.settings import SaveExchangeSettings, save_exchange_settings
from backstay_ledger.currencies.units import AddCurrency, add_currency
from backstay_ledger.determination.rules import CreateRule, create_rule
from backstay_ledger.services.accounts import account_by_code

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books

SENT = {
    "journal": "GEN",
    "date": "2026-03-05",
    "memo": "Till",
    "reference": "",
    "sheet": "",
    "lines-0-typed": "1000",
    "lines-0-debit": "42.06",
    "lines-1-typed": "4000",
    "lines-1-credit": "42.06",
}


def test_cash_is_rounded_by_a_button(accountant: Browser, books: Books) -> None:
    new = books.url("/entries/new")
    assert "Round cash" not in accountant.get(new).text
    with books.database.write(books.context, books.suite) as session:
        add_currency(session, AddCurrency(code="EUR", cash_unit=Decimal("0.10")))
    assert "Round cash" in accountant.get(new).text
    refused = accountant.post(new, {**SENT, "do": "cash"})
    assert refused.status_code == 422
    assert "No rule leads from “cash” to an account" in refused.text
    with books.database.write(books.context, books.suite) as session:
        cash = account_by_code(session, "1000").id
        create_rule(session, CreateRule(role="cash", account_id=cash, valid_from=date(2026, 1, 1)))
        rounding = account_by_code(session, "6000").id
        save_exchange_settings(session, SaveExchangeSettings(cash_rounding_id=rounding))
    shown = accountant.post(new, {**SENT, "do": "cash"})
    assert shown.status_code == 200, shown.text
    for value in ('value="42.10"', 'value="42.06"', 'value="0.04"', 'value="Rounding of cash"'):
        assert value in shown.text
    assert books.entries() == []
