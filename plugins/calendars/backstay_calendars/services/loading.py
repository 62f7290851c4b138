"""Reading a calendar into memory, in three queries whatever it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backstay.contracts.calendars import CalendarDay, CalendarRef, DayKind
from backstay.spi import NotFound, company_of
from backstay.spi import gettext as _
from backstay_calendars.hours import read_hours
from backstay_calendars.models import (
    Calendar,
    CalendarState,
    PublicHoliday,
    SpecialDay,
    SpecialDayKind,
    WorkingWeek,
)
from backstay_calendars.reckoning import LoadedCalendar, Week

_FIRST: Final = date(1900, 1, 1)
_LAST: Final = date(2199, 12, 31)


def load_calendar(session: Session, code: str = "", *, site: str = "") -> LoadedCalendar:
    """A calendar by its code, by the place of work, or the company's default.

    Raises:
        NotFound: the company has no calendar of the code, or no default.
    """
    return loaded(session, find_calendar(session, code, site=site))


def find_calendar(session: Session, code: str = "", *, site: str = "") -> Calendar:
    """The row of the calendar that :func:`load_calendar` loads.

    Raises:
        NotFound: the company has no calendar of the code, or no default.
    """
    asked = select(Calendar).where(Calendar.company_id == company_of(session).id)
    if code:
        found = session.scalar(asked.where(Calendar.code == code))
        if found is None:
            raise NotFound(_("There is no calendar “%(code)s” in this company.", code=code))
        return found
    either = session.scalars(
        asked.where(or_(Calendar.is_default.is_(True), Calendar.site == (site or None)))
    ).all()
    # That of the site wins.
    found = min(either, key=lambda calendar: calendar.site != site, default=None)
    if found is None:
        raise NotFound(
            _("The company has no calendar yet: make one under Calendars, or choose a default.")
        )
    return found


def loaded(session: Session, calendar: Calendar) -> LoadedCalendar:
    """A calendar in memory."""
    weeks = session.scalars(
        select(WorkingWeek)
        .where(
            WorkingWeek.company_id == calendar.company_id,
            WorkingWeek.calendar_id == calendar.id,
        )
        .order_by(WorkingWeek.valid_from)
    )
    holidays = session.execute(
        select(PublicHoliday.day, PublicHoliday.name).where(
            PublicHoliday.company_id == calendar.company_id,
            PublicHoliday.calendar_id == calendar.id,
        )
    )
    special = session.scalars(
        select(SpecialDay)
        .where(
            SpecialDay.company_id == calendar.company_id,
            or_(SpecialDay.calendar_id == calendar.id, SpecialDay.calendar_id.is_(None)),
        )
        .order_by(SpecialDay.id)
    ).all()
    first, last = calendar.first_year, calendar.last_year
    return LoadedCalendar(
        ref=reference(calendar),
        first_day=date(first, 1, 1) if first else _FIRST,
        last_day=date(last, 12, 31) if last else _LAST,
        weeks=tuple(
            Week(week.valid_from, tuple(read_hours(text, "hours") for text in week.texts))
            for week in weeks
        ),
        holidays={row.day: row.name for row in holidays},
        special=_special_days(special),
    )


def reference(calendar: Calendar) -> CalendarRef:
    """What identifies a calendar to other modules."""
    return CalendarRef(
        calendar.code,
        calendar.name,
        calendar.time_zone,
        calendar.is_default,
        calendar.site or "",
    )


def calendars_in_use(session: Session) -> list[CalendarRef]:
    """The calendars that can be chosen, the default first, then by code."""
    found = session.scalars(
        select(Calendar)
        .where(
            Calendar.company_id == company_of(session).id,
            Calendar.state == CalendarState.IN_USE,
        )
        .order_by(Calendar.is_default.desc(), Calendar.code)
    )
    return [reference(calendar) for calendar in found]


def _special_days(rows: Sequence[SpecialDay]) -> dict[date, CalendarDay]:
    """Each day once: a calendar's own entry wins over the company's, hours win over a closing."""
    days: dict[date, CalendarDay] = {}
    ordered = sorted(
        rows, key=lambda row: (row.calendar_id is not None, row.kind is SpecialDayKind.HOURS)
    )
    for row in ordered:
        worked = row.kind is SpecialDayKind.HOURS
        spans = read_hours(row.hours, "hours") if worked else ()
        kind = DayKind.EXTRA if worked else DayKind.CLOSED
        for number in range((row.ends_on - row.starts_on).days + 1):
            day = row.starts_on + timedelta(days=number)
            days[day] = CalendarDay(day, kind, row.name, spans)
    return days
