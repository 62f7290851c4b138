"""Amounts and their currency: decimals, range, and how an amount is written in a message."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel.numbers import get_currency_precision, list_currencies

from backstay.spi import gettext as _

LARGEST: Final = Decimal(10) ** 12
"""Amounts reach up to here: sums over millions of lines still fit 64 bits of ten-thousandths."""


@lru_cache
def minor_units_of(currency: str) -> int | None:
    """Decimals of a foreign currency (ISO 4217, as babel has them); None if there is none."""
    if currency not in list_currencies():
        return None
    return min(get_currency_precision(currency), 4)


@lru_cache
def _quantum(minor_units: int) -> Decimal:
    return Decimal(1).scaleb(-minor_units)


def written(amount: Decimal, currency: str, minor_units: int) -> str:
    """An amount with its currency, as messages show it: 10.00 EUR."""
    return f"{amount.quantize(_quantum(minor_units)):f} {currency}"


def amount_problem(amount: Decimal, currency: str, minor_units: int) -> str | None:
    """What is wrong with an amount, or None."""
    if not amount.is_finite() or abs(amount) >= LARGEST:
        return _("%(amount)s is too large to be an amount.", amount=amount)
    exponent = amount.as_tuple().exponent
    # -1.10 has two decimals, and so has 1.1000: trailing zeros say nothing.
    if (
        isinstance(exponent, int)
        and -exponent > minor_units
        and amount != amount.quantize(_quantum(minor_units))
    ):
        return _(
            "%(amount)s has more decimals than %(currency)s allows (%(allowed)s).",
            amount=f"{amount:f}",
            currency=currency,
            allowed=minor_units,
        )
    return None
