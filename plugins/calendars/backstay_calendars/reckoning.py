"""A calendar in memory: business days, due dates and working time without asking the database."""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from backstay.contracts.calendars import (
    CalendarDay,
    CalendarRef,
    DayKind,
    NotCovered,
    Roll,
    Span,
    Term,
    TermUnit,
)
from backstay.spi import Invalid
from backstay.spi import gettext as _
from backstay_calendars.time_of_day import instant_at

_DAY: Final = timedelta(days=1)
_NO_TIME: Final = timedelta(0)
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Week:
    """Working time by weekday, Monday first, from a day on."""

    valid_from: date
    spans: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True)
class LoadedCalendar:
    """Implements the protocol ``WorkCalendar``.

    Arguments:
        weeks: by their first day, oldest first; the oldest holds for all days before it too.
        holidays: names of the public holidays.
        special: the company's own days. Those that are worked win over holidays and weeks; closed
            ones close what would be worked, so that a holiday among them stays a holiday.
    """

    ref: CalendarRef
    first_day: date
    last_day: date
    weeks: tuple[Week, ...]
    holidays: Mapping[date, str]
    special: Mapping[date, CalendarDay]

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone whose clock the working hours follow."""
        return ZoneInfo(self.ref.time_zone)

    @cached_property
    def _starts(self) -> list[date]:
        return [week.valid_from for week in self.weeks]

    @cached_property
    def _instants(self) -> dict[date, tuple[tuple[datetime, datetime], ...]]:
        return {}

    def on(self, day: date) -> CalendarDay:
        """What sort of day it is, with its working time."""
        if not self.first_day <= day <= self.last_day:
            raise self._not_covered(day)
        special = self.special.get(day)
        if special is not None and special.is_business_day:
            return special
        if (name := self.holidays.get(day)) is not None:
            return CalendarDay(day, DayKind.HOLIDAY, name)
        spans = self._week(day).spans[day.weekday()]
        if spans and special is not None:
            return special
        return CalendarDay(day, DayKind.WORKING if spans else DayKind.WEEKEND, "", spans)

    def is_business_day(self, day: date) -> bool:
        """Whether anybody works on it."""
        return self.on(day).is_business_day

    def roll(self, day: date, convention: Roll) -> date:
        """The day itself where it is a business day, or else what the convention makes of it."""
        if convention is Roll.NONE or self.is_business_day(day):
            return day
        backwards = convention in {Roll.PRECEDING, Roll.MODIFIED_PRECEDING}
        rolled = self._nearest(day, -1 if backwards else 1)
        modified = convention in {Roll.MODIFIED_FOLLOWING, Roll.MODIFIED_PRECEDING}
        if modified and rolled.month != day.month:
            rolled = self._nearest(day, 1 if backwards else -1)
        return rolled

    def add_business_days(self, day: date, count: int) -> date:
        """The business day that lies so many business days after a day, or before it."""
        if count == 0:
            return self.roll(day, Roll.FOLLOWING)
        for _number in range(abs(count)):
            day = self._nearest(day, 1 if count > 0 else -1)
        return day

    def business_days_between(self, start: date, end: date) -> int:
        """How many business days lie after ``start``, up to and including ``end``."""
        if end < start:
            return -self._count(end, start - _DAY)
        return self._count(start + _DAY, end)

    def business_day_of_month(self, year: int, month: int, position: int) -> date:
        """The first (1), second (2) ... or last (-1), last but one (-2) ... of a month."""
        length = monthrange(year, month)[1]
        days = [date(year, month, number) for number in range(1, length + 1)]
        found = [day for day in days if self.is_business_day(day)]
        if position == 0 or abs(position) > len(found):
            raise Invalid(
                _(
                    "%(month)s has %(count)s business days in calendar %(code)s, counted from 1"
                    " or, from its end, from -1; there is no number %(position)s.",
                    month=f"{year:04d}-{month:02d}",
                    count=len(found),
                    code=self.ref.code,
                    position=position,
                ),
                field="position",
            )
        return found[position - 1 if position > 0 else position]

    def due(self, start: date, term: Term) -> date:
        """The day that lies a term after a day."""
        try:
            if term.unit is TermUnit.BUSINESS_DAYS:
                day = self.add_business_days(start, term.count)
            elif term.unit is TermUnit.MONTHS:
                day = _add_months(start, term.count)
            else:
                day = start + timedelta(days=term.count)
        except (OverflowError, ValueError) as beyond:
            raise self._not_covered(date.max if term.count > 0 else date.min) from beyond
        if term.end_of_month:
            day = day.replace(day=monthrange(day.year, day.month)[1])
        return self.roll(day, term.roll)

    def add_working_time(self, start: datetime, duration: timedelta) -> datetime:
        """The instant at which so much working time has passed since ``start``, in UTC."""
        start = _in_utc(start)
        day = start.astimezone(self.zone).date()
        if duration < _NO_TIME:
            return self._back(start, day, -duration)
        return self._on(start, day, duration)

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time passes from one instant to another; negative backwards."""
        start, end = _in_utc(start), _in_utc(end)
        if end < start:
            return -self.working_time_between(end, start)
        total = _NO_TIME
        day, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        while day <= last:
            for opens, closes in self._open(day):
                total += max(min(closes, end) - max(opens, start), _NO_TIME)
            day += _DAY
        return total

    def days(self, first: date, last: date) -> Iterator[CalendarDay]:
        """The days from one to another, both included, without those that it does not cover."""
        day, last = max(first, self.first_day), min(last, self.last_day)
        while day <= last:
            yield self.on(day)
            day += _DAY

    def _on(self, start: datetime, day: date, left: timedelta) -> datetime:
        while True:
            for opens, closes in self._open(day):
                begins = max(opens, start)
                if begins < closes:
                    if left <= closes - begins:
                        return begins + left
                    left -= closes - begins
            day = self._beside(day, 1)

    def _back(self, start: datetime, day: date, left: timedelta) -> datetime:
        while True:
            for opens, closes in reversed(self._open(day)):
                ends = min(closes, start)
                if ends > opens:
                    if left <= ends - opens:
                        return ends - left
                    left -= ends - opens
            day = self._beside(day, -1)

    def _open(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The working time of a day as instants; spans that the clock skips are left out."""
        found = self._instants.get(day)
        if found is None:
            pairs = [
                (instant_at(self.zone, day, span.starts), instant_at(self.zone, day, span.ends))
                for span in self.on(day).spans
            ]
            found = tuple(pair for pair in pairs if pair[0] < pair[1])
            self._instants[day] = found
        return found

    def _week(self, day: date) -> Week:
        return self.weeks[max(bisect_right(self._starts, day) - 1, 0)]

    def _nearest(self, day: date, step: int) -> date:
        """The next business day after a day, or the last one before it."""
        day = self._beside(day, step)
        while not self.is_business_day(day):
            day = self._beside(day, step)
        return day

    def _beside(self, day: date, step: int) -> date:
        # Checked here, so that a walk ends where the calendar ends, and never at the end of time.
        if not self.first_day <= day <= self.last_day:
            raise self._not_covered(day)
        if day == (self.last_day if step > 0 else self.first_day):
            raise self._not_covered(day)
        return day + step * _DAY

    def _count(self, first: date, last: date) -> int:
        days = (last - first).days + 1
        return sum(self.is_business_day(first + number * _DAY) for number in range(days))

    def _not_covered(self, day: date) -> NotCovered:
        message = (
            _(
                "A day before %(first)s is needed, but calendar %(code)s knows the public holidays"
                " from %(first)s to %(last)s only. Add years on the page of the calendar.",
                code=self.ref.code,
                first=self.first_day,
                last=self.last_day,
            )
            if day <= self.first_day
            else _(
                "A day after %(last)s is needed, but calendar %(code)s knows the public holidays"
                " from %(first)s to %(last)s only. Add years on the page of the calendar.",
                code=self.ref.code,
                first=self.first_day,
                last=self.last_day,
            )
        )
        return NotCovered(message)


def _add_months(day: date, count: int) -> date:
    years, month = divmod(day.month - 1 + count, _MONTHS)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _in_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        message = "an instant needs a time zone"
        raise ValueError(message)
    return instant.astimezone(UTC)
