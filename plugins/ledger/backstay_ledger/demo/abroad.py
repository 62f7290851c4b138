"""The demo company's currencies: rates of a year, invoices in them, a revaluation."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from backstay.contracts.ledger import Posting, PostingLine
from backstay_ledger.currencies.revaluation import Revalue, revalue
from backstay_ledger.currencies.settings import SaveExchangeSettings, save_exchange_settings
from backstay_ledger.demo.lines import (
    BANK,
    CENTRE,
    COST,
    EXCHANGE_GAINS,
    EXCHANGE_LOSSES,
    PAYABLES_ABROAD,
    RECEIVABLES_ABROAD,
    SALES_ABROAD,
    WHOLESALE,
    cents,
)
from backstay_ledger.models.currencies import ExchangeRate
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.fiscal_years import add_months

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay.spi import Company
    from backstay_ledger.demo.trade import Trade

_WEEK: Final = timedelta(days=7)
_AROUND: Final = {"GBP": Decimal("0.8600"), "USD": Decimal("1.0900"), "CHF": Decimal("0.9500")}
"""What a euro costs, about."""
_WAVE: Final = (0, 14, 25, 31, 22, 35, 41, 28, 12, -5, -16, -9, -21, -30, -18, -4, 8)
"""Ten-thousandths of it, from week to week; nobody's real rates."""
_SOURCE: Final = "Sample rates"
_BOATYARD, _MILL = "Solent Boatworks", "Rockland Canvas Mill"


def set_up_currencies(session: Session, company: Company, first: date, last: date) -> None:
    """Rates of every Monday, and the accounts of exchange differences."""
    monday = first - timedelta(days=first.weekday())
    weeks = (last - monday) // _WEEK + 1
    session.add_all(
        ExchangeRate(
            company_id=company.id,
            date=monday + week * _WEEK,
            base="EUR",
            quote=quote,
            rate=_rate(quote, week),
            source=_SOURCE,
        )
        for week in range(weeks)
        for quote in _AROUND
    )
    gains = account_by_code(session, EXCHANGE_GAINS).id
    losses = account_by_code(session, EXCHANGE_LOSSES).id
    save_exchange_settings(
        session,
        SaveExchangeSettings(
            realised_gain_id=gains,
            realised_loss_id=losses,
            unrealised_gain_id=gains,
            unrealised_loss_id=losses,
        ),
    )


def trade_abroad(done: Trade, months: int) -> None:
    """An invoice in pounds every second month and a bill in dollars every third."""
    monday = done.first - timedelta(days=done.first.weekday())

    def worth(currency: str, amount: Decimal, day: date) -> Decimal:
        return cents(amount / _rate(currency, (day - monday) // _WEEK))

    for place in range(months):
        month = add_months(done.first, place)
        if place % 2:
            amount = Decimal(2600 + 140 * place)
            paid_on = month + timedelta(days=55)
            for one, pays in _sale(month, amount, paid_on, worth("GBP", amount, paid_on)):
                done.add(one, pays)
        if place % 3 == 1:
            amount = Decimal(3100 + 90 * place)
            paid_on = month + timedelta(days=48)
            for one, pays in _bill(month, amount, paid_on, worth("USD", amount, paid_on)):
                done.add(one, pays)


def revalue_at(session: Session, day: date) -> None:
    """Bring what is open in currencies to the rate of a day."""
    revalue(session, Revalue(as_of=day))


def _rate(quote: str, week: int) -> Decimal:
    """The rate of a currency in a week, counted from the first."""
    step = _WAVE[(week + 5 * len(quote) + ord(quote[0])) % len(_WAVE)]
    return (_AROUND[quote] * (10_000 + step) / 10_000).quantize(Decimal("0.0001"))


def _sale(
    month: date, amount: Decimal, paid_on: date, received: Decimal
) -> Iterator[tuple[Posting, str]]:
    name, day = f"{month:%Y-%m}", month.replace(day=12)
    reference = f"INV-{month:%y%m}-90"
    due = day + timedelta(days=45)
    debit = PostingLine(
        RECEIVABLES_ABROAD,
        Decimal(0),
        currency="GBP",
        amount_currency=amount,
        party=_BOATYARD,
        due_date=due,
    )
    credit = PostingLine(
        SALES_ABROAD,
        Decimal(0),
        currency="GBP",
        amount_currency=-amount,
        dimensions=((CENTRE, WHOLESALE),),
    )
    key = f"demo-{name}-sale-abroad"
    memo = f"Invoice to {_BOATYARD}, in pounds"
    yield Posting(key, "SAL", day, (debit, credit), memo, reference, at_rate=True), ""
    paid = (
        PostingLine(BANK, received),
        PostingLine(
            RECEIVABLES_ABROAD,
            -received,
            currency="GBP",
            amount_currency=-amount,
            party=_BOATYARD,
        ),
    )
    memo = f"{_BOATYARD} pays {reference}"
    yield (
        Posting(
            f"demo-{name}-receipt-abroad",
            "BNK",
            paid_on,
            paid,
            memo,
            reference,
            exchange=True,
        ),
        key,
    )


def _bill(
    month: date, amount: Decimal, paid_on: date, paid: Decimal
) -> Iterator[tuple[Posting, str]]:
    name, day = f"{month:%Y-%m}", month.replace(day=17)
    reference = f"RC-{month:%y%m}17"
    debit = PostingLine(
        COST,
        Decimal(0),
        currency="USD",
        amount_currency=amount,
        dimensions=((CENTRE, WHOLESALE),),
    )
    credit = PostingLine(
        PAYABLES_ABROAD,
        Decimal(0),
        currency="USD",
        amount_currency=-amount,
        party=_MILL,
        due_date=day + timedelta(days=30),
    )
    key = f"demo-{name}-bill-abroad"
    memo = f"{_MILL}: sailcloth for customers, in dollars"
    yield Posting(key, "PUR", day, (debit, credit), memo, reference, at_rate=True), ""
    lines = (
        PostingLine(PAYABLES_ABROAD, paid, currency="USD", amount_currency=amount, party=_MILL),
        PostingLine(BANK, -paid),
    )
    memo = f"Paid {_MILL}"
    yield (
        Posting(
            f"demo-{name}-payment-abroad",
            "BNK",
            paid_on,
            lines,
            memo,
            reference,
            exchange=True,
        ),
        key,
    )
