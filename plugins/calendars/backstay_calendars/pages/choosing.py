"""Which calendar a page is about, and the ways from it to the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import url_for
from sqlalchemy import select

from backstay.spi import NotFound, company_of, context, resource_url
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_calendars.models import Calendar, CalendarState
from backstay_calendars.permissions import SPECIAL_DAY_EDIT
from backstay_calendars.services.loading import find_calendar

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def chosen_calendar(db: Session, code: str) -> tuple[Calendar | None, tuple[ui.Note, ...]]:
    """The calendar of a code, else the default with a note why, else none."""
    notes: tuple[ui.Note, ...] = ()
    if code:
        try:
            return find_calendar(db, code), ()
        except NotFound as missing:
            notes = (ui.Note(missing.message, "warn"),)
    try:
        return find_calendar(db), notes
    except NotFound:
        return None, notes


def calendar_control(db: Session, chosen: Calendar) -> ui.FilterControl:
    """The choice between the calendars in use, and the one that is shown."""
    found = db.scalars(
        select(Calendar)
        .where(
            Calendar.company_id == company_of(db).id,
            Calendar.state == CalendarState.IN_USE,
        )
        .order_by(Calendar.is_default.desc(), Calendar.code)
    ).all()
    offered = [*found, *([chosen] if chosen not in found else [])]
    return ui.FilterControl(
        "calendar",
        _("Calendar"),
        "select",
        tuple(ui.FilterChoice(one.code, one.label, one is chosen) for one in offered),
        chosen.code,
    )


def ways(calendar: Calendar) -> tuple[ui.Button, ...]:
    """From the year to what it is made of, and to reckoning with it."""
    buttons = [
        ui.Button(_("Due date"), url_for("calendars.due", calendar=calendar.code), "clock"),
        ui.Button(
            _("Settings"), resource_url("calendars.calendar", "record", id=calendar.id), "settings"
        ),
    ]
    if context().may(SPECIAL_DAY_EDIT):
        create = resource_url("calendars.special_day", "create")
        buttons.insert(0, ui.Button(_("New special day"), create, "plus", shortcut="n"))
    return tuple(buttons)
