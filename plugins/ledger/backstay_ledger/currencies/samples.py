"""Sample rates and currencies for the tests that attack every plugin: codes can't be made up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.spi import company_of, today
from backstay.testing.attack import Sample
from backstay_ledger.currencies.models import CompanyCurrency, ExchangeRate, ExchangeSettings
from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.currencies.settings import SaveExchangeSettings, save_exchange_settings
from backstay_ledger.currencies.units import keep_units

if TYPE_CHECKING:
    from backstay.testing.attack import Making


def rate(making: Making) -> ExchangeRate:
    """A rate of the dollar in Swiss francs, each sample a day earlier."""
    day = today(company_of(making.session).time_zone) - timedelta(days=making.number)
    return type_rate(making.session, TypeRate(date=day, base="USD", quote="CHF", rate="0.8842"))


def currency(making: Making) -> CompanyCurrency:
    """A currency that the company has not yet, of a code that is made up."""
    code = f"X{chr(65 + making.number // 26 % 26)}{chr(65 + making.number % 26)}"
    keep_units(making.session, {code: 2})
    return making.session.scalars(select(CompanyCurrency).where(CompanyCurrency.code == code)).one()


def settings(making: Making) -> ExchangeSettings:
    """The settings of the company, which has but one set of them."""
    present = making.session.scalars(select(ExchangeSettings)).one_or_none()
    return present or save_exchange_settings(making.session, SaveExchangeSettings())


CURRENCY_SAMPLES: Final = (
    Sample(resource="ledger.fx_rate", make=rate),
    Sample(resource="ledger.currency", make=currency),
    Sample(resource="ledger.exchange_setting", make=settings),
)
