"""Calendars: list, record page with the way to the year, forms and actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for
from sqlalchemy import func, select

from backstay.spi import (
    Action,
    ApiShape,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Related,
    Resource,
    Section,
    company_of,
    today,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_calendars.models import (
    WEEKDAYS,
    Calendar,
    CalendarState,
    PublicHoliday,
    SpecialDay,
    WorkingWeek,
)
from backstay_calendars.permissions import CALENDAR_EDIT, CALENDAR_VIEW
from backstay_calendars.services.asking import AskDay, ReckonDue, ask_day, reckon_due
from backstay_calendars.services.calendars import (
    CreateCalendar,
    DeleteCalendar,
    EditCalendar,
    MakeDefault,
    RestoreCalendar,
    RetireCalendar,
    create_calendar,
    delete_calendar,
    edit_calendar,
    is_default_already,
    keeps_default,
    make_default,
    restore_calendar,
    retire_calendar,
)
from backstay_calendars.services.years import (
    YEARS_AHEAD,
    AddYears,
    UpdateHolidays,
    add_years,
    update_holidays,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

_STATES: Final = (
    Choice(CalendarState.IN_USE.value, _("In use"), "ok"),
    Choice(CalendarState.RETIRED.value, _("Retired")),
)


def _first(session: Session, _record: object) -> dict[str, Any]:
    """A new calendar begins with the company's clock."""
    return {"time_zone": company_of(session).time_zone}


def _more_years(_session: Session, calendar: Calendar) -> dict[str, Any]:
    """The years after those that are stored, up to where the yearly update ends."""
    this_year = today(calendar.time_zone).year
    first = (calendar.last_year or this_year) + 1
    return {"first_year": first, "last_year": max(first, this_year + YEARS_AHEAD)}


def _weeks(session: Session, calendar: Calendar) -> int:
    counted = select(func.count(WorkingWeek.id)).where(WorkingWeek.calendar_id == calendar.id)
    return session.scalar(counted) or 0


def _holidays(session: Session, calendar: Calendar) -> int:
    counted = select(func.count(PublicHoliday.id)).where(PublicHoliday.calendar_id == calendar.id)
    return session.scalar(counted) or 0


def _special(session: Session, calendar: Calendar) -> int:
    counted = select(func.count(SpecialDay.id)).where(SpecialDay.calendar_id == calendar.id)
    return session.scalar(counted) or 0


def _offered(_session: Session) -> Sequence[ColumnElement[bool]]:
    return (Calendar.state == CalendarState.IN_USE,)


def _no_country(_session: Session, calendar: Calendar) -> str | None:
    if calendar.country is not None:
        return None
    return translate("It keeps no public holidays: no country was chosen for it.")


def _ways(_session: Session) -> Sequence[ui.Button]:
    return (ui.Button(translate("Year"), url_for("calendars.year"), "calendar"),)


def _since(session: Session, calendar: Calendar) -> Sequence[tuple[str, str]]:
    """The history of its hours belongs to its own."""
    weeks = select(WorkingWeek.id).where(WorkingWeek.calendar_id == calendar.id)
    return [("calendars_week", str(week_id)) for week_id in session.scalars(weeks)]


CALENDARS: Final = Resource(
    name="calendars.calendar",
    path="calendars",
    model=Calendar,
    view=CALENDAR_VIEW,
    label=_("Calendar"),
    label_many=_("Calendars"),
    icon="calendar",
    help=_("When is worked: public holidays, working hours and the clock of a place."),
    columns=(
        Column("code", _("Code"), Calendar.code, Kind.CODE, sortable=True, link=True),
        Column("name", _("Name"), Calendar.name, link=True),
        Column("country", _("Holidays of"), Calendar.country, Kind.CODE),
        Column("region", _("Region"), Calendar.region, Kind.CODE),
        Column("time_zone", _("Time zone"), Calendar.time_zone),
        Column("site", _("Site"), Calendar.site),
        Column("is_default", _("Default"), Calendar.is_default, Kind.BOOL),
        Column("first_year", _("Holidays from"), Calendar.first_year, Kind.CODE, in_list=False),
        Column("last_year", _("Holidays to"), Calendar.last_year, Kind.CODE),
        Column("state", _("State"), Calendar.state, Kind.STATE, choices=_STATES),
    ),
    filters=(Filter("state", _("State"), Calendar.state, _STATES),),
    search=(Calendar.code, Calendar.name),
    order=("code",),
    title=lambda calendar: str(calendar.label),
    sections=(
        Section(_("Calendar"), ("code", "name", "time_zone", "site", "is_default")),
        Section(
            _("Public holidays"),
            ("country", "region", "first_year", "last_year"),
            help=_("Stored for each year, so that an update never changes days gone by."),
        ),
    ),
    state="state",
    create=Operation(
        create_calendar,
        CreateCalendar,
        CALENDAR_EDIT,
        _("New calendar"),
        initial=_first,
        sections=(
            Section(_("Calendar"), ("code", "name", "time_zone", "site")),
            Section(_("Public holidays"), ("country", "region")),
            Section(_("Working hours"), WEEKDAYS),
        ),
        done=_("Calendar created."),
    ),
    update=Operation(
        edit_calendar, EditCalendar, CALENDAR_EDIT, _("Edit"), done=_("Calendar saved.")
    ),
    actions=(
        Action(
            "make_default",
            Operation(
                make_default, MakeDefault, CALENDAR_EDIT, _("Make default"), done=_("It is now.")
            ),
            icon="star",
            states=(CalendarState.IN_USE.value,),
            past=_("made this the default"),
            refuses=is_default_already,
        ),
        Action(
            "add_years",
            Operation(
                add_years,
                AddYears,
                CALENDAR_EDIT,
                _("Add years"),
                initial=_more_years,
                help=_("Public holidays of further years; years that are stored stay as they are."),
                done=_("Years added."),
            ),
            icon="plus",
            past=_("added years to this"),
            refuses=_no_country,
        ),
        Action(
            "update_holidays",
            Operation(
                update_holidays,
                UpdateHolidays,
                CALENDAR_EDIT,
                _("Update holidays"),
                done=_("The days after today are up to date."),
            ),
            icon="refresh",
            past=_("brought the holidays up to date"),
            confirm=_("Days up to today stay as they are. What changes stands in the history."),
            refuses=_no_country,
        ),
        Action(
            "retire",
            Operation(
                retire_calendar, RetireCalendar, CALENDAR_EDIT, _("Retire"), done=_("Retired.")
            ),
            icon="lock",
            states=(CalendarState.IN_USE.value,),
            leads_to=CalendarState.RETIRED.value,
            past=_("retired this"),
            confirm=_("It is offered no longer. What asks for it by its code is still answered."),
            refuses=keeps_default,
        ),
        Action(
            "restore",
            Operation(
                restore_calendar,
                RestoreCalendar,
                CALENDAR_EDIT,
                _("Restore"),
                done=_("It is in use again."),
            ),
            icon="rotate",
            states=(CalendarState.RETIRED.value,),
            leads_to=CalendarState.IN_USE.value,
            past=_("restored this"),
        ),
        Action(
            "delete",
            Operation(
                delete_calendar, DeleteCalendar, CALENDAR_EDIT, _("Delete"), done=_("Deleted.")
            ),
            icon="trash",
            danger=True,
            confirm=_(
                "Its hours and special days go with it, and what asks for it by its code is"
                " refused. Retire it instead if it was ever used."
            ),
            refuses=keeps_default,
        ),
    ),
    related=(
        Related(_("Working hours"), "calendars.week", "calendar", _weeks, "clock"),
        Related(_("Public holidays"), "calendars.holiday", "calendar", _holidays, "calendar"),
        Related(_("Special days"), "calendars.special_day", "calendar", _special, "star"),
    ),
    empty=Empty(
        _("No calendar yet"),
        _("Due dates need one: whose public holidays are kept, and when is worked."),
        "calendar",
    ),
    picker_label=lambda calendar: str(calendar.label),
    picker_criteria=_offered,
    buttons=_ways,
    history=_since,
    api=ApiShape(
        on_list=(
            Action(
                "due",
                Operation(
                    reckon_due,
                    ReckonDue,
                    CALENDAR_VIEW,
                    _("Reckon a due date"),
                    help=_("As for due dates in other modules; nothing is changed."),
                ),
                only_answers=True,
            ),
            Action(
                "day",
                Operation(
                    ask_day,
                    AskDay,
                    CALENDAR_VIEW,
                    _("Ask whether a day is a business day"),
                    help=_("And if not, why, and which is the next one; nothing is changed."),
                ),
                only_answers=True,
            ),
        )
    ),
)
