"""A calendar's year at a glance: weekends, holidays, closings, and the business days of a month."""

from __future__ import annotations

from calendar import Calendar as Weeks
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Final

from babel.dates import format_date
from flask import request, url_for
from sqlalchemy import or_, select

from backstay.contracts.calendars import CalendarDay, DayKind
from backstay.spi import (
    company_of,
    context,
    date_text,
    ngettext,
    page,
    requires,
    resource_url,
    session,
    today,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_calendars.hours import written
from backstay_calendars.locales import locale_of
from backstay_calendars.models import Calendar, SpecialDay
from backstay_calendars.pages.blueprint import blueprint
from backstay_calendars.pages.choosing import calendar_control, chosen_calendar, ways
from backstay_calendars.permissions import CALENDAR_EDIT, CALENDAR_VIEW
from backstay_calendars.services.loading import loaded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_calendars.reckoning import LoadedCalendar

_LOOKS: Final[dict[DayKind, ui.DayLook]] = {
    DayKind.WORKING: "plain",
    DayKind.WEEKEND: "free",
    DayKind.HOLIDAY: "holiday",
    DayKind.CLOSED: "closed",
    DayKind.EXTRA: "hours",
}
_YEARS: Final = range(1900, 2200)


@blueprint.get("/year", endpoint="year")
@requires(CALENDAR_VIEW)
def show_year() -> Response:
    """Show the year of the calendar that the address names, or of the default."""
    db = session()
    calendar, notes = chosen_calendar(db, request.args.get("calendar", ""))
    if calendar is None:
        return page("calendars/year.html", page=_nothing_yet(), months=None, named=None)
    work = loaded(db, calendar)
    now = today(calendar.time_zone)
    year = _year(request.args.get("year", ""), now.year)
    days = list(work.days(date(year, 1, 1), date(year, 12, 31)))
    links = _links(db, calendar, year)
    head = ui.ReportPage(
        title=_("Calendar %(year)s", year=year),
        subtitle=calendar.label,
        heads=(),
        groups=(),
        url=url_for("calendars.year"),
        params=(calendar_control(db, calendar), _year_control(work, year, now.year)),
        exports=ways(calendar),
        status=_status(days),
        notes=(*notes, *_uncovered(work, calendar, year)),
    )
    return page(
        "calendars/year.html",
        page=head,
        months=_months(days, links, now, year) if days else None,
        named=_named(days, links) if days else None,
    )


def _nothing_yet() -> ui.ReportPage:
    create = ui.Button(
        _("New calendar"), resource_url("calendars.calendar", "create"), "plus", "primary"
    )
    return ui.ReportPage(
        title=_("Calendar"),
        heads=(),
        groups=(),
        empty=ui.EmptyState(
            _("No calendar yet"),
            _("Due dates need one: whose public holidays are kept, and when is worked."),
            create if context().may(CALENDAR_EDIT) else None,
            "calendar",
        ),
    )


def _year(text: str, this_year: int) -> int:
    return int(text) if text.isdecimal() and int(text) in _YEARS else this_year


def _year_control(work: LoadedCalendar, year: int, this_year: int) -> ui.FilterControl:
    """The years that are stored; five around this one for a calendar without public holidays."""
    stored = work.first_day.year > _YEARS.start
    years = (
        range(work.first_day.year, work.last_day.year + 1)
        if stored
        else range(this_year - 2, this_year + 4)
    )
    offered = sorted({*years, year})
    return ui.FilterControl(
        "year",
        _("Year"),
        "select",
        tuple(ui.FilterChoice(str(one), str(one), one == year) for one in offered),
        str(year),
    )


def _status(days: Sequence[CalendarDay]) -> ui.Tag | None:
    if not days:
        return None
    count = sum(day.is_business_day for day in days)
    return ui.Tag(ngettext("%(n)s business day", "%(n)s business days", count), "info")


def _uncovered(work: LoadedCalendar, calendar: Calendar, year: int) -> tuple[ui.Note, ...]:
    if work.first_day.year <= year <= work.last_day.year:
        return ()
    return (
        ui.Note(
            _(
                "%(calendar)s knows the public holidays from %(first)s to %(last)s. “Add years” on"
                " its page adds more.",
                calendar=calendar.label,
                first=work.first_day.year,
                last=work.last_day.year,
            ),
            "warn",
        ),
    )


def _links(db: Session, calendar: Calendar, year: int) -> dict[date, str]:
    """Where the company's own days of the year are changed."""
    found = db.execute(
        select(SpecialDay.id, SpecialDay.starts_on, SpecialDay.ends_on).where(
            SpecialDay.company_id == company_of(db).id,
            or_(SpecialDay.calendar_id == calendar.id, SpecialDay.calendar_id.is_(None)),
            SpecialDay.starts_on <= date(year, 12, 31),
            SpecialDay.ends_on >= date(year, 1, 1),
        )
    )
    return {
        date.fromordinal(number): resource_url("calendars.special_day", "record", id=row.id)
        for row in found
        for number in range(row.starts_on.toordinal(), row.ends_on.toordinal() + 1)
    }


def _months(
    days: Iterable[CalendarDay], links: Mapping[date, str], now: date, year: int
) -> ui.Months:
    locale = locale_of(context().locale)
    weeks = Weeks(locale.first_week_day)
    by_day = {one.day: one for one in days}
    short, full = (locale.days["stand-alone"][width] for width in ("short", "wide"))
    order = list(weeks.iterweekdays())
    return ui.Months(
        weekdays=tuple((short[weekday], full[weekday]) for weekday in order),
        months=tuple(_month(weeks, by_day, links, now, year, month) for month in range(1, 13)),
        legend=_legend({_LOOKS[one.kind] for one in by_day.values()}),
    )


def _month(
    weeks: Weeks,
    days: Mapping[date, CalendarDay],
    links: Mapping[date, str],
    now: date,
    year: int,
    month: int,
) -> ui.Month:
    business = Counter(one.is_business_day for day, one in days.items() if day.month == month)
    return ui.Month(
        title=format_date(date(year, month, 1), "LLLL", locale=locale_of(context().locale)),
        weeks=tuple(
            tuple(_cell(days[day], links, now) if day.month == month else None for day in week)
            for week in weeks.monthdatescalendar(year, month)
        ),
        hint=ngettext("%(n)s business day", "%(n)s business days", business[True]),
    )


def _cell(one: CalendarDay, links: Mapping[date, str], now: date) -> ui.MonthDay:
    return ui.MonthDay(
        str(one.day.day),
        _LOOKS[one.kind],
        words(one),
        links.get(one.day),
        current=one.day == now,
    )


def words(one: CalendarDay) -> str:
    """What a special day is, in words."""
    match one.kind:
        case DayKind.HOLIDAY:
            return one.name
        case DayKind.CLOSED:
            return _("Closed: %(name)s", name=one.name)
        case DayKind.EXTRA:
            return _("Worked %(hours)s: %(name)s", hours=written(one.spans), name=one.name)
        case _:
            return ""


def _legend(looks: set[ui.DayLook]) -> tuple[tuple[ui.DayLook, str], ...]:
    words: tuple[tuple[ui.DayLook, str], ...] = (
        ("free", _("Not worked")),
        ("holiday", _("Public holiday")),
        ("closed", _("Closed")),
        ("hours", _("Hours of its own")),
    )
    return tuple(one for one in words if one[0] in looks)


def _named(
    days: Sequence[CalendarDay], links: Mapping[date, str]
) -> tuple[tuple[ui.Head, ...], tuple[ui.Row, ...]] | None:
    """The special days of the year as a table: names can't be read off a grid on a phone."""
    locale = context().locale
    rows = tuple(
        ui.Row(
            (
                ui.Cell(date_text(one.day, locale), "date"),
                ui.Cell(format_date(one.day, "EEEE", locale=locale_of(locale))),
                ui.Cell(words(one), "prose", links.get(one.day)),
            )
        )
        for one in days
        if one.name
    )
    if not rows:
        return None
    return (
        ui.Head("day", _("Day")),
        ui.Head("weekday", _("Weekday")),
        ui.Head("what", _("What")),
    ), rows
