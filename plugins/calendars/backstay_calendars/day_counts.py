"""Day count fractions of the 2006 ISDA Definitions, section 4.16, exactly."""

from __future__ import annotations

from calendar import isleap
from datetime import date
from fractions import Fraction
from typing import Final

from backstay.contracts.calendars import DayCount

_MONTH: Final = 30
_YEAR: Final = 360


def year_fraction(start: date, end: date, basis: DayCount) -> Fraction:
    """How much of a year lies between two dates; the first counts, the last does not.

    Arguments:
        end: where it is earlier than ``start`` the result is negative.
    """
    if end < start:
        return -year_fraction(end, start, basis)
    match basis:
        case DayCount.ACTUAL_360:
            return Fraction((end - start).days, _YEAR)
        case DayCount.ACTUAL_365:
            return Fraction((end - start).days, 365)
        case DayCount.ACTUAL_ACTUAL:
            return _actual_actual(start, end)
        case DayCount.THIRTY_360:
            first = min(start.day, _MONTH)
            last = _MONTH if end.day > _MONTH and first == _MONTH else end.day
            return _thirty(start, end, first, last)
        case DayCount.THIRTY_E_360:
            return _thirty(start, end, min(start.day, _MONTH), min(end.day, _MONTH))


def _thirty(start: date, end: date, first: int, last: int) -> Fraction:
    months = (end.year - start.year) * 12 + end.month - start.month
    return Fraction(months * _MONTH + last - first, _YEAR)


def _actual_actual(start: date, end: date) -> Fraction:
    total = Fraction(0)
    for year in range(start.year, end.year + 1):
        days = (min(end, date(year + 1, 1, 1)) - max(start, date(year, 1, 1))).days
        total += Fraction(days, 366 if isleap(year) else 365)
    return total
