"""The calendars behind ``backstay.contracts.calendars``: what other plugins ask."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from sqlalchemy.orm import Session

from backstay.contracts.calendars import CalendarRef, DayCount, WorkCalendar
from backstay_calendars.day_counts import year_fraction
from backstay_calendars.services.loading import calendars_in_use, load_calendar


class CompanyCalendars:
    """Implements the protocol ``Calendars`` with the services of this plugin."""

    def load(self, session: Session, code: str = "", *, site: str = "") -> WorkCalendar:
        """Load a calendar with all that it needs."""
        return load_calendar(session, code, site=site)

    def all(self, session: Session) -> list[CalendarRef]:
        """The calendars in use."""
        return calendars_in_use(session)

    def year_fraction(self, start: date, end: date, basis: DayCount) -> Fraction:
        """How much of a year lies between two dates."""
        return year_fraction(start, end, basis)
