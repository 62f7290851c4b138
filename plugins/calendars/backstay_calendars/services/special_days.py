"""The company's own days: closed, or worked in hours of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Final

from sqlalchemy.orm import Session

from backstay.spi import (
    Choice,
    ChoiceField,
    DateField,
    Invalid,
    PickerField,
    TextField,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_calendars.hours import checked_hours
from backstay_calendars.models import SpecialDay, SpecialDayKind
from backstay_calendars.permissions import SPECIAL_DAY_EDIT
from backstay_calendars.services.records import get_calendar, get_special_day

LONGEST_NAME: Final = 200
LONGEST: Final = 366
"""Days that one entry can span; more is mistyped."""
KINDS: Final = (
    Choice("closed", lazy("Closed"), "warn", help=lazy("Nobody works")),
    Choice(
        "hours",
        lazy("Worked"),
        "info",
        help=lazy("An extra working day, or one with other hours than usual"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSpecialDay:
    """Days on which the company is closed, or works in other hours."""

    name: Annotated[
        str,
        TextField(label=lazy("Name"), example="Company holidays", min_length=1, max_length=200),
    ]
    kind: Annotated[SpecialDayKind, ChoiceField(label=lazy("Kind"), choices=KINDS)] = (
        SpecialDayKind.CLOSED
    )
    starts_on: Annotated[date, DateField(label=lazy("First day"))]
    ends_on: Annotated[
        date | None,
        DateField(label=lazy("Last day"), help=lazy("Included. Empty: one day only.")),
    ] = None
    hours: Annotated[
        str,
        TextField(
            label=lazy("Hours"),
            help=lazy("Of days that are worked: 09:00-12:00."),
            example="09:00-12:00",
            max_length=200,
        ),
    ] = ""
    calendar_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Calendar"),
            help=lazy("Empty: all calendars of the company."),
            resource="calendars.calendar",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditSpecialDay(AddSpecialDay):
    """Corrected special days."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSpecialDay:
    """Special days that are to be ordinary days again."""

    id: int


def add_special_day(session: Session, command: AddSpecialDay) -> SpecialDay:
    """Enter days on which the company is closed, or works in other hours.

    Raises:
        Invalid: the days are in the wrong order or too many, or the hours do not fit the kind.
        NotFound: the company has no such calendar.
    """
    authorize(session, SPECIAL_DAY_EDIT)
    special = SpecialDay(company_id=company_of(session).id)
    _fill(session, special, command)
    session.add(special)
    session.flush()
    return special


def edit_special_day(session: Session, command: EditSpecialDay) -> SpecialDay:
    """Change special days.

    Raises:
        Invalid: see :func:`add_special_day`.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, SPECIAL_DAY_EDIT)
    special = get_special_day(session, command.id)
    check_version(special, command.version)
    _fill(session, special, command)
    session.flush()
    return special


def delete_special_day(session: Session, command: DeleteSpecialDay) -> None:
    """Make special days ordinary days again."""
    authorize(session, SPECIAL_DAY_EDIT)
    session.delete(get_special_day(session, command.id))
    session.flush()


def checked(command: AddSpecialDay) -> AddSpecialDay:
    """The command as it is stored: with a last day, without spaces, with hours in one form.

    Raises:
        Invalid: see :func:`add_special_day`.
    """
    if not command.name.strip():
        raise Invalid(_("Say what the day is."), field="name")
    if len(command.name.strip()) > LONGEST_NAME:
        raise Invalid(
            _("The name is longer than %(most)s characters.", most=LONGEST_NAME), field="name"
        )
    last = command.ends_on or command.starts_on
    if last < command.starts_on:
        raise Invalid(_("The last day comes before the first one."), field="ends_on")
    if (last - command.starts_on).days >= LONGEST:
        raise Invalid(
            _("These are more than %(most)s days: is the year right?", most=LONGEST),
            field="ends_on",
        )
    hours = fitting_hours(command.kind, command.hours)
    return replace(command, name=command.name.strip(), ends_on=last, hours=hours)


def _fill(session: Session, special: SpecialDay, command: AddSpecialDay) -> None:
    wanted = checked(command)
    if wanted.calendar_id is not None:
        special.calendar_id = get_calendar(session, wanted.calendar_id).id
    else:
        special.calendar_id = None
    special.name = wanted.name
    special.kind = wanted.kind
    special.starts_on, special.ends_on = wanted.starts_on, wanted.ends_on or wanted.starts_on
    special.hours = wanted.hours


def fitting_hours(kind: SpecialDayKind, text: str) -> str:
    """The hours that a special day of a kind has.

    Raises:
        Invalid: a day that is worked has none, or a closed one has some.
    """
    hours = checked_hours(text, "hours")
    if kind is SpecialDayKind.HOURS and not hours:
        raise Invalid(_("Give the hours in which it is worked: 09:00-12:00."), field="hours")
    if kind is SpecialDayKind.CLOSED and hours:
        raise Invalid(
            _("A closed day has no hours. If it is worked, choose “Worked”."), field="hours"
        )
    return hours
