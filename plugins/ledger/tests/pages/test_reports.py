"""Reports show and export what the services say: trial balance, account card, general ledger."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from sqlalchemy import select

from backstay.audit.models import AuditEvent
from backstay_ledger.models import AccountClass, Period, PeriodState
from backstay_ledger.pages import general_ledger as screen
from backstay_ledger.services.account_card import account_card, general_ledger
from backstay_ledger.services.accounts import CreateAccount, create_account
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.services.fiscal_years import list_fiscal_years

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books


@pytest.fixture
def busy(books: Books) -> Books:
    """Books with some movement in two months."""
    books.post("capital", date(2026, 1, 2), "1000", "3000", "10000.00", "=1+1")
    books.post("sale", date(2026, 1, 15), "1100", "4000", "1200.50")
    books.post("paid", date(2026, 2, 3), "1000", "1100", "1200.50")
    books.post("rent", date(2026, 2, 10), "6000", "2000", "800.00")
    return books


def table(text: str) -> list[dict[str, str]]:
    """The rows of a file."""
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("as_of", ["2026-01-10", "2026-01-31", "2026-12-31"])
def test_the_trial_balance_equals_the_service(as_of: str, accountant: Browser, busy: Books) -> None:
    with busy.database.read(busy.context, busy.suite) as session:
        rows = trial_balance(session, date.fromisoformat(as_of))
    page = accountant.get(busy.url(f"/trial-balance?as_of={as_of}")).text
    file = accountant.get(busy.url(f"/trial-balance.csv?as_of={as_of}"))
    assert file.mimetype == "text/csv"
    assert [
        (row["account"], Decimal(row["debit"]), Decimal(row["credit"])) for row in table(file.text)
    ] == [(row.code, row.debit, row.credit) for row in rows]
    for row in rows:
        assert f"{row.debit or row.credit:,.2f}" in page
        assert f"/accounts/{row.account_id}/card" in page
    assert "Balanced" in page


def test_a_day_that_is_none_is_said_and_not_an_error(accountant: Browser, busy: Books) -> None:
    for path in ("/trial-balance?as_of=31.3.2026", "/general-ledger?from=x&to=y"):
        answer = accountant.get(busy.url(path))
        assert answer.status_code == 200
        assert "is not a date" in answer.text


def test_the_card_has_a_running_balance_and_pages(accountant: Browser, books: Books) -> None:
    for number in range(80):
        books.post(f"k{number}", date(2026, 1, 1 + number % 28), "1000", "3000", "1.00")
    account = books.account("1000")
    address = books.url(f"/accounts/{account}/card?from=2026-01-01&to=2026-01-31")
    first = accountant.get(address).text
    assert "50.00" in first
    assert "80.00" in first  # the total of all pages
    assert "after=" in first
    with books.database.read(books.context, books.suite) as session:
        card = account_card(session, account, date(2026, 1, 1), date(2026, 1, 31), limit=50)
    second = accountant.get(f"{address}&after={card.next}").text
    assert "Balance brought forward" in second
    assert second.count('class="row-link"') == 30
    file = table(accountant.get(address.replace("/card?", "/card.csv?")).text)
    assert len(file) == 80
    assert file[-1]["balance"] == "80.00"


def test_a_page_mark_that_is_none_shows_the_first_page(accountant: Browser, busy: Books) -> None:
    account = busy.account("1000")
    for mark in ("x", "2026-01-01,1", "2026-01-01,99999999999999999999999,1", "0000-00-00,1,1"):
        answer = accountant.get(busy.url(f"/accounts/{account}/card?after={mark}"))
        assert answer.status_code in {200, 422}


def test_the_general_ledger_equals_the_service(accountant: Browser, busy: Books) -> None:
    query = "from=2026-02-01&to=2026-02-28"
    with busy.database.read(busy.context, busy.suite) as session:
        rows = list(general_ledger(session, date(2026, 2, 1), date(2026, 2, 28)))
    file = table(accountant.get(busy.url(f"/general-ledger.csv?{query}")).text)
    assert [(row["account"], row["row"], Decimal(row["balance"])) for row in file] == [
        (row.code, row.kind.value, row.balance) for row in rows
    ]
    page = accountant.get(busy.url(f"/general-ledger?{query}")).text
    assert "11,200.50" in page
    narrowed = accountant.get(busy.url(f"/general-ledger?{query}&first=1000&last=1000")).text
    assert "1000 Bank" in narrowed
    assert "<span>1 line</span>" in narrowed
    assert "2000 Payables" not in narrowed


def test_the_general_ledger_goes_on_where_the_page_ends(
    accountant: Browser, busy: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "_MOST_ACCOUNTS", 2)
    address = busy.url("/general-ledger?from=2026-01-01&to=2026-12-31")
    first = accountant.get(address).text
    assert "1100 Receivables" in first
    assert "3000 Capital" not in first
    assert "after=1100" in first
    assert "2000 Payables" in accountant.get(f"{address}&after=1100").text


def test_the_general_ledger_takes_codes_as_long_as_those_of_journals(
    accountant: Browser, busy: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "_MOST_ACCOUNTS", 1)
    codes = [f"assets:bank:checking:branch {number}" for number in (1, 2)]
    with busy.database.write(busy.context, busy.suite) as session:
        for code in codes:
            create_account(
                session, CreateAccount(code=code, name=code, account_class=AccountClass.ASSET)
            )
    for code in codes:
        busy.post(code, date(2026, 3, 1), code, "3000", "5.00")
    address = busy.url("/general-ledger?from=2026-01-01&to=2026-12-31")
    first = accountant.get(f"{address}&first={quote(codes[0])}").text
    assert codes[0] in first
    assert codes[1] not in first
    second = accountant.get(f"{address}&after={quote(codes[0])}").text
    assert codes[1] in second
    assert codes[0] not in second


def test_texts_can_not_become_formulas_in_a_spreadsheet(accountant: Browser, busy: Books) -> None:
    query = "from=2026-01-01&to=2026-12-31"
    for path in ("/general-ledger.csv", f"/accounts/{busy.account('1000')}/card.csv"):
        text = accountant.get(busy.url(f"{path}?{query}")).text
        assert "'=1+1" in text
        assert ",=1+1" not in text


def test_an_export_needs_its_permission_and_is_remembered(
    accountant: Browser, reader: Browser, busy: Books
) -> None:
    for path in (
        "/trial-balance.csv",
        "/general-ledger.csv",
        "/entries.csv",
        f"/accounts/{busy.account('1000')}/card.csv",
    ):
        assert reader.get(busy.url(path)).status_code == 403
    assert "Export" not in reader.get(busy.url("/trial-balance")).text
    accountant.get(busy.url("/trial-balance.csv?as_of=2026-01-31"))
    with busy.database.read(busy.context, busy.suite) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "export")).one()
    assert event.entity == "ledger.trial_balance"
    assert event.actor == "ada"


def test_opening_balances_must_be_equal_and_are_posted_once(
    accountant: Browser, books: Books
) -> None:
    page = accountant.get(books.url("/opening-balances")).text
    assert "1000 Bank" in page
    assert "4000 Sales" not in page
    with books.database.read(books.context, books.suite) as session:
        year = str(list_fiscal_years(session)[0].id)
    sent = {
        "fiscal_year_id": year,
        "lines-0-account": str(books.account("1000")),
        "lines-0-debit": "5,000.00",
        "lines-1-account": str(books.account("1100")),
        "lines-3-account": str(books.account("3000")),
        "lines-3-credit": "4,990.00",
    }
    refused = accountant.post(books.url("/opening-balances"), sent)
    assert refused.status_code == 422
    assert "out by 10.00 EUR" in refused.text
    assert 'value="5,000.00"' in refused.text
    answer = accountant.post(books.url("/opening-balances"), {**sent, "lines-3-credit": "5,000.00"})
    assert answer.status_code == 303, answer.text
    assert books.entries()[0].number_text == "OPN-2026-000001"
    again = accountant.post(books.url("/opening-balances"), {**sent, "lines-3-credit": "5,000.00"})
    assert again.status_code == 409
    assert len(books.entries()) == 1


def test_a_period_is_closed_and_reopened_with_a_reason(accountant: Browser, busy: Books) -> None:
    with busy.database.read(busy.context, busy.suite) as session:
        period = session.scalars(select(Period).where(Period.number == 1)).one()
    close, reopen = (busy.url(f"/periods/{period.id}/do/{verb}") for verb in ("close", "reopen"))
    assert accountant.post(close, {"reason": "done"}).status_code == 303
    assert accountant.post(close, {"reason": "done"}).status_code == 409
    assert accountant.post(reopen, {"reason": ""}).status_code == 422
    assert accountant.post(reopen, {"reason": "a bill came late"}).status_code == 303
    shown = accountant.get(busy.url(f"/periods/{period.id}")).text
    assert "a bill came late" in shown
    with busy.database.read(busy.context, busy.suite) as session:
        assert session.get_one(Period, period.id).state is PeriodState.OPEN
