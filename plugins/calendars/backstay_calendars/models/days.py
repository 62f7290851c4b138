"""Public holidays as they were stored for a year, and the company's own special days."""

from __future__ import annotations

import enum
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_calendars.models.base import CalendarsBase


class PublicHoliday(Identified, CompanyScoped, CalendarsBase):
    """A public holiday of one calendar; the audit rows of the calendar say when it was stored."""

    __tablename__ = "calendars_holiday"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        UniqueConstraint("company_id", "calendar_id", "day"),
        ForeignKeyConstraint(
            ["company_id", "calendar_id"],
            ["calendars_calendar.company_id", "calendars_calendar.id"],
        ),
        Index("ix_calendars_holiday_company_id_day_id", "company_id", "day", "id"),
    )

    calendar_id: Mapped[int] = mapped_column(Id)
    day: Mapped[date]
    name: Mapped[str] = mapped_column(short(200))
    source: Mapped[str] = mapped_column(short(40))
    """What it was computed by, such as ``holidays 0.109``."""


class SpecialDayKind(enum.Enum):
    """What a company's own day is."""

    CLOSED = "closed"
    HOURS = "hours"
    """It is worked, in hours of its own."""


class SpecialDay(Identified, CompanyScoped, Versioned, CalendarsBase):
    """Days on which a company differs from its week and from the public holidays."""

    __tablename__ = "calendars_special_day"
    __audit__ = Audit.FULL
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "calendar_id"],
            ["calendars_calendar.company_id", "calendars_calendar.id"],
        ),
        CheckConstraint("starts_on <= ends_on", name="days"),
        CheckConstraint(
            "(kind = 'closed' AND hours = '') OR (kind = 'hours' AND hours <> '')", name="kind"
        ),
        Index("ix_calendars_special_day_company_id_starts_on_id", "company_id", "starts_on", "id"),
    )

    calendar_id: Mapped[int | None] = mapped_column(Id)
    """None: for all calendars of the company."""
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    """The last day, included."""
    kind: Mapped[SpecialDayKind]
    name: Mapped[str] = mapped_column(short(200))
    hours: Mapped[str] = mapped_column(short(100), default="")
