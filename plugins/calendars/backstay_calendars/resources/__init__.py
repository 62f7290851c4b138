"""Lists, record pages and forms of calendars, their weeks, holidays and special days."""

from __future__ import annotations

from typing import Final

from backstay_calendars.resources.calendars import CALENDARS
from backstay_calendars.resources.holidays import HOLIDAYS
from backstay_calendars.resources.special_days import SPECIAL_DAYS
from backstay_calendars.resources.weeks import WEEKS

RESOURCES: Final = (CALENDARS, WEEKS, HOLIDAYS, SPECIAL_DAYS)
