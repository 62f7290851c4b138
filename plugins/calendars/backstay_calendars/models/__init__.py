"""The tables of work calendars."""

from __future__ import annotations

from backstay_calendars.models.base import CalendarsBase
from backstay_calendars.models.calendars import (
    WEEKDAYS,
    Calendar,
    CalendarState,
    WorkingWeek,
)
from backstay_calendars.models.days import PublicHoliday, SpecialDay, SpecialDayKind

__all__ = [
    "WEEKDAYS",
    "Calendar",
    "CalendarState",
    "CalendarsBase",
    "PublicHoliday",
    "SpecialDay",
    "SpecialDayKind",
    "WorkingWeek",
]
