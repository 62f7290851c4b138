"""Foreign lines in the entry editor: what they are worth is proposed, exchanges are ticked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.models import EntryKind, Line

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books


@pytest.fixture
def rated(books: Books) -> Books:
    """1 EUR = 1.25 USD on 2 March 2026."""
    with books.database.write(books.context, books.suite) as session:
        type_rate(session, TypeRate(date=date(2026, 3, 2), base="EUR", quote="USD", rate="1.25"))
    return books


def sent(books: Books, *lines: dict[str, str], **header: str) -> dict[str, Any]:
    form = {"journal": "GEN", "date": "2026-03-05", "memo": "Foreign", "do": "post", **header}
    for n, line in enumerate(lines):
        account = str(books.account(line["account"]))
        cells = {"text": "", "debit": "", "credit": "", "currency": "", "foreign": "", **line}
        form |= {f"lines-{n}-{name}": text for name, text in cells.items()}
        form[f"lines-{n}-account"] = account
    return form


def test_the_worth_of_a_foreign_amount_is_proposed_with_its_reason(
    accountant: Browser, rated: Books
) -> None:
    url = rated.url("/entries/worth")
    asked = {"currency": "usd", "amount": "50*2", "date": "5.3.2026"}
    assert accountant.get(url, query_string=asked).json == {
        "debit": "80.00",
        "credit": "",
        "why": "1 EUR = 1.25 USD of 2026-03-02, the other way round: the last rate before"
        " 2026-03-05",
    }
    credit = accountant.get(url, query_string={**asked, "amount": "-100"}).json
    assert (credit["debit"], credit["credit"]) == ("", "80.00")
    missing = accountant.get(url, query_string={**asked, "date": "2026-06-05"}).json
    assert missing["why"].startswith("There is no rate of USD in EUR on 2026-06-05")
    for wrong in ({"date": "x"}, {"currency": "EUR"}, {"amount": "1/0"}, {"amount": ""}):
        told = accountant.get(url, query_string={**asked, **wrong})
        assert told.status_code == 200
        assert (told.json["debit"], told.json["credit"]) == ("", "")


def test_lines_without_base_amounts_take_the_rate_of_the_day(
    accountant: Browser, rated: Books
) -> None:
    form = sent(
        rated,
        {"account": "6000", "currency": "USD", "foreign": "100"},
        {"account": "2000", "currency": "USD", "foreign": "-100"},
    )
    assert accountant.post(rated.url("/entries/new"), form).status_code == 303
    with rated.database.read(rated.context, rated.suite) as session:
        found = session.execute(
            select(Line.amount, Line.amount_currency).order_by(Line.line_no)
        ).all()
    assert [tuple(row) for row in found] == [(80, 100), (-80, -100)]


def test_a_missing_rate_is_told_at_the_currency(accountant: Browser, rated: Books) -> None:
    form = sent(
        rated,
        {"account": "6000", "currency": "USD", "foreign": "100"},
        {"account": "2000", "credit": "80"},
        date="2026-06-05",
    )
    answer = accountant.post(rated.url("/entries/new"), form)
    assert answer.status_code == 422
    assert 'id="lines-0-currency-error"' in answer.text
    assert "no rate of USD in EUR on 2026-06-05" in answer.text


def test_an_exchange_is_posted_when_it_was_ticked(accountant: Browser, rated: Books) -> None:
    lines = (
        {"account": "2000", "currency": "USD", "foreign": "100"},
        {"account": "1000", "credit": "80"},
    )
    refused = accountant.post(rated.url("/entries/new"), sent(rated, *lines))
    assert refused.status_code == 422
    assert "out by 100.00 USD in the foreign currency" in refused.text
    done = accountant.post(rated.url("/entries/new"), sent(rated, *lines, exchange="y"))
    assert done.status_code == 303
    (entry,) = rated.entries()
    assert entry.kind is EntryKind.EXCHANGE
    assert Decimal(entry.number or 0) == 1
