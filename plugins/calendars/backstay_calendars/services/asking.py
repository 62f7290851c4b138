"""When something is due and whether a day is a business day: asked by programs and on a console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final

from sqlalchemy.orm import Session

from backstay.contracts.calendars import Roll, Term, TermUnit
from backstay.spi import (
    BoolField,
    Choice,
    ChoiceField,
    DateField,
    Invalid,
    NumberField,
    authorize,
    lazy,
)
from backstay.spi import gettext as _
from backstay_calendars.permissions import CALENDAR_VIEW
from backstay_calendars.reckoning import LoadedCalendar
from backstay_calendars.services.loading import calendars_in_use, load_calendar

MOST: Final = 100_000
"""Of whatever unit: more is mistyped."""
UNITS: Final = (
    Choice(TermUnit.BUSINESS_DAYS.value, lazy("Business days")),
    Choice(TermUnit.DAYS.value, lazy("Calendar days")),
    Choice(TermUnit.MONTHS.value, lazy("Months")),
)
ROLLS: Final = (
    Choice(Roll.FOLLOWING.value, lazy("Following")),
    Choice(Roll.MODIFIED_FOLLOWING.value, lazy("Modified following")),
    Choice(Roll.PRECEDING.value, lazy("Preceding")),
    Choice(Roll.MODIFIED_PRECEDING.value, lazy("Modified preceding")),
    Choice(Roll.NONE.value, lazy("As it is")),
)


def calendar_choices(session: Session) -> tuple[Choice, ...]:
    """The calendars in use, by code."""
    return tuple(Choice(one.code, f"{one.code} {one.name}") for one in calendars_in_use(session))


_CALENDAR: Final = ChoiceField(
    label=lazy("Calendar"),
    help=lazy("Its code. Empty: the company's default."),
    choices=calendar_choices,
    blank=lazy("The default"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReckonDue:
    """A due date, asked for.

    Arguments:
        count: negative counts back.
    """

    start: Annotated[date, DateField(label=lazy("From"))]
    count: Annotated[int, NumberField(label=lazy("Number"), minimum=-MOST, maximum=MOST)]
    unit: Annotated[TermUnit, ChoiceField(label=lazy("Of"), choices=UNITS)] = TermUnit.BUSINESS_DAYS
    roll: Annotated[Roll, ChoiceField(label=lazy("On a free day"), choices=ROLLS)] = Roll.FOLLOWING
    end_of_month: Annotated[bool, BoolField(label=lazy("End of the month"))] = False
    calendar: Annotated[str, _CALENDAR] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskDay:
    """A day about which something is asked."""

    day: Annotated[date, DateField(label=lazy("Day"))]
    calendar: Annotated[str, _CALENDAR] = ""


@dataclass(frozen=True, slots=True)
class DueDate:
    """When something is due.

    Arguments:
        calendar: code of the calendar that says so.
        business_days: how many business days lie after the start, up to and including the due day.
    """

    due: date
    calendar: str
    is_business_day: bool
    business_days: int


@dataclass(frozen=True, slots=True)
class DayAnswer:
    """What a calendar takes a day for.

    Arguments:
        kind: ``working``, ``weekend``, ``holiday``, ``closed`` or ``extra``.
        name: of the holiday or the closing, empty for ordinary days.
        next_business_day: the day itself where it is one.
    """

    day: date
    calendar: str
    is_business_day: bool
    kind: str
    name: str
    next_business_day: date


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day on which nobody works, that has a name."""

    day: date
    kind: str
    name: str


def reckon_due(session: Session, command: ReckonDue) -> DueDate:
    """Reckon a due date.

    Raises:
        Invalid: a choice is unknown, or the number too large.
        NotCovered: the calendar does not know the holidays of that time.
        NotFound: there is no such calendar, or no default.
    """
    authorize(session, CALENDAR_VIEW)
    if abs(command.count) > MOST:
        raise Invalid(
            _("%(count)s is more than can be reckoned.", count=command.count), field="count"
        )
    work = load_calendar(session, command.calendar)
    term = Term(command.count, command.unit, command.roll, command.end_of_month)
    due = work.due(command.start, term)
    return DueDate(
        due,
        work.ref.code,
        work.is_business_day(due),
        work.business_days_between(command.start, due),
    )


def ask_day(session: Session, command: AskDay) -> DayAnswer:
    """Say whether a day is a business day, and if not, why.

    Raises:
        NotCovered: the calendar does not know the holidays of that time.
        NotFound: there is no such calendar, or no default.
    """
    authorize(session, CALENDAR_VIEW)
    work = load_calendar(session, command.calendar)
    found = work.on(command.day)
    return DayAnswer(
        command.day,
        work.ref.code,
        found.is_business_day,
        found.kind.value,
        found.name,
        work.roll(command.day, Roll.FOLLOWING),
    )


def holidays_in(
    session: Session, year: int, calendar: str = ""
) -> tuple[LoadedCalendar, list[Holiday]]:
    """The named days of a year on which nobody works: public holidays and closing days.

    Raises:
        NotCovered: the calendar does not know the year.
        NotFound: there is no such calendar, or no default.
    """
    authorize(session, CALENDAR_VIEW)
    work = load_calendar(session, calendar)
    first, last = date(year, 1, 1), date(year, 12, 31)
    work.on(first)  # refuses a year that it does not know
    days = (work.on(first + timedelta(days=number)) for number in range((last - first).days + 1))
    named = [
        Holiday(one.day, one.kind.value, one.name)
        for one in days
        if one.name and not one.is_business_day
    ]
    return work, named
