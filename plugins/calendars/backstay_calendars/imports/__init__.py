"""Files that can be imported: special days, as a table or as an iCalendar file."""

from __future__ import annotations

from typing import Final

from backstay_calendars.imports.special_days import SPECIAL_DAYS

IMPORTS: Final = (SPECIAL_DAYS,)
