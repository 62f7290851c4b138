"""The plugin's pages in the sidebar and in the command palette."""

from __future__ import annotations

from typing import Final

from backstay.spi import Area, Page
from backstay.spi import lazy as _
from backstay_calendars.permissions import CALENDAR_EDIT, CALENDAR_VIEW, SPECIAL_DAY_EDIT

PAGES: Final = (
    Page(
        Area.PEOPLE,
        _("Calendar"),
        "calendars.year",
        "calendar",
        CALENDAR_VIEW,
        order=50,
        keywords=_("year holidays business days due date"),
    ),
    Page(
        Area.PEOPLE,
        _("Special days"),
        "calendars.special_day.list",
        "star",
        CALENDAR_VIEW,
        order=52,
        in_palette_only=True,
        keywords=_("closing days closed extra working days"),
    ),
    Page(
        Area.PEOPLE,
        _("Calendars"),
        "calendars.calendar.list",
        "calendar",
        CALENDAR_VIEW,
        order=54,
        in_palette_only=True,
        keywords=_("working hours"),
    ),
    Page(
        Area.PEOPLE,
        _("Public holidays"),
        "calendars.holiday.list",
        "calendar",
        CALENDAR_VIEW,
        order=56,
        in_palette_only=True,
    ),
    Page(
        Area.PEOPLE,
        _("New special day"),
        "calendars.special_day.create",
        "plus",
        SPECIAL_DAY_EDIT,
        order=58,
        in_palette_only=True,
        keywords=_("close closing day"),
    ),
    Page(
        Area.PEOPLE,
        _("New calendar"),
        "calendars.calendar.create",
        "plus",
        CALENDAR_EDIT,
        order=59,
        in_palette_only=True,
    ),
)
