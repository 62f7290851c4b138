"""Which public holidays are in force: stored for each year, and never changed for days gone by.

The library knows new laws with each release, and now and then corrects an old year. What a calendar
answers about the past must not change by that. So a year's holidays are stored when the year is
added; an update changes days after today only, and says in the calendar's history what it changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backstay.spi import (
    Conflict,
    Event,
    Invalid,
    NumberField,
    authorize,
    context_of,
    lazy,
    record_event,
    today,
)
from backstay.spi import gettext as _
from backstay_calendars.models import Calendar, CalendarState, PublicHoliday
from backstay_calendars.permissions import CALENDAR_EDIT
from backstay_calendars.public_holidays import SOURCE, YEARS, holidays_of
from backstay_calendars.services.records import get_calendar

YEARS_AHEAD: Final = 5
"""So many years after this one are kept ready."""
_MOST_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AddYears:
    """More years whose public holidays a calendar knows."""

    id: int
    first_year: Annotated[
        int,
        NumberField(
            label=lazy("From year"),
            help=lazy("The years between are added too."),
            minimum=YEARS.start,
            maximum=YEARS.stop - 1,
        ),
    ]
    last_year: Annotated[
        int,
        NumberField(label=lazy("To year"), minimum=YEARS.start, maximum=YEARS.stop - 1),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateHolidays:
    """A calendar whose coming holidays are to be what the library knows now."""

    id: int


def add_years(session: Session, command: AddYears) -> Calendar:
    """Store the public holidays of further years; years that are stored stay as they are.

    Raises:
        Conflict: the calendar keeps no public holidays.
        Invalid: the years are in the wrong order or cannot be asked for.
    """
    authorize(session, CALENDAR_EDIT)
    calendar = get_calendar(session, command.id)
    _refuse_without_country(calendar)
    if command.first_year > command.last_year:
        raise Invalid(_("The last year comes before the first one."), field="last_year")
    if command.first_year not in YEARS or command.last_year not in YEARS:
        raise Invalid(
            _(
                "Years from %(first)s to %(last)s can be added.",
                first=YEARS.start,
                last=YEARS.stop - 1,
            ),
            field="first_year",
        )
    extend_years(session, calendar, command.first_year, command.last_year)
    return calendar


def update_holidays(session: Session, command: UpdateHolidays) -> Calendar:
    """Bring the days after today in line with the library, and add the years that are due.

    Raises:
        Conflict: the calendar keeps no public holidays.
    """
    authorize(session, CALENDAR_EDIT)
    calendar = get_calendar(session, command.id)
    _refuse_without_country(calendar)
    bring_up_to_date(session, calendar)
    return calendar


def update_all(session: Session) -> list[Calendar]:
    """Bring every calendar in use up to date: of the company, or outside one of all companies.

    Returns:
        the calendars that changed.
    """
    authorize(session, CALENDAR_EDIT)
    kept = select(Calendar).where(
        Calendar.country.is_not(None), Calendar.state == CalendarState.IN_USE
    )
    company = context_of(session).company
    if company is not None:
        kept = kept.where(Calendar.company_id == company.id)
    found = session.scalars(kept.order_by(Calendar.company_id, Calendar.code)).all()
    return [calendar for calendar in found if bring_up_to_date(session, calendar)]


def bring_up_to_date(session: Session, calendar: Calendar) -> bool:
    """Update the days after today and add the years that are due; says whether anything changed.

    Part of a larger use case, which has checked its permission.
    """
    changed = _update_coming(session, calendar)
    this_year = today(calendar.time_zone).year
    before = calendar.last_year
    extend_years(session, calendar, this_year - 1, this_year + YEARS_AHEAD)
    return changed or calendar.last_year != before


def extend_years(session: Session, calendar: Calendar, first: int, last: int) -> None:
    """Store the years that are missing, so that the calendar knows all from ``first`` to ``last``.

    Years between those and the ones that it knows are stored too. Part of a larger use case, which
    has checked its permission.
    """
    if calendar.first_year is None or calendar.last_year is None:
        missing = list(range(first, last + 1))
    else:
        missing = [
            *range(first, calendar.first_year),
            *range(calendar.last_year + 1, last + 1),
        ]
    if not missing:
        return
    rows = [
        _row(calendar, day, name)
        for year in missing
        for day, name in holidays_of(calendar.country or "", calendar.region or "", year).items()
    ]
    session.add_all(rows)
    calendar.first_year = min(missing[0], calendar.first_year or missing[0])
    calendar.last_year = max(missing[-1], calendar.last_year or missing[-1])
    session.flush()
    _record(
        session,
        calendar,
        "add_years",
        {"years": f"{missing[0]}-{missing[-1]}", "days": len(rows), "source": SOURCE},
    )


def _update_coming(session: Session, calendar: Calendar) -> bool:
    """Take over what the library says of the days after today; returns whether any differs."""
    if calendar.last_year is None or calendar.first_year is None:
        return False
    now = today(calendar.time_zone)
    stored = {
        row.day: row
        for row in session.scalars(
            select(PublicHoliday).where(
                PublicHoliday.company_id == calendar.company_id,
                PublicHoliday.calendar_id == calendar.id,
                PublicHoliday.day > now,
            )
        )
    }
    known: dict[date, str] = {}
    for year in range(max(now.year, calendar.first_year), calendar.last_year + 1):
        known |= holidays_of(calendar.country or "", calendar.region or "", year)
    known = {day: name for day, name in known.items() if day > now}
    gone = [row for day, row in stored.items() if known.get(day) != row.name]
    new = [
        _row(calendar, day, name)
        for day, name in known.items()
        if day not in stored or stored[day].name != name
    ]
    if not gone and not new:
        return False
    session.execute(
        delete(PublicHoliday).where(
            PublicHoliday.company_id == calendar.company_id,
            PublicHoliday.id.in_([row.id for row in gone]),
        ),
        execution_options={"audited": True},
    )
    session.add_all(new)
    session.flush()
    _record(
        session,
        calendar,
        "update_holidays",
        {"removed": _listed(gone), "added": _listed(new), "source": SOURCE},
    )
    return True


def _row(calendar: Calendar, day: date, name: str) -> PublicHoliday:
    return PublicHoliday(
        company_id=calendar.company_id,
        calendar_id=calendar.id,
        day=day,
        name=name,
        source=SOURCE,
    )


def _listed(rows: list[PublicHoliday]) -> str:
    some = sorted(rows, key=lambda row: row.day)
    listed = ", ".join(f"{row.day} {row.name}" for row in some[:_MOST_SHOWN])
    return f"{listed}, …" if len(some) > _MOST_SHOWN else listed


def _record(session: Session, calendar: Calendar, action: str, after: dict[str, object]) -> None:
    record_event(
        session,
        Event(
            action=action,
            entity="calendars_calendar",
            entity_id=str(calendar.id),
            label=calendar.label,
            plugin="calendars",
            company_id=calendar.company_id,
            after=after,
        ),
    )


def _refuse_without_country(calendar: Calendar) -> None:
    if calendar.country is None:
        raise Conflict(
            _(
                "%(calendar)s keeps no public holidays: no country was chosen for it.",
                calendar=calendar.label,
            )
        )
