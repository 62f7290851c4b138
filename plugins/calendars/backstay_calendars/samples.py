"""Records for the tests that attack the plugin, where its declarations do not say it all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from backstay.testing.attack import JobSample, Making, Sample
from backstay_calendars.jobs import UPDATE
from backstay_calendars.models import Calendar, PublicHoliday, SpecialDayKind
from backstay_calendars.services.calendars import (
    CreateCalendar,
    RetireCalendar,
    add_calendar,
    retire_calendar,
)

if TYPE_CHECKING:
    from backstay_calendars.models import WorkingWeek


def calendar(making: Making) -> Calendar:
    """A calendar of a small country, of a year without holidays, beside a default.

    A default cannot be deleted; and stored holidays would stand before the samples of holidays.
    """
    for code in (f"S{making.number}D", f"S{making.number}"):
        made = add_calendar(
            making.session, CreateCalendar(code=code, name=f"Sample {making.number}")
        )
    made.country = "LI"
    made.first_year = made.last_year = 2026
    making.session.flush()
    return made


def retired(making: Making) -> Calendar:
    """The same, retired."""
    return retire_calendar(making.session, RetireCalendar(id=calendar(making).id))


def holiday(making: Making) -> PublicHoliday:
    """A public holiday before all that are stored, so that it stands first in their list."""
    made: Calendar = making.record("calendars.calendar")
    row = PublicHoliday(
        company_id=made.company_id,
        calendar_id=made.id,
        day=_day(making.number).replace(year=1960),
        name=f"Sample {making.number}",
        source="sample",
    )
    making.session.add(row)
    making.session.flush()
    return row


def week(making: Making) -> WorkingWeek:
    """Working hours that are not a calendar's first, which can't be deleted."""
    from backstay_calendars.services.weeks import AddWeek, add_week

    made: Calendar = making.record("calendars.calendar")
    return add_week(making.session, AddWeek(calendar_id=made.id, valid_from=_day(making.number)))


def _day(number: int) -> date:
    return date(2027, 1, 1) + timedelta(days=number)


def _hours(number: int) -> str:
    return f"09:{number % 60:02d}-17:00"


def _update(making: Making) -> dict[str, Any]:
    making.record("calendars.calendar")
    return {}


SAMPLES: Final = (
    Sample(
        resource="calendars.calendar",
        make=calendar,
        values={
            "country": lambda _number: "",
            "region": lambda _number: "",
            "time_zone": lambda _number: "Europe/Vaduz",
            "count": lambda number: number % 20,
            "monday": _hours,
            "tuesday": _hours,
            "wednesday": _hours,
            "thursday": _hours,
            "friday": _hours,
            "saturday": lambda _number: "",
            "sunday": lambda _number: "",
        },
    ),
    Sample(resource="calendars.calendar", make=retired, state="retired"),
    Sample(
        resource="calendars.week",
        make=week,
        values={
            "valid_from": _day,
            "monday": _hours,
            "tuesday": _hours,
            "wednesday": _hours,
            "thursday": _hours,
            "friday": _hours,
            "saturday": lambda _number: "",
            "sunday": lambda _number: "",
        },
    ),
    Sample(resource="calendars.holiday", make=holiday),
    Sample(
        resource="calendars.special_day",
        values={
            "kind": lambda _number: SpecialDayKind.CLOSED,
            "hours": lambda _number: "",
            "starts_on": _day,
            "ends_on": _day,
        },
    ),
    JobSample(job=UPDATE, arguments=_update),
)
