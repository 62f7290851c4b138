"""The opening of the books on screen, from the first day to its end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import (
    CreateAccount,
    add_accounts,
)
from plugins.ledger.tests.managing import manage

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books


@pytest.fixture
def chart(books: Books) -> Books:
    """Receivables by open items, and two accounts for clearing."""
    with books.database.write(books.context, books.suite) as session:
        add_accounts(
            session,
            [
                CreateAccount(code=code, name="Clearing", account_class=AccountClass.EQUITY)
                for code in ("9000", "9010")
            ],
        )
        manage(session, "1100")
    return books


def begin(accountant: Browser, books: Books) -> None:
    accountant.get(books.url("/opening"))
    accountant.post(
        books.url("/opening"),
        {
            "step": "begin",
            "day": "2026-01-01",
            "balances_account": str(books.account("9000")),
            "items_account": str(books.account("9010")),
        },
    )


def test_the_books_are_opened_step_by_step(accountant: Browser, chart: Books) -> None:
    wizard = chart.url("/opening")
    assert "Begin the opening" in accountant.get(wizard).text
    begin(accountant, chart)
    grid = chart.url("/opening-balances")
    shown = accountant.get(grid).text
    assert "trial balance of the opening" in shown
    year = re.findall(r'<option[^>]*value="([0-9]+)"', shown)[0]
    accountant.post(
        grid,
        {
            "fiscal_year_id": year,
            "lines-0-typed": "1100",
            "lines-0-debit": "500",
            "lines-1-typed": "3000",
            "lines-1-credit": "500",
        },
    )
    shown = accountant.get(wizard).text
    assert "500.00" in shown
    refused = accountant.post(wizard, {"step": "finish"}, follow_redirects=True)
    assert "is missing" in refused.text
    items = chart.url("/opening/items")
    accountant.post(
        items,
        {
            "lines-0-typed": "1100",
            "lines-0-text": "INV-1",
            "lines-0-party": "ACME & <Co>",
            "lines-0-dated": "2025-11-03",
            "lines-0-due": "2025-12-03",
            "lines-0-debit": "500",
        },
    )
    done = accountant.post(wizard, {"step": "finish"}, follow_redirects=True)
    assert "Accounts can be claimed" in done.text


def test_the_wizard_leads_to_the_ageing_of_an_account_with_a_space_in_its_code(
    accountant: Browser, chart: Books
) -> None:
    with chart.database.write(chart.context, chart.suite) as session:
        account = CreateAccount(
            code="assets:petty claims", name="Claims", account_class=AccountClass.ASSET
        )
        add_accounts(session, [account])
        manage(session, account.code)
    begin(accountant, chart)
    items = {
        "lines-0-typed": "assets:petty claims",
        "lines-0-party": "ACME",
        "lines-0-debit": "5",
    }
    accountant.post(chart.url("/opening/items"), items)
    shown = accountant.get(chart.url("/opening")).text
    assert "account=assets:petty%20claims" in shown or "account=assets:petty+claims" in shown


def test_what_is_wrong_with_an_item_stands_at_its_cell(accountant: Browser, chart: Books) -> None:
    begin(accountant, chart)
    items = chart.url("/opening/items")
    again = accountant.post(
        items,
        {
            "lines-0-typed": "1000",
            "lines-0-dated": "x",
            "lines-0-debit": "5",
        },
    )
    assert again.status_code == 422
    assert 'id="lines-0-dated-error"' in again.text
    again = accountant.post(items, {"lines-0-typed": "1000", "lines-0-debit": "5"})
    assert "is not managed by open items" in again.text
    assert 'id="lines-0-party-error"' in again.text


def test_undoing_a_step_asks_why(accountant: Browser, chart: Books) -> None:
    begin(accountant, chart)
    wizard = chart.url("/opening")
    said = accountant.post(
        wizard,
        {"step": "undo", "part": "items", "reason": "x"},
        follow_redirects=True,
    )
    assert "Nothing of it is in the books" in said.text


def test_readers_do_not_see_it(reader: Browser, chart: Books) -> None:
    assert reader.get(chart.url("/opening")).status_code == 403
