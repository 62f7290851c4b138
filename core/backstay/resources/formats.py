"""Numbers, amounts, dates and instants in the reader's locale, fast enough for tables.

Babel takes about 20 microseconds a value; tables need thousands. Its symbols are read once per
locale here, and its date texts are kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date as babel_date
from babel.dates import format_datetime as babel_datetime
from babel.numbers import format_decimal

from backstay.db.types import to_units

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN_GROUPS: Final = (3, 3)
_MAX_DECIMALS: Final = 4


@lru_cache(maxsize=64)
def babel_locale(name: str) -> Locale:
    """Babel's locale for a language code; English for one that it does not know."""
    try:
        return Locale.parse(name, sep="-" if "-" in name else "_")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Symbols:
    """How a locale writes numbers."""

    decimal: str
    group: str
    minus: str
    plain_groups: bool
    """Whether digits are grouped by three throughout."""


@lru_cache(maxsize=64)
def symbols(locale: str) -> Symbols:
    """The number symbols of a locale."""
    known = babel_locale(locale)
    found = known.number_symbols.get("latn") or known.number_symbols
    grouping = known.decimal_formats[None].grouping
    return Symbols(
        decimal=str(found.get("decimal", ".")),
        group=str(found.get("group", ",")),
        minus=str(found.get("minusSign", "-")),
        plain_groups=tuple(grouping) == _PLAIN_GROUPS,
    )


@lru_cache(maxsize=256)
def money_formatter(locale: str, minor_units: int) -> Callable[[Decimal], str]:
    """A function that writes amounts with the currency's decimals (more only where they are)."""
    marks = symbols(locale)
    table = str.maketrans({",": marks.group, ".": marks.decimal, "-": marks.minus})
    whole = 10 ** (_MAX_DECIMALS - minor_units)

    def write(amount: Decimal) -> str:
        digits = minor_units if to_units(amount) % whole == 0 else _MAX_DECIMALS
        if not marks.plain_groups:
            pattern = "#,##,##0" + ("." + "0" * digits if digits else "")
            return str(format_decimal(amount, format=pattern, locale=babel_locale(locale)))
        return f"{amount:,.{digits}f}".translate(table)

    return write


def number(value: float | Decimal, locale: str) -> str:
    """A count or quantity with the locale's grouping, without trailing zeros."""
    marks = symbols(locale)
    table = str.maketrans({",": marks.group, ".": marks.decimal, "-": marks.minus})
    if isinstance(value, Decimal):
        value = value.normalize() + 0
        return f"{value:,f}".translate(table)
    return f"{value:,}".translate(table)


@lru_cache(maxsize=16_384)
def date_text(day: date, locale: str) -> str:
    """A business date in the locale's medium form."""
    return str(babel_date(day, "medium", locale=babel_locale(locale)))


@lru_cache(maxsize=8_192)
def instant_text(at: datetime, time_zone: str, locale: str) -> str:
    """An instant, to the minute, in a time zone."""
    local = at.astimezone(zone(time_zone))
    known = babel_locale(locale)
    day = babel_date(local.date(), "medium", locale=known)
    return f"{day}, {babel_datetime(local, 'HH:mm', locale=known)}"


def instant_iso(at: datetime) -> str:
    """An instant as machines read it, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def plain_money(amount: Decimal, minor_units: int) -> str:
    """An amount for files: a point, no groups, the currency's decimals."""
    digits = minor_units
    if to_units(amount) % 10 ** (_MAX_DECIMALS - minor_units):
        digits = _MAX_DECIMALS
    return f"{amount:.{digits}f}"


@lru_cache(maxsize=64)
def _typed_number(locale: str) -> re.Pattern[str]:
    marks = symbols(locale)
    # Spaces of any kind group digits wherever people type them.
    group = re.escape(marks.group) if marks.group.strip() else ""
    decimal = re.escape(marks.decimal)
    grouped = rf"\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}}" if group else r"\d+"
    return re.compile(rf"(?P<sign>[-+]?)(?P<whole>{grouped}|\d+)(?:{decimal}(?P<part>\d*))?")


def read_decimal(text: str, locale: str) -> Decimal:
    """A number as people type it in their locale, or with a decimal point as machines write it.

    Raises:
        ValueError: it is no number, or could be read in two ways.
    """
    typed = re.sub(r"[\s\u00a0\u202f'’]", "", text).replace("\u2212", "-")  # noqa: RUF001
    found = _typed_number(locale).fullmatch(typed)
    if found:
        whole = re.sub(r"\D", "", found["whole"])
        typed = f"{found['sign']}{whole}.{found['part'] or '0'}"
    elif not re.fullmatch(r"[-+]?\d*\.?\d+", typed):
        raise ValueError(text)
    try:
        return Decimal(typed)
    except InvalidOperation as error:  # an absurd number of digits
        raise ValueError(text) from error


def editable_decimal(value: Decimal, locale: str, minor_units: int) -> str:
    """An amount as it stands in an input: the locale's decimal mark, no groups."""
    return plain_money(value, minor_units).replace(".", symbols(locale).decimal)
