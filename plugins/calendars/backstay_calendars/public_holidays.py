"""Public holidays by country and region, and bank holidays by market, as a library knows them.

The names are in the country's own language. Asked for a whole year at a time: what is in force is
what was stored then, see :mod:`backstay_calendars.services.years`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from backstay.spi import Invalid
from backstay.spi import gettext as _
from backstay_calendars.locales import locale_of

if TYPE_CHECKING:
    from holidays import HolidayBase

SOURCE: Final = f"holidays {version('holidays')}"
YEARS: Final = range(1950, 2101)
"""Years that can be asked for; what lies beyond is mistyped."""
_LONGEST_NAME: Final = 200
_MOST_NAMED: Final = 60
_MARKET_NAMES: Final = {
    "XECB": "European Central Bank (TARGET)",
    "XFED": "Federal Reserve",
    "XNYS": "New York Stock Exchange",
    "XLON": "London Stock Exchange",
}
_CAPITALS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Place:
    """A country or a market whose holidays are known.

    Arguments:
        code: ISO 3166-1 (two letters) or ISO 10383 (four letters).
    """

    code: str
    name: str
    is_market: bool = False


@lru_cache(maxsize=8)
def places(locale: str) -> tuple[Place, ...]:
    """Countries by name, then markets by name; nothing of the library is loaded for that.

    Arguments:
        locale: the language of the countries' names.
    """
    from holidays.registry import COUNTRIES, FINANCIAL

    territories = locale_of(locale).territories
    countries = [
        Place(code, str(territories.get(code) or _CAPITALS.sub(" ", name)))
        for name, code, *_others in COUNTRIES.values()
    ]
    markets = [
        Place(code, _MARKET_NAMES.get(code) or _CAPITALS.sub(" ", name), is_market=True)
        for name, code in (_market(names) for names in FINANCIAL.values())
    ]
    return (
        *sorted(countries, key=lambda place: place.name.casefold()),
        *sorted(markets, key=lambda place: place.name.casefold()),
    )


def _market(names: tuple[str, ...]) -> tuple[str, str]:
    """Name and code: the first of its codes that is one of ISO 10383, with four letters."""
    return names[0], next((code for code in names[1:] if len(code) == 4), names[1])  # noqa: PLR2004


def checked_place(country: str, region: str) -> tuple[str, str]:
    """Country (or market) and region, in the form in which they are stored.

    Raises:
        Invalid: there is no such country, or it has no such region; the message names those that
            it has.
    """
    code = country.strip().upper()
    if code not in {place.code for place in places("en")}:
        raise Invalid(
            _("The public holidays of “%(code)s” are not known.", code=country), field="country"
        )
    wanted = region.strip()
    if not wanted:
        return code, ""
    known = regions(code)
    for part, names in known.items():
        if wanted.casefold() in {one.casefold() for one in (part, f"{code}-{part}", *names)}:
            return code, part
    raise Invalid(
        _(
            "“%(region)s” is not a region of %(code)s. Its regions are: %(known)s.",
            region=region,
            code=code,
            known=", ".join(sorted(known)[:_MOST_NAMED]),
        )
        if known
        else _("%(code)s has no regions with holidays of their own.", code=code),
        field="region",
    )


def regions(code: str) -> dict[str, tuple[str, ...]]:
    """The regions of a country, with their names."""
    aliases = _known(code).get_subdivision_aliases()
    return {str(part): tuple(map(str, names)) for part, names in aliases.items()}


def holidays_of(code: str, region: str, year: int) -> dict[date, str]:
    """The public holidays of a year, days off in lieu included, by day.

    Arguments:
        code: as :func:`checked_place` returns it, and likewise the region.
    """
    found = _computed(code, region, year)
    return {
        day: name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
        for day, name in sorted(found.items())
        if day.year == year
    }


@lru_cache(maxsize=512)
def _language(code: str) -> str | None:
    """The country's own language; left open, the library would take that of the server."""
    language: str | None = _known(code).default_language
    return language


def _known(code: str, **options: Any) -> HolidayBase:
    # Imported when it is asked for: it takes a twentieth of the start of a process.
    import holidays

    if len(code) > 2:  # noqa: PLR2004 - the codes of countries have two letters
        return holidays.financial_holidays(code, expand=False, **options)
    return holidays.country_holidays(code, expand=False, **options)


def _computed(code: str, region: str, year: int) -> HolidayBase:
    options: dict[str, Any] = {"subdiv": region} if region else {}
    return _known(code, years=(year,), language=_language(code), **options)
