"""Calendars: making, changing, retiring them, and choosing the company's default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from backstay.spi import (
    Choice,
    ChoiceField,
    Conflict,
    Invalid,
    TextField,
    authorize,
    check_version,
    checked_time_zone,
    company_of,
    context_of,
    lazy,
    time_zone_choices,
    today,
)
from backstay.spi import gettext as _
from backstay_calendars.models import (
    Calendar,
    CalendarState,
    PublicHoliday,
    SpecialDay,
    WorkingWeek,
)
from backstay_calendars.permissions import CALENDAR_EDIT
from backstay_calendars.public_holidays import checked_place, places
from backstay_calendars.services.records import get_calendar
from backstay_calendars.services.week_fields import WeekHours, checked_week
from backstay_calendars.services.years import YEARS_AHEAD, extend_years

CODE_PATTERN: Final = r"[0-9A-Z][0-9A-Z\-]{0,19}"
SINCE_EVER: Final = date(1900, 1, 1)
"""From when on the hours are in force that a calendar is made with."""


def place_choices(session: Session) -> tuple[Choice, ...]:
    """Countries and markets whose holidays are known, in the reader's language."""
    return tuple(
        Choice(
            place.code,
            f"{place.name} ({place.code})",
            group=_("Bank holidays of markets") if place.is_market else _("Countries"),
        )
        for place in places(context_of(session).locale)
    )


_NAME: Final = TextField(
    label=lazy("Name"), example="Head office, Munich", min_length=1, max_length=100
)
_ZONE: Final = ChoiceField(
    label=lazy("Time zone"),
    help=lazy("Working hours are read on this clock, with its summer time."),
    choices=time_zone_choices,
)
_SITE: Final = TextField(
    label=lazy("Site"),
    help=lazy("The place of work that this calendar is for. Empty: for none in particular."),
    example="MUC",
    max_length=40,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCalendar(WeekHours):
    """A new calendar with the hours of its week."""

    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            help=lazy("What other modules ask for it by; it can't be changed."),
            example="MUNICH",
            min_length=1,
            max_length=20,
            pattern=CODE_PATTERN,
            pattern_help=lazy("1 to 20 capital letters, digits and hyphens."),
        ),
    ]
    name: Annotated[str, _NAME]
    country: Annotated[
        str,
        ChoiceField(
            label=lazy("Public holidays of"),
            help=lazy("A country, or a market for payments. It can't be changed later."),
            choices=place_choices,
            blank=lazy("none"),
        ),
    ] = ""
    region: Annotated[
        str,
        TextField(
            label=lazy("Region"),
            help=lazy("State, canton or province, by its code or name. Empty: country-wide only."),
            example="BY",
            max_length=60,
        ),
    ] = ""
    time_zone: Annotated[str, _ZONE] = ""
    site: Annotated[str | None, _SITE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCalendar:
    """A calendar's name, clock and place of work."""

    id: int
    version: int | None = None
    name: Annotated[str, _NAME]
    time_zone: Annotated[str, _ZONE]
    site: Annotated[str | None, _SITE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeDefault:
    """The calendar that is asked where none is named."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireCalendar:
    """A calendar that is no longer to be chosen."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreCalendar:
    """A retired calendar that is to be chosen again."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCalendar:
    """A calendar that was made by mistake."""

    id: int


def create_calendar(session: Session, command: CreateCalendar) -> Calendar:
    """Make a calendar, with the public holidays from last year to five years ahead.

    The first one of a company is its default.

    Raises:
        Invalid: the code or the site is taken, the country, region or time zone is unknown, or
            the hours can't be read.
    """
    authorize(session, CALENDAR_EDIT)
    return add_calendar(session, command)


def add_calendar(session: Session, command: CreateCalendar) -> Calendar:
    """Make a calendar; part of a larger use case, which has checked its permission.

    Raises:
        Invalid: see :func:`create_calendar`.
    """
    company = company_of(session)
    if not re.fullmatch(CODE_PATTERN, command.code):
        raise Invalid(
            _(
                "“%(code)s” can't be a code: use up to 20 capital letters, digits and hyphens.",
                code=command.code[:40],
            ),
            field="code",
        )
    if _exists(session, Calendar.code == command.code):
        raise Invalid(_("There is a calendar “%(code)s” already.", code=command.code), field="code")
    country, region = ("", "")
    if command.country:
        country, region = checked_place(command.country, command.region)
    elif command.region:
        raise Invalid(
            _("A region needs a country: choose one, or leave both empty."), field="region"
        )
    hours = checked_week(command)
    calendar = Calendar(
        company_id=company.id,
        code=command.code,
        name=_name(command.name),
        country=country or None,
        region=region or None,
        time_zone=checked_time_zone(command.time_zone or company.time_zone),
        site=_free_site(session, command.site),
        is_default=not _exists(session, Calendar.is_default.is_(True)),
    )
    session.add(calendar)
    session.flush()
    week = WorkingWeek(
        company_id=company.id, calendar_id=calendar.id, valid_from=SINCE_EVER, **hours
    )
    session.add(week)
    if calendar.country is not None:
        this_year = today(calendar.time_zone).year
        extend_years(session, calendar, this_year - 1, this_year + YEARS_AHEAD)
    session.flush()
    return calendar


def edit_calendar(session: Session, command: EditCalendar) -> Calendar:
    """Change a calendar's name, clock or place of work.

    Raises:
        Invalid: the site has another calendar, or the time zone is unknown.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, CALENDAR_EDIT)
    calendar = get_calendar(session, command.id)
    check_version(calendar, command.version)
    calendar.name = _name(command.name)
    calendar.time_zone = checked_time_zone(command.time_zone)
    calendar.site = _free_site(session, command.site, besides=calendar)
    session.flush()
    return calendar


def make_default(session: Session, command: MakeDefault) -> Calendar:
    """Make a calendar the one that is asked where none is named.

    Raises:
        Conflict: it is retired.
    """
    authorize(session, CALENDAR_EDIT)
    calendar = _in_use(session, command.id)
    before = session.scalar(
        select(Calendar).where(
            Calendar.company_id == calendar.company_id, Calendar.is_default.is_(True)
        )
    )
    if before is not None and before is not calendar:
        before.is_default = False
        # One default at a time, also within the transaction: the database has an index on it.
        session.flush()
    calendar.is_default = True
    session.flush()
    return calendar


def retire_calendar(session: Session, command: RetireCalendar) -> Calendar:
    """Offer a calendar no longer; who asks for it by its code is answered as before.

    Raises:
        Conflict: it is the default, or retired already.
    """
    authorize(session, CALENDAR_EDIT)
    calendar = _in_use(session, command.id)
    if refused := keeps_default(session, calendar):
        raise Conflict(refused)
    calendar.state = CalendarState.RETIRED
    calendar.site = None
    session.flush()
    return calendar


def restore_calendar(session: Session, command: RestoreCalendar) -> Calendar:
    """Offer a retired calendar again.

    Raises:
        Conflict: it is in use.
    """
    authorize(session, CALENDAR_EDIT)
    calendar = get_calendar(session, command.id)
    if calendar.state is not CalendarState.RETIRED:
        raise Conflict(_("%(calendar)s is in use.", calendar=calendar.label))
    calendar.state = CalendarState.IN_USE
    session.flush()
    return calendar


def delete_calendar(session: Session, command: DeleteCalendar) -> None:
    """Delete a calendar with its hours, holidays and special days.

    Raises:
        Conflict: it is the default.
    """
    authorize(session, CALENDAR_EDIT)
    calendar = get_calendar(session, command.id)
    if refused := keeps_default(session, calendar):
        raise Conflict(refused)
    _delete_parts(session, calendar)
    session.delete(calendar)
    session.flush()


def keeps_default(_session: Session, calendar: Calendar) -> str | None:
    """Why a calendar can't be taken out of use, or None."""
    if not calendar.is_default:
        return None
    return _("It is the company's default: make another calendar the default first.")


def is_default_already(_session: Session, calendar: Calendar) -> str | None:
    """Why a calendar can't be made the default, or None."""
    return _("It is the default already.") if calendar.is_default else None


def _delete_parts(session: Session, calendar: Calendar) -> None:
    """Hours and special days one by one, each for the audit trail; holidays come with years."""
    for model in (WorkingWeek, SpecialDay):
        belonging = select(model).where(
            model.company_id == calendar.company_id, model.calendar_id == calendar.id
        )
        for row in session.scalars(belonging):
            session.delete(row)
    session.execute(
        delete(PublicHoliday).where(
            PublicHoliday.company_id == calendar.company_id,
            PublicHoliday.calendar_id == calendar.id,
        ),
        execution_options={"audited": True},
    )
    session.flush()


def _in_use(session: Session, calendar_id: int) -> Calendar:
    calendar = get_calendar(session, calendar_id)
    if calendar.state is not CalendarState.IN_USE:
        raise Conflict(_("%(calendar)s is retired.", calendar=calendar.label))
    return calendar


def _name(text: str) -> str:
    if not text.strip():
        raise Invalid(_("Give the calendar a name."), field="name")
    return text.strip()


def _free_site(session: Session, text: str | None, besides: Calendar | None = None) -> str | None:
    site = (text or "").strip()
    if not site or (besides is not None and besides.site == site):
        return site or None
    taken = session.scalar(
        select(Calendar).where(Calendar.company_id == company_of(session).id, Calendar.site == site)
    )
    if taken is not None:
        raise Invalid(
            _("The site %(site)s has the calendar %(label)s.", site=site, label=taken.label),
            field="site",
        )
    return site


def _exists(session: Session, condition: ColumnElement[bool]) -> bool:
    found = select(Calendar.id).where(Calendar.company_id == company_of(session).id, condition)
    return session.scalar(found.limit(1)) is not None
