"""Dates as people type them all day: ``15``, ``15.3``, ``0315``, ``t``, ``+3``, ``-1``.

``static/js/dates.js`` is the other half; docs/reference/typing.md is the published table, and the
tests of both halves read it. A form that different countries read differently (3/4) is refused.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from backstay.i18n import gettext as _

_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DOTS: Final = re.compile(r"([0-9]{1,2})\.(?:([0-9]{1,2})\.?([0-9]{4}|[0-9]{2})?)?")
_DIGITS: Final = re.compile(r"([0-9]{4}|[0-9]{2})?([0-9]{2})([0-9]{2})")
_OFFSET: Final = re.compile(r"([+-])([0-9]{1,4})")
_CENTURY: Final = 2000
_SHORT_YEAR: Final = 2


class NoDate(ValueError):
    """A text that is no date; the message says why, for whoever typed it."""


def read_day(text: str, today: date) -> date:
    """The day that was typed.

    Arguments:
        today: what ``t``, ``+3`` and missing months and years refer to (the company's today).

    Raises:
        NoDate: it can't be understood, could be read in two ways, or is in no calendar.
    """
    typed = re.sub(r"\s", "", text).replace("\u2212", "-").lower()
    if typed in {"t", "."}:
        return today
    if found := _OFFSET.fullmatch(typed):
        days = int(found[2]) * (1 if found[1] == "+" else -1)
        return today + timedelta(days=days)
    year, month, day = _parts(typed, text)
    try:
        return date(_year(year, today), int(month or today.month), int(day))
    except ValueError:
        raise NoDate(_("“%(text)s” is no day of the calendar.", text=text.strip()[:40])) from None


def _year(typed: str, today: date) -> int:
    if not typed:
        return today.year
    return int(typed) + (_CENTURY if len(typed) == _SHORT_YEAR else 0)


def _parts(typed: str, text: str) -> tuple[str, str, str]:
    """Year, month and day as they were typed; empty where they were left out."""
    if found := _ISO.fullmatch(typed):
        return found[1], found[2], found[3]
    if re.fullmatch(r"[0-9]{1,2}", typed):
        return "", "", typed
    if found := _DIGITS.fullmatch(typed):
        return found[1] or "", found[2], found[3]
    if found := _DOTS.fullmatch(typed):
        return found[3] or "", found[2] or "", found[1]
    raise NoDate(
        _(
            "“%(text)s” is not a date. Write 15, 15.3, 0315 or 2026-03-15; t is today.",
            text=text.strip()[:40],
        )
    )
