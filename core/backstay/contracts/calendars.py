"""The contract of work calendars: business days, working time and due dates of a company.

SLAs, filings, leave and payments ask it what day something is due. A calendar is loaded once and
answers from memory, so reckoning a thousand due dates costs the queries of one::

    calendar = require(session, Calendars).load(session)
    for invoice in invoices:
        invoice.due_on = calendar.due(invoice.date, Term(30, TermUnit.DAYS, Roll.FOLLOWING))

Business dates are ``date``; instants are aware ``datetime`` and come back in UTC. A business day is
a day with working time. Public holidays are stored for each year, so that an answer about the past
never changes; asking outside the stored years is refused, not guessed.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from backstay.errors import Invalid

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta
    from fractions import Fraction

    from sqlalchemy.orm import Session


class NotCovered(Invalid):
    """A day outside the years for which the calendar knows the public holidays.

    The message names the calendar and its years, and says how to add more.
    """


class Roll(enum.Enum):
    """What becomes of a date that is no business day.

    Source: the business day conventions of the 2006 ISDA Definitions, section 4.12.
    """

    NONE = "none"
    """It stays (ISDA: unadjusted)."""
    FOLLOWING = "following"
    """The next business day."""
    MODIFIED_FOLLOWING = "modified_following"
    """The next business day, unless that lies in the next month: then the one before."""
    PRECEDING = "preceding"
    """The business day before."""
    MODIFIED_PRECEDING = "modified_preceding"
    """The business day before, unless that lies in the month before: then the next."""


class DayCount(enum.Enum):
    """How much of a year lies between two dates.

    Source: the day count fractions of the 2006 ISDA Definitions, section 4.16.
    """

    ACTUAL_360 = "actual/360"
    """Calendar days over 360: 4.16(e), money markets in EUR and USD."""
    ACTUAL_365 = "actual/365"
    """Calendar days over 365: 4.16(d), Actual/365 (Fixed), money markets in GBP."""
    ACTUAL_ACTUAL = "actual/actual"
    """Calendar days over the length of the year each lies in: 4.16(b), Actual/Actual (ISDA)."""
    THIRTY_360 = "30/360"
    """Months of 30 days: 4.16(f), bond basis."""
    THIRTY_E_360 = "30E/360"
    """Months of 30 days, each 31st counted as the 30th: 4.16(g), Eurobond basis."""


class TermUnit(enum.Enum):
    """What a term is counted in."""

    DAYS = "days"
    """Calendar days."""
    BUSINESS_DAYS = "business_days"
    MONTHS = "months"
    """Calendar months: the same day of another month, or its last one (31 January: 28 February)."""


@dataclass(frozen=True, slots=True)
class Term:
    """How long after (or before) a day something is due.

    Arguments:
        count: negative counts backwards.
        roll: what becomes of a due date that is no business day; business days need none.
        end_of_month: the last day of the month that the term ends in (“30 days end of month”),
            before it is rolled.
    """

    count: int
    unit: TermUnit = TermUnit.DAYS
    roll: Roll = Roll.FOLLOWING
    end_of_month: bool = False


class DayKind(enum.Enum):
    """What sort of day a calendar takes a day for."""

    WORKING = "working"
    WEEKEND = "weekend"
    """A weekday without working hours."""
    HOLIDAY = "holiday"
    """A public holiday."""
    CLOSED = "closed"
    """A closing day of the company."""
    EXTRA = "extra"
    """A working day of the company where the week or a holiday would make it free."""


@dataclass(frozen=True, slots=True)
class Span:
    """Working time without a break, on the clock of the calendar's time zone.

    Arguments:
        starts: minutes since midnight, 0 to 1439.
        ends: minutes since midnight, at most 1440, which is the midnight that ends the day.
    """

    starts: int
    ends: int


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day as a calendar sees it.

    Arguments:
        name: of the holiday or the closing, empty for ordinary days.
        spans: its working time in order; a business day has some, no other day has.
    """

    day: date
    kind: DayKind
    name: str = ""
    spans: tuple[Span, ...] = ()

    @property
    def is_business_day(self) -> bool:
        """Whether anybody works."""
        return bool(self.spans)


@dataclass(frozen=True, slots=True)
class CalendarRef:
    """A calendar that can be chosen.

    Arguments:
        code: unique in the company.
        time_zone: IANA name.
        site: the place of work that it is for, empty for none.
    """

    code: str
    name: str
    time_zone: str
    is_default: bool
    site: str = ""


class WorkCalendar(Protocol):
    """A calendar in memory; no method asks the database.

    All methods raise ``NotCovered`` where the answer depends on a day before ``first_day`` or after
    ``last_day``.
    """

    @property
    def ref(self) -> CalendarRef:
        """Which calendar it is."""
        ...

    @property
    def first_day(self) -> date:
        """The first day that it knows about."""
        ...

    @property
    def last_day(self) -> date:
        """The last day that it knows about."""
        ...

    def on(self, day: date) -> CalendarDay:
        """What sort of day it is, with its working time."""
        ...

    def is_business_day(self, day: date) -> bool:
        """Whether anybody works on it."""
        ...

    def roll(self, day: date, convention: Roll) -> date:
        """The day itself where it is a business day, or else what the convention makes of it."""
        ...

    def add_business_days(self, day: date, count: int) -> date:
        """The business day that lies so many business days after a day, or before it.

        Arguments:
            count: 1 is the next business day after ``day``, -1 the last one before it. 0 is the
                day itself, or the next business day where it is none.
        """
        ...

    def business_days_between(self, start: date, end: date) -> int:
        """How many business days lie after ``start``, up to and including ``end``.

        Negative where ``end`` is earlier: those before ``start``, from ``end`` on. So for each
        n but 0, ``business_days_between(day, add_business_days(day, n))`` is n.
        """
        ...

    def business_day_of_month(self, year: int, month: int, position: int) -> date:
        """The first (1), second (2) ... or last (-1), last but one (-2) ... of a month.

        Raises:
            Invalid: the month has fewer business days, or ``position`` is 0.
        """
        ...

    def due(self, start: date, term: Term) -> date:
        """The day that lies a term after a day."""
        ...

    def add_working_time(self, start: datetime, duration: timedelta) -> datetime:
        """The instant at which so much working time has passed since ``start``, in UTC.

        Working time is time that really passes: in a night that loses an hour to summer time, a
        span from 0:00 to 8:00 is seven hours. An end of work counts, so eight hours from nine
        o'clock end at the close of an eight-hour day, not at the next morning's opening.

        Arguments:
            start: aware; it may lie outside working time.
            duration: negative counts backwards; zero gives ``start`` itself within working time,
                and else the next opening.

        Raises:
            ValueError: ``start`` is naive.
        """
        ...

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time passes from one instant to another; negative backwards.

        Raises:
            ValueError: one of them is naive.
        """
        ...


class Calendars(Protocol):
    """The calendars of the company that the session works in.

    Asks for no permission: a due date is reckoned for people who may not see the calendar's pages.
    """

    def load(self, session: Session, code: str = "", *, site: str = "") -> WorkCalendar:
        """Load a calendar with all that it needs, in a fixed number of queries.

        Arguments:
            code: of the calendar; a retired one can still be asked.
            site: where no code is given, the calendar of this place of work, or else the default.

        Raises:
            NotFound: the company has no calendar of the code, or no default.
        """
        ...

    def all(self, session: Session) -> list[CalendarRef]:
        """The calendars in use, the default first, then by code."""
        ...

    def year_fraction(self, start: date, end: date, basis: DayCount) -> Fraction:
        """How much of a year lies between two dates, exactly; negative where ``end`` is earlier."""
        ...
