"""Every page of the ledger opens, shows what it should, and keeps to its company."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books

PAGES = (
    "/",
    "/accounts",
    "/accounts/new",
    "/journals",
    "/journals/new",
    "/fiscal-years",
    "/fiscal-years/new",
    "/periods",
    "/entries",
    "/entries/new",
    "/trial-balance",
    "/balance-sheet",
    "/profit-and-loss",
    "/cash-flow",
    "/charts",
    "/company-groups",
    "/journal-report",
    "/statement-trees",
    "/statement-trees/new",
    "/statement-nodes/new",
    "/cash-accounts",
    "/general-ledger",
    "/opening-balances",
    "/open-items",
    "/ageing",
)


@pytest.mark.parametrize("path", PAGES)
def test_opens_before_anything_was_set_up(path: str, accountant: Browser) -> None:
    answer = accountant.get(f"/c/ALPHA/ledger{path}")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", PAGES)
def test_opens_with_books(path: str, accountant: Browser, books: Books) -> None:
    books.post("a", date(2026, 3, 5), "1000", "3000", "2500.00", "Founders' capital")
    answer = accountant.get(books.url(path))
    assert answer.status_code == 200, answer.text
    assert "<heating>" not in answer.text


def test_the_overview_counts_in_groups_of_three(accountant: Browser, books: Books) -> None:
    many = [
        CreateAccount(code=f"9{n:03}", name=f"No. {n}", account_class=AccountClass.ASSET)
        for n in range(1000)
    ]
    with books.database.write(books.context, books.suite) as session:
        add_accounts(session, many)
    assert ">1,006<" in accountant.get(books.url("/")).text


def test_record_pages_open(accountant: Browser, books: Books) -> None:
    entry = books.post("a", date(2026, 3, 5), "1000", "3000", "2500.00", "Founders' capital")
    account = books.account("1000")
    shown = accountant.get(books.url(f"/entries/{entry}")).text
    assert "GEN-2026-000001" in shown
    assert "2,500.00" in shown
    assert "1000" in shown
    record = accountant.get(books.url(f"/accounts/{account}")).text
    assert "Latest lines" in record
    assert "2,500.00" in record
    card = accountant.get(books.url(f"/accounts/{account}/card?from=2026-01-01&to=2026-12-31")).text
    assert "Closing balance" in card
    assert f"/entries/{entry}" in card


@pytest.mark.parametrize(
    "path",
    [
        "/entries/{entry}",
        "/entries/{entry}/edit",
        "/entries/{entry}/do/reverse",
        "/entries/{entry}/do/attach",
        "/accounts/{account}",
        "/accounts/{account}/edit",
        "/accounts/{account}/card",
        "/accounts/{account}/card.csv",
    ],
)
def test_records_of_another_company_do_not_exist(
    path: str, accountant: Browser, books: Books, other_books: Books
) -> None:
    entry = other_books.post("b", date(2026, 3, 5), "1000", "3000", "2500", "Secret")
    address = path.format(entry=entry, account=other_books.account("1000"))
    answer = accountant.get(books.url(address))
    assert answer.status_code == 404
    assert "Secret" not in answer.text
    assert accountant.get(other_books.url(address)).status_code == 404


def test_home_says_what_to_do_first_until_the_books_run(accountant: Browser, books: Books) -> None:
    assert "Set up the books" in accountant.get(books.url("/")).text
    books.post("a", date(2026, 3, 5), "1000", "3000", "2500.00")
    shown = accountant.get(books.url("/")).text
    assert "Set up the books" not in shown
    assert "Latest entries" in shown
