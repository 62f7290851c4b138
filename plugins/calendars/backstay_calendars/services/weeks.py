"""Working hours that change from a day on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backstay.spi import (
    Conflict,
    DateField,
    Invalid,
    PickerField,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_calendars.models import WorkingWeek
from backstay_calendars.permissions import CALENDAR_EDIT
from backstay_calendars.services.records import get_calendar, get_week
from backstay_calendars.services.week_fields import WeekHours, checked_week


@dataclass(frozen=True, slots=True, kw_only=True)
class AddWeek(WeekHours):
    """Working hours that are in force from a day on."""

    calendar_id: Annotated[int, PickerField(label=lazy("Calendar"), resource="calendars.calendar")]
    valid_from: Annotated[
        date,
        DateField(
            label=lazy("In force from"),
            help=lazy("Days before it keep the hours that they have."),
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditWeek(WeekHours):
    """Corrected working hours."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteWeek:
    """Working hours that are not to come into force."""

    id: int


def add_week(session: Session, command: AddWeek) -> WorkingWeek:
    """Give a calendar other working hours from a day on.

    Raises:
        Invalid: hours of this day exist, or can't be read.
        NotFound: the company has no such calendar.
    """
    authorize(session, CALENDAR_EDIT)
    calendar = get_calendar(session, command.calendar_id)
    hours = checked_week(command)
    taken = select(WorkingWeek.id).where(
        WorkingWeek.company_id == calendar.company_id,
        WorkingWeek.calendar_id == calendar.id,
        WorkingWeek.valid_from == command.valid_from,
    )
    if session.scalar(taken) is not None:
        raise Invalid(
            _(
                "%(calendar)s has hours that are in force from %(day)s: change those.",
                calendar=calendar.label,
                day=command.valid_from,
            ),
            field="valid_from",
        )
    week = WorkingWeek(
        company_id=calendar.company_id,
        calendar_id=calendar.id,
        valid_from=command.valid_from,
        **hours,
    )
    session.add(week)
    session.flush()
    return week


def edit_week(session: Session, command: EditWeek) -> WorkingWeek:
    """Correct working hours, for all days on which they are in force.

    Raises:
        Invalid: they can't be read.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, CALENDAR_EDIT)
    week = get_week(session, command.id)
    check_version(week, command.version)
    for weekday, hours in checked_week(command).items():
        setattr(week, weekday, hours)
    session.flush()
    return week


def delete_week(session: Session, command: DeleteWeek) -> None:
    """Delete working hours; the ones before them stay in force.

    Raises:
        Conflict: they are the calendar's first, which every day before has too.
    """
    authorize(session, CALENDAR_EDIT)
    week = get_week(session, command.id)
    if refused := is_first(session, week):
        raise Conflict(refused)
    session.delete(week)
    session.flush()


def is_first(session: Session, week: WorkingWeek) -> str | None:
    """Why working hours can't be deleted, or None."""
    first = session.scalar(
        select(func.min(WorkingWeek.valid_from)).where(
            WorkingWeek.company_id == company_of(session).id,
            WorkingWeek.calendar_id == week.calendar_id,
        )
    )
    if first != week.valid_from:
        return None
    return _("A calendar keeps its first working hours; change them instead.")
