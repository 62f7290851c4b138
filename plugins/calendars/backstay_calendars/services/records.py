"""Records of the company by their ids."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import NotFound, company_of
from backstay.spi import gettext as _
from backstay_calendars.models import Calendar, SpecialDay, WorkingWeek


def get_calendar(session: Session, calendar_id: int) -> Calendar:
    """A calendar of the company.

    Raises:
        NotFound: the company has no such calendar.
    """
    found = session.scalar(
        select(Calendar).where(
            Calendar.id == calendar_id, Calendar.company_id == company_of(session).id
        )
    )
    if found is None:
        raise NotFound(_("There is no such calendar in this company."))
    return found


def get_week(session: Session, week_id: int) -> WorkingWeek:
    """Working hours of a calendar.

    Raises:
        NotFound: the company has none of this id.
    """
    found = session.scalar(
        select(WorkingWeek).where(
            WorkingWeek.id == week_id, WorkingWeek.company_id == company_of(session).id
        )
    )
    if found is None:
        raise NotFound(_("There are no such working hours in this company."))
    return found


def get_special_day(session: Session, special_id: int) -> SpecialDay:
    """A special day of the company.

    Raises:
        NotFound: the company has none of this id.
    """
    found = session.scalar(
        select(SpecialDay).where(
            SpecialDay.id == special_id, SpecialDay.company_id == company_of(session).id
        )
    )
    if found is None:
        raise NotFound(_("There is no such special day in this company."))
    return found
