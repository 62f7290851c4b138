"""Records of the company by their ids."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import NotFound, company_of
from backstay.spi import gettext as _
from backstay_calendars.models import Calendar, SpecialDay, WorkingWeek

Record = TypeVar("Record", Calendar, WorkingWeek, SpecialDay)


def get_calendar(session: Session, calendar_id: int) -> Calendar:
    """A calendar of the company.

    Raises:
        NotFound: the company has no such calendar.
    """
    missing = _("There is no such calendar in this company.")
    return _of_company(session, Calendar, calendar_id, missing)


def get_week(session: Session, week_id: int) -> WorkingWeek:
    """Working hours of a calendar.

    Raises:
        NotFound: the company has none of this id.
    """
    missing = _("There are no such working hours in this company.")
    return _of_company(session, WorkingWeek, week_id, missing)


def get_special_day(session: Session, special_id: int) -> SpecialDay:
    """A special day of the company.

    Raises:
        NotFound: the company has none of this id.
    """
    missing = _("There is no such special day in this company.")
    return _of_company(session, SpecialDay, special_id, missing)


def _of_company(session: Session, model: type[Record], record_id: int, missing: str) -> Record:
    found = session.scalar(
        select(model).where(model.id == record_id, model.company_id == company_of(session).id)
    )
    if found is None:
        raise NotFound(missing)
    return found
