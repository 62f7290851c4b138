"""Currencies that a company can keep its books in, with their decimals as ISO 4217 says.

The names come from Unicode's tables (Babel); the decimals do not, because Unicode gives what is
used in daily life (none for the Pakistani rupee) where books need the standard's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from backstay.i18n import current_locale

_DECIMALS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_BY_CODE: Final = {code: units for units, codes in _DECIMALS.items() for code in codes.split()}
_USUAL: Final = 2


@lru_cache(maxsize=1)
def currency_codes() -> frozenset[str]:
    """Codes of the currencies that are legal tender somewhere today."""
    tenders = get_global("territory_currencies").values()
    return frozenset(
        code
        for currencies in tenders
        for code, _start, end, is_tender in currencies
        if is_tender and end is None
    )


def minor_units(code: str) -> int:
    """Decimals of a currency (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return _BY_CODE.get(code, _USUAL)


@lru_cache(maxsize=16)
def _names(locale: str) -> tuple[tuple[str, str], ...]:
    try:
        names = Locale.parse(locale).currencies
    except (UnknownLocaleError, ValueError):
        names = Locale("en").currencies
    return tuple((code, str(names.get(code, code))) for code in sorted(currency_codes()))


def currency_choices() -> tuple[tuple[str, str], ...]:
    """Codes with their names in the current language, sorted by code."""
    return _names(current_locale())
