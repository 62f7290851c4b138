"""What can be permitted, and the role that the plugin proposes."""

from __future__ import annotations

from typing import Final

from backstay.spi import LIST_VIEW_SHARE, Permission, Risk, RoleTemplate
from backstay.spi import lazy as _

CALENDAR_VIEW: Final = Permission(
    "calendars.calendar.view", _("see calendars and reckon due dates"), Risk.READ
)
CALENDAR_EDIT: Final = Permission(
    "calendars.calendar.edit",
    _("make and change calendars and their working hours"),
    Risk.SENSITIVE,
    _("Due dates that are reckoned afterwards follow the change."),
)
SPECIAL_DAY_EDIT: Final = Permission(
    "calendars.special_day.edit", _("enter, change and import closing days and extra working days")
)

PERMISSIONS: Final = (CALENDAR_VIEW, CALENDAR_EDIT, SPECIAL_DAY_EDIT)

ROLE_TEMPLATES: Final = (
    RoleTemplate(
        "calendarkeeper",
        _("Keeper of calendars"),
        _("Keeps working hours, public holidays and closing days."),
        (*PERMISSIONS, LIST_VIEW_SHARE),
    ),
    RoleTemplate(
        "calendarreader",
        _("Reader of calendars"),
        _("Sees calendars and reckons due dates; meant for everybody."),
        (CALENDAR_VIEW,),
    ),
)
