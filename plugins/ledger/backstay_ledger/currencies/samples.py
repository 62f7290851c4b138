"""Sample rates and currencies for the tests that attack every plugin: codes can't be made up."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import TYPE_CHECKING, Final

from babel.numbers import list_currencies
from sqlalchemy import select

from backstay.testing.attack import Sample
from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.currencies.settings import SaveExchangeSettings, save_exchange_settings
from backstay_ledger.currencies.units import keep_units
from backstay_ledger.models.currencies import CompanyCurrency, ExchangeRate, ExchangeSettings

if TYPE_CHECKING:
    from backstay.testing.attack import Making


def _day(number: int) -> date:
    return date(2000, 1, 1) + timedelta(days=number)


def _code(number: int) -> str:
    codes = sorted(list_currencies())
    return codes[number % len(codes)]


def rate(making: Making) -> ExchangeRate:
    """A rate of the dollar in Swiss francs, each sample a day earlier."""
    return type_rate(
        making.session,
        TypeRate(date=_day(making.number), base="USD", quote="CHF", rate="0.8842"),
    )


def currency(making: Making) -> CompanyCurrency:
    """A currency that the company has not yet, another for each sample."""
    kept = set(making.session.scalars(select(CompanyCurrency.code)))
    code = next(one for number in count(making.number) if (one := _code(number)) not in kept)
    keep_units(making.session, {code: 2})
    return making.session.scalars(select(CompanyCurrency).where(CompanyCurrency.code == code)).one()


def settings(making: Making) -> ExchangeSettings:
    """The settings of the company, which has but one set of them."""
    return save_exchange_settings(making.session, SaveExchangeSettings())


CURRENCY_SAMPLES: Final = (
    Sample(
        resource="ledger.fx_rate",
        make=rate,
        values={
            "date": _day,
            "base": lambda _number: "USD",
            "quote": lambda _number: "CHF",
            "rate": lambda number: f"1.{number}",
        },
    ),
    Sample(
        resource="ledger.currency",
        make=currency,
        values={"code": _code, "minor_units": lambda _number: 2},
    ),
    Sample(resource="ledger.exchange_setting", make=settings),
)
