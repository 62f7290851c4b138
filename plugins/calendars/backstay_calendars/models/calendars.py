"""Calendars, and the working hours of their weeks."""

from __future__ import annotations

import enum
from datetime import date
from typing import Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_calendars.models.base import CalendarsBase

WEEKDAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
"""Columns of a week, in the order of ``date.weekday()``."""


class CalendarState(enum.Enum):
    """A retired calendar answers as before, but is not offered any more."""

    IN_USE = "in_use"
    RETIRED = "retired"


class Calendar(Identified, CompanyScoped, Versioned, CalendarsBase):
    """A calendar of a company: whose holidays it keeps, and in which time zone it works."""

    __tablename__ = "calendars_calendar"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "site"),
        CheckConstraint("state IN ('in_use', 'retired')", name="state"),
        CheckConstraint("NOT is_default OR state = 'in_use'", name="default"),
        CheckConstraint("first_year <= last_year", name="years"),
        Index(
            "ix_calendars_calendar_default",
            "company_id",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )

    code: Mapped[str] = mapped_column(short(20))
    """What other modules ask for it by, so it never changes."""
    name: Mapped[str] = mapped_column(short(100))
    country: Mapped[str | None] = mapped_column(short(6))
    """ISO 3166-1 code of a country, or ISO 10383 code of a market, whose holidays it keeps."""
    region: Mapped[str | None] = mapped_column(short(10))
    """The part of the country, as in the second half of its ISO 3166-2 code."""
    time_zone: Mapped[str] = mapped_column(short(60))
    site: Mapped[str | None] = mapped_column(short(40))
    is_default: Mapped[bool] = mapped_column(default=False)
    first_year: Mapped[int | None]
    """The first and last year whose public holidays are stored; none without a country."""
    last_year: Mapped[int | None]
    state: Mapped[CalendarState] = mapped_column(default=CalendarState.IN_USE)

    @property
    def label(self) -> str:
        """Code and name, as pickers and the audit trail show it."""
        return f"{self.code} {self.name}"


class WorkingWeek(Identified, CompanyScoped, Versioned, CalendarsBase):
    """Working hours by weekday, in force from a day on until the next week's day.

    Each weekday holds spans of the calendar's own clock, such as ``09:00-12:30, 13:00-17:00``, in
    the form of :mod:`backstay_calendars.hours`; empty where nobody works.
    """

    __tablename__ = "calendars_week"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "calendar_id", "valid_from"),
        ForeignKeyConstraint(
            ["company_id", "calendar_id"],
            ["calendars_calendar.company_id", "calendars_calendar.id"],
        ),
    )

    calendar_id: Mapped[int] = mapped_column(Id)
    valid_from: Mapped[date]
    monday: Mapped[str] = mapped_column(short(100), default="")
    tuesday: Mapped[str] = mapped_column(short(100), default="")
    wednesday: Mapped[str] = mapped_column(short(100), default="")
    thursday: Mapped[str] = mapped_column(short(100), default="")
    friday: Mapped[str] = mapped_column(short(100), default="")
    saturday: Mapped[str] = mapped_column(short(100), default="")
    sunday: Mapped[str] = mapped_column(short(100), default="")

    @property
    def texts(self) -> tuple[str, ...]:
        """The seven weekdays from Monday on."""
        return tuple(getattr(self, name) for name in WEEKDAYS)

    def audit_label(self) -> str:
        """What it is, with the day from which it is in force."""
        return f"working hours from {self.valid_from}"
