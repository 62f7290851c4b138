"""What calendars give a new company: its default calendar, if it names a country or its hours."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from backstay.spi import (
    Company,
    DemoData,
    Invalid,
    Problem,
    SetupChoice,
    SetupDetail,
    lazy,
    today,
)
from backstay_calendars.models import WEEKDAYS, SpecialDayKind
from backstay_calendars.services.calendars import CreateCalendar, add_calendar, place_choices
from backstay_calendars.services.special_days import AddSpecialDay, add_special_day
from backstay_calendars.services.week_fields import USUAL

CODE: Final = "MAIN"
_WORKED: Final = WEEKDAYS[:5]
_ASKED_AS: Final = {
    "country": "holidays",
    "region": "holiday_region",
    **dict.fromkeys(WEEKDAYS, "working_hours"),
}
"""Under which name the form asks for a field of a calendar."""


def set_up_calendar(
    session: Session,
    company: Company,
    country: str,
    holiday_region: str = "",
    working_hours: str = "",
) -> None:
    """Make the company's default calendar, unless neither a country nor hours are given.

    Arguments:
        country: or a market; empty for a calendar without public holidays.
        working_hours: of Monday to Friday; empty for the usual ones.

    Raises:
        Invalid: the region or the hours can't be read; names the question.
    """
    if not (country or holiday_region or working_hours):
        return
    hours = dict.fromkeys(_WORKED, working_hours or USUAL)
    command = CreateCalendar(
        code=CODE,
        name=company.name[:100],
        country=country,
        region=holiday_region,
        time_zone=company.time_zone,
        **hours,
    )
    try:
        add_calendar(session, command)
    except Invalid as refused:
        problems = {
            (one.message, _ASKED_AS.get(one.field or "", one.field)): None
            for one in refused.problems
        }
        raise Invalid(
            refused.message, problems=tuple(Problem(text, field) for text, field in problems)
        ) from refused


COMPANY_SETUP: Final = (
    SetupChoice(
        name="holidays",
        label=lazy("Public holidays of"),
        help=lazy("Its calendar has them, and due dates skip them."),
        choices=place_choices,
        apply=set_up_calendar,
        details=(
            SetupDetail(
                "holiday_region",
                lazy("Region"),
                lazy("State, canton or province, by its code or name. Empty: country-wide only."),
                "BY",
                60,
            ),
            SetupDetail(
                "working_hours",
                lazy("Working hours"),
                lazy("Of Monday to Friday; the calendar can tell each day apart later."),
                "09:00-12:30, 13:00-17:30",
            ),
        ),
    ),
)


def fill_demo(session: Session, company: Company) -> None:
    """A calendar with the holidays of a country, and a day on which the company is closed."""
    set_up_calendar(session, company, "IE", working_hours="08:30-12:30, 13:15-17:15")
    closed = today(company.time_zone).replace(month=12, day=30)
    add_special_day(
        session,
        AddSpecialDay(
            name="Stocktaking", kind=SpecialDayKind.CLOSED, starts_on=closed, ends_on=closed
        ),
    )


DEMO: Final = (DemoData("calendars.calendar", fill_demo),)
