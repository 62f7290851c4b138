"""When something is due: the contract's own reckoning, to try it and to look a date up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from babel.dates import format_date, format_datetime
from flask import request, url_for

from backstay.contracts.calendars import Roll, Term, TermUnit
from backstay.spi import BackstayError, Invalid, context, page, requires, session, today
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_calendars.hours import read_hours
from backstay_calendars.locales import locale_of
from backstay_calendars.pages.blueprint import blueprint
from backstay_calendars.pages.choosing import calendar_control, chosen_calendar
from backstay_calendars.pages.year import words
from backstay_calendars.permissions import CALENDAR_VIEW
from backstay_calendars.services.loading import loaded
from backstay_calendars.time_of_day import instant_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

    from backstay_calendars.reckoning import LoadedCalendar

HOURS: Final = "working_hours"
_MOST: Final = 100_000
_SKIPPED: Final = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, in the words in which it was typed."""

    start: date
    time: str
    count: str
    unit: str
    roll: Roll
    end_of_month: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """When it is due.

    Arguments:
        skipped: what the free days between are, for whoever checks it by hand.
    """

    text: str
    skipped: tuple[str, ...]


@blueprint.get("/due", endpoint="due")
@requires(CALENDAR_VIEW)
def show_due() -> Response:
    """Reckon the due date that the address asks for."""
    db = session()
    calendar, notes = chosen_calendar(db, request.args.get("calendar", ""))
    if calendar is None:
        empty = ui.EmptyState(_("No calendar yet"), _("Due dates need one."), icon="calendar")
        bare = ui.ReportPage(title=_("Due date"), heads=(), groups=(), empty=empty)
        return page("calendars/due.html", page=bare, answer=None)
    asked, more = _asked(request.args, today(calendar.time_zone))
    answer: Answer | None = None
    try:
        answer = _answer(loaded(db, calendar), asked)
    except BackstayError as refused:
        more = [*more, *(ui.Note(problem.message, "warn") for problem in refused.problems)]
    return page(
        "calendars/due.html",
        page=ui.ReportPage(
            title=_("Due date"),
            subtitle=calendar.label,
            help=_("Reckoned as for due dates in other modules. A negative number counts back."),
            heads=(),
            groups=(),
            url=url_for("calendars.due"),
            params=(calendar_control(db, calendar), *_controls(asked)),
            exports=(
                ui.Button(_("Year"), url_for("calendars.year", calendar=calendar.code), "calendar"),
            ),
            notes=(*notes, *more),
        ),
        answer=answer,
    )


def _asked(values: Mapping[str, str], now: date) -> tuple[Asked, list[ui.Note]]:
    notes: list[ui.Note] = []
    text = values.get("from", "").strip()
    start = now
    if text:
        try:
            start = date.fromisoformat(text)
        except ValueError:
            message = _("“%(text)s” is not a date (write it as 2026-03-31).", text=text[:20])
            notes.append(ui.Note(message, "warn"))
    unit = values.get("unit", TermUnit.BUSINESS_DAYS.value)
    known = {HOURS, *(one.value for one in TermUnit)}
    roll = values.get("roll", Roll.FOLLOWING.value)
    return Asked(
        start,
        values.get("time", "").strip() or "09:00",
        values.get("count", "").strip() or "3",
        unit if unit in known else TermUnit.BUSINESS_DAYS.value,
        Roll(roll) if roll in {one.value for one in Roll} else Roll.FOLLOWING,
        values.get("end_of_month") == "1",
    ), notes


def _answer(work: LoadedCalendar, asked: Asked) -> Answer:
    """The due date in words.

    Raises:
        Invalid: a number or a time can't be read.
        NotCovered: the calendar ends before it.
    """
    count = _number(asked.count)
    locale = locale_of(context().locale)
    if asked.unit == HOURS:
        minutes = read_hours(f"{asked.time}-24:00", "time")[0].starts
        begins = instant_at(work.zone, asked.start, minutes)
        due = work.add_working_time(begins, timedelta(hours=count)).astimezone(work.zone)
        said = format_datetime(due, "EEEE, d MMMM y, HH:mm", tzinfo=work.zone, locale=locale)
        return Answer(f"{said} ({work.ref.time_zone})", _skipped(work, asked.start, due.date()))
    term = Term(count, TermUnit(asked.unit), asked.roll, asked.end_of_month)
    day = work.due(asked.start, term)
    return Answer(
        format_date(day, "EEEE, d MMMM y", locale=locale), _skipped(work, asked.start, day)
    )


def _number(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        raise Invalid(_("“%(text)s” is not a whole number.", text=text[:20])) from None
    if abs(count) > _MOST:
        raise Invalid(_("%(count)s is more than can be reckoned.", count=count))
    return count


def _skipped(work: LoadedCalendar, start: date, end: date) -> tuple[str, ...]:
    """The special days between, by name; weekends go without saying."""
    first, last = min(start, end), max(start, end)
    if last - first > timedelta(days=366):
        return ()
    locale = locale_of(context().locale)
    named = [
        f"{format_date(one.day, 'EEE d MMM', locale=locale)}: {words(one)}"
        for one in work.days(first, last)
        if one.name
    ]
    return tuple(named[:_SKIPPED])


def _controls(asked: Asked) -> tuple[ui.FilterControl, ...]:
    units = (
        (TermUnit.BUSINESS_DAYS.value, _("Business days")),
        (TermUnit.DAYS.value, _("Calendar days")),
        (TermUnit.MONTHS.value, _("Months")),
        (HOURS, _("Working hours")),
    )
    rolls = (
        (Roll.FOLLOWING, _("Following")),
        (Roll.MODIFIED_FOLLOWING, _("Modified following")),
        (Roll.PRECEDING, _("Preceding")),
        (Roll.MODIFIED_PRECEDING, _("Modified preceding")),
        (Roll.NONE, _("As it is")),
    )
    controls = [
        ui.FilterControl("from", _("From"), "date", value=asked.start.isoformat()),
        ui.FilterControl("count", _("Number"), "text", value=asked.count),
        ui.FilterControl(
            "unit",
            _("Of"),
            "select",
            tuple(ui.FilterChoice(value, label, value == asked.unit) for value, label in units),
        ),
    ]
    if asked.unit == HOURS:
        controls.append(ui.FilterControl("time", _("At"), "text", value=asked.time))
    else:
        controls.append(
            ui.FilterControl(
                "roll",
                _("On a free day"),
                "select",
                tuple(ui.FilterChoice(one.value, label, one is asked.roll) for one, label in rolls),
            )
        )
        controls.append(
            ui.FilterControl(
                "end_of_month",
                _("End of the month"),
                "bool",
                value="1" if asked.end_of_month else "",
            )
        )
    return tuple(controls)
