"""Public holidays as they are stored; nobody types them."""

from __future__ import annotations

from typing import Final

from backstay.spi import Column, Empty, Filter, Kind, Resource, Section
from backstay.spi import lazy as _
from backstay_calendars.models import Calendar, PublicHoliday
from backstay_calendars.permissions import CALENDAR_VIEW

HOLIDAYS: Final = Resource(
    name="calendars.holiday",
    path="holidays",
    model=PublicHoliday,
    view=CALENDAR_VIEW,
    label=_("Public holiday"),
    label_many=_("Public holidays"),
    icon="calendar",
    help=_(
        "As they were stored for each calendar. A day on which your company differs is entered as"
        " a special day."
    ),
    columns=(
        Column("day", _("Day"), PublicHoliday.day, Kind.DATE, sortable=True, link=True),
        Column("name", _("Name"), PublicHoliday.name),
        Column("calendar", _("Calendar"), Calendar.code, Kind.CODE),
        Column("source", _("Computed by"), PublicHoliday.source, in_list=False),
    ),
    filters=(
        Filter(
            "calendar",
            _("Calendar"),
            PublicHoliday.calendar_id,
            kind="picker",
            picker="calendars.calendar",
        ),
        Filter("from", _("From"), PublicHoliday.day, kind="date_from"),
        Filter("to", _("To"), PublicHoliday.day, kind="date_to"),
    ),
    search=(PublicHoliday.name,),
    order=("day",),
    joins=lambda statement: statement.join(Calendar, Calendar.id == PublicHoliday.calendar_id),
    title=lambda holiday: f"{holiday.name}, {holiday.day}",
    sections=(Section(_("Public holiday"), ("day", "name", "calendar", "source")),),
    empty=Empty(
        _("No public holidays"),
        _("They come with a calendar for which a country or a market was chosen."),
        "calendar",
    ),
)
