"""Books of a company in US dollars, and its accounts for exchange differences."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from backstay.contracts.ledger import Posting, PostingLine
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts

if TYPE_CHECKING:
    from collections.abc import Callable

DIFFERENCES = (
    ("4900", "Exchange gains", AccountClass.INCOME),
    ("5900", "Exchange losses", AccountClass.EXPENSE),
    ("4910", "Unrealised exchange gains", AccountClass.INCOME),
    ("5910", "Unrealised exchange losses", AccountClass.EXPENSE),
    ("5920", "Rounding of cash", AccountClass.EXPENSE),
)


@pytest.fixture
def in_currency(books: Any) -> Callable[[str], Any]:
    """The books of ALPHA as if it kept them in another currency, with accounts for differences."""

    def change(currency: str) -> Any:
        books.company = replace(books.company, currency=currency)
        with books.write() as session:
            add_accounts(
                session,
                [
                    CreateAccount(code=code, name=name, account_class=kind)
                    for code, name, kind in DIFFERENCES
                ],
            )
        return books

    return change


@pytest.fixture
def dollars(in_currency: Any) -> Any:
    """The books of ALPHA in USD."""
    return in_currency("USD")


def line(account: str, amount: str, currency: str = "", foreign: str = "", text: str = "") -> Any:
    """A line; amounts are signed, debit positive."""
    return PostingLine(
        account,
        Decimal(amount),
        text,
        currency or None,
        Decimal(foreign) if foreign else None,
    )


@pytest.fixture
def entry() -> Callable[..., Posting]:
    def make(*lines: Any, **values: Any) -> Posting:
        return Posting(
            key=values.pop("key", ""),
            journal=values.pop("journal", "GEN"),
            date=values.pop("date", date(2026, 3, 15)),
            lines=tuple(line(*one) for one in lines),
            **values,
        )

    return make
