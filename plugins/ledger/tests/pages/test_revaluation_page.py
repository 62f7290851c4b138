"""Revaluation on its page: the preview with reasons, the button, and twice is once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.contracts.ledger import Posting, PostingLine
from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.currencies.settings import SaveExchangeSettings, save_exchange_settings
from backstay_ledger.models import Account
from backstay_ledger.services.posting import post

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books


def hold_dollars(books: Books) -> None:
    """100 USD at 0.90 EUR, and accounts for differences."""
    with books.database.write(books.context, books.suite) as session:
        ids = {row.code: row.id for row in session.execute(select(Account.code, Account.id))}
        gains, losses = ids["4000"], ids["6000"]
        save_exchange_settings(
            session,
            SaveExchangeSettings(
                realised_gain_id=gains,
                realised_loss_id=losses,
                unrealised_gain_id=gains,
                unrealised_loss_id=losses,
            ),
        )
        bought = PostingLine("1000", Decimal(90), "", "USD", Decimal(100))
        capital = PostingLine("3000", Decimal(-90))
        post(session, Posting("", "GEN", date(2026, 3, 2), (bought, capital), exchange=True))


def type_in(books: Books, rate: str) -> None:
    with books.database.write(books.context, books.suite) as session:
        type_rate(session, TypeRate(date=date(2026, 3, 31), base="USD", quote="EUR", rate=rate))


def test_the_preview_gives_reasons_and_the_button_posts_once(
    accountant: Browser, books: Books
) -> None:
    hold_dollars(books)
    url = books.url("/revaluation?as_of=2026-03-31")
    missing = accountant.get(url)
    assert missing.status_code == 200
    assert "no rate of USD in EUR on 2026-03-31" in missing.text
    type_in(books, "0.95")
    shown = accountant.get(url).text
    assert "1 USD = 0.95 EUR of 2026-03-31: 95.00 EUR instead of 90.00 EUR." in shown
    assert accountant.post(url, {}).status_code in {302, 303}
    assert len(books.entries()) == 3
    assert "Nothing to revalue" in accountant.get(url).text
    assert accountant.post(url, {}).status_code in {302, 303}
    assert len(books.entries()) == 3


def test_who_may_not_revalue_reads_the_preview_only(reader: Browser, books: Books) -> None:
    hold_dollars(books)
    type_in(books, "0.95")
    url = books.url("/revaluation?as_of=2026-03-31")
    page = reader.get(url)
    assert page.status_code == 200
    assert "revaluation" in page.text
    assert reader.post(url, {}).status_code == 403
    assert len(books.entries()) == 1
