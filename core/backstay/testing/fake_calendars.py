"""A stand-in for the calendars of a company, for plugins that reckon due dates."""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from backstay.contracts.calendars import (
    CalendarDay,
    CalendarRef,
    DayCount,
    DayKind,
    NotCovered,
    Roll,
    Span,
    Term,
    TermUnit,
)
from backstay.db.context import company_of
from backstay.errors import Invalid, NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_DAY: Final = timedelta(days=1)
_OFFICE: Final = (Span(9 * 60, 17 * 60),)
_SATURDAY: Final = 5
_BACKWARDS: Final = frozenset({Roll.PRECEDING, Roll.MODIFIED_PRECEDING})


@dataclass(frozen=True)
class FakeCalendar:
    """Monday to Friday from nine to five on the clock of UTC, but for the holidays.

    Arguments:
        holidays: names of days on which nobody works.
    """

    ref: CalendarRef
    holidays: Mapping[date, str]
    first_day: date
    last_day: date

    def on(self, day: date) -> CalendarDay:
        """What sort of day it is, with its working time."""
        self._covered(day)
        if day in self.holidays:
            return CalendarDay(day, DayKind.HOLIDAY, self.holidays[day])
        if day.weekday() >= _SATURDAY:
            return CalendarDay(day, DayKind.WEEKEND)
        return CalendarDay(day, DayKind.WORKING, "", _OFFICE)

    def is_business_day(self, day: date) -> bool:
        """Whether anybody works on it."""
        return self.on(day).is_business_day

    def roll(self, day: date, convention: Roll) -> date:
        """The day itself where it is a business day, or else what the convention makes of it."""
        if convention is Roll.NONE or self.is_business_day(day):
            return day
        step = -1 if convention in _BACKWARDS else 1
        rolled = self._next(day, step)
        modified = convention in {Roll.MODIFIED_FOLLOWING, Roll.MODIFIED_PRECEDING}
        return self._next(day, -step) if modified and rolled.month != day.month else rolled

    def add_business_days(self, day: date, count: int) -> date:
        """The business day that lies so many business days after a day, or before it."""
        if count == 0:
            return self.roll(day, Roll.FOLLOWING)
        for _number in range(abs(count)):
            day = self._next(day, 1 if count > 0 else -1)
        return day

    def business_days_between(self, start: date, end: date) -> int:
        """How many business days lie after ``start``, up to and including ``end``."""
        if end < start:
            return -sum(map(self.is_business_day, _days(end, start)))
        return sum(map(self.is_business_day, _days(start + _DAY, end + _DAY)))

    def business_day_of_month(self, year: int, month: int, position: int) -> date:
        """The first (1), second (2) ... or last (-1), last but one (-2) ... of a month.

        Raises:
            Invalid: there is no such business day.
        """
        first = date(year, month, 1)
        days = _days(first, first + monthrange(year, month)[1] * _DAY)
        found = [day for day in days if self.is_business_day(day)]
        if not 1 <= abs(position) <= len(found):
            raise Invalid(f"{first:%Y-%m} has {len(found)} business days.", field="position")
        return found[position - 1 if position > 0 else position]

    def due(self, start: date, term: Term) -> date:
        """The day that lies a term after a day."""
        try:
            if term.unit is TermUnit.BUSINESS_DAYS:
                day = self.add_business_days(start, term.count)
            elif term.unit is TermUnit.MONTHS:
                years, month = divmod(start.month - 1 + term.count, 12)
                year, month = start.year + years, month + 1
                day = date(year, month, min(start.day, monthrange(year, month)[1]))
            else:
                day = start + term.count * _DAY
        except (OverflowError, ValueError) as beyond:
            raise NotCovered(f"The calendar {self.ref.code} does not reach so far.") from beyond
        if term.end_of_month:
            day = day.replace(day=monthrange(day.year, day.month)[1])
        return self.roll(day, term.roll)

    def add_working_time(self, start: datetime, duration: timedelta) -> datetime:
        """The instant at which so much working time has passed since ``start``, in UTC.

        Raises:
            ValueError: ``start`` is naive.
        """
        at, left, ahead = _in_utc(start), abs(duration), duration >= timedelta(0)
        day = at.date()
        while True:
            for opens, closes in self._open(day):
                begins, ends = (max(opens, at), closes) if ahead else (opens, min(closes, at))
                if begins < ends:
                    if left <= ends - begins:
                        return begins + left if ahead else ends - left
                    left -= ends - begins
            day += _DAY if ahead else -_DAY

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time passes from one instant to another; negative backwards.

        Raises:
            ValueError: one of them is naive.
        """
        start, end = _in_utc(start), _in_utc(end)
        if end < start:
            return -self.working_time_between(end, start)
        total = timedelta(0)
        for day in _days(start.date(), end.date() + _DAY):
            for opens, closes in self._open(day):
                total += max(min(closes, end) - max(opens, start), timedelta(0))
        return total

    def _open(self, day: date) -> list[tuple[datetime, datetime]]:
        midnight = datetime.combine(day, time(), UTC)
        return [
            (midnight + timedelta(minutes=span.starts), midnight + timedelta(minutes=span.ends))
            for span in self.on(day).spans
        ]

    def _next(self, day: date, step: int) -> date:
        day += step * _DAY
        while not self.is_business_day(day):
            day += step * _DAY
        return day

    def _covered(self, day: date) -> None:
        if not self.first_day <= day <= self.last_day:
            raise NotCovered(f"The calendar {self.ref.code} does not know {day}.")


@dataclass
class FakeCalendars:
    """Calendars in memory, for ``provide(Calendars, FakeCalendars())``; all have the same days.

    Arguments:
        codes: of the calendars, the default first; empty for a company that has none.
        holidays: names of days on which nobody works.
        sites: the calendar of each place of work.
        first_day, last_day: asked beyond them, a calendar refuses.
    """

    codes: tuple[str, ...] = ("OFFICE",)
    holidays: Mapping[date, str] = field(default_factory=dict)
    sites: Mapping[str, str] = field(default_factory=dict)
    first_day: date = date(2000, 1, 1)
    last_day: date = date(2099, 12, 31)

    def load(self, session: Session, code: str = "", *, site: str = "") -> FakeCalendar:
        """Load a calendar by its code, its place of work, or the default.

        Raises:
            NotFound: there is no calendar of the code, or no default.
        """
        company_of(session)
        found = code or self.sites.get(site) or next(iter(self.codes), "")
        if found not in self.codes:
            raise NotFound(f"There is no calendar “{code}” in this company.")
        return FakeCalendar(self._ref(found), self.holidays, self.first_day, self.last_day)

    def all(self, session: Session) -> list[CalendarRef]:
        """The calendars in use, the default first, then by code."""
        company_of(session)
        return [self._ref(code) for code in (*self.codes[:1], *sorted(self.codes[1:]))]

    def year_fraction(self, start: date, end: date, basis: DayCount) -> Fraction:
        """How much of a year lies between two dates, exactly; negative where ``end`` is earlier."""
        if end < start:
            return -self.year_fraction(end, start, basis)
        if basis is DayCount.ACTUAL_ACTUAL:
            return sum(
                (Fraction(1, 366 if isleap(day.year) else 365) for day in _days(start, end)),
                Fraction(0),
            )
        if basis in {DayCount.ACTUAL_360, DayCount.ACTUAL_365}:
            return Fraction((end - start).days, 360 if basis is DayCount.ACTUAL_360 else 365)
        first, last = min(start.day, 30), end.day
        if basis is DayCount.THIRTY_E_360 or first == 30:  # noqa: PLR2004 - the months have 30 days
            last = min(last, 30)
        months = (end.year - start.year) * 12 + end.month - start.month
        return Fraction(months * 30 + last - first, 360)

    def _ref(self, code: str) -> CalendarRef:
        site = next((site for site, one in self.sites.items() if one == code), "")
        return CalendarRef(code, code.title(), "UTC", code == self.codes[0], site)


def _days(first: date, end: date) -> list[date]:
    """The days from one to another, which is not among them."""
    return [first + number * _DAY for number in range((end - first).days)]


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        message = "an instant needs a time zone"
        raise ValueError(message)
    return instant.astimezone(UTC)


__all__ = ["FakeCalendar", "FakeCalendars"]
