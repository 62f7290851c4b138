"""Working hours of calendars, by the day from which they are in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.spi import (
    Action,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Resource,
    Section,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay_calendars.models import WEEKDAYS, Calendar, WorkingWeek
from backstay_calendars.permissions import CALENDAR_EDIT, CALENDAR_VIEW
from backstay_calendars.services.calendars import SINCE_EVER
from backstay_calendars.services.weeks import (
    AddWeek,
    DeleteWeek,
    EditWeek,
    add_week,
    delete_week,
    edit_week,
    is_first,
)

if TYPE_CHECKING:
    from datetime import date

_FIELDS: Final = (Section(_("Working hours"), WEEKDAYS),)


def _from(day: date) -> str:
    return translate("the beginning") if day == SINCE_EVER else day.isoformat()


WEEKS: Final = Resource(
    name="calendars.week",
    path="working-hours",
    model=WorkingWeek,
    view=CALENDAR_VIEW,
    label=_("Working hours"),
    label_many=_("Working hours"),
    icon="clock",
    help=_("Hours by weekday. Other hours from a day on are entered as new ones."),
    columns=(
        Column("valid_from", _("From"), WorkingWeek.valid_from, Kind.DATE, link=True, format=_from),
        Column("calendar", _("Calendar"), Calendar.code, Kind.CODE),
        Column("monday", _("Monday"), WorkingWeek.monday),
        Column("tuesday", _("Tuesday"), WorkingWeek.tuesday),
        Column("wednesday", _("Wednesday"), WorkingWeek.wednesday),
        Column("thursday", _("Thursday"), WorkingWeek.thursday),
        Column("friday", _("Friday"), WorkingWeek.friday),
        Column("saturday", _("Saturday"), WorkingWeek.saturday),
        Column("sunday", _("Sunday"), WorkingWeek.sunday),
    ),
    filters=(
        Filter(
            "calendar",
            _("Calendar"),
            WorkingWeek.calendar_id,
            kind="picker",
            picker="calendars.calendar",
        ),
    ),
    order=("-valid_from",),
    joins=lambda statement: statement.join(Calendar, Calendar.id == WorkingWeek.calendar_id),
    title=lambda week: translate("Working hours from %(day)s", day=_from(week.valid_from)),
    sections=(Section(_("In force"), ("calendar", "valid_from")), *_FIELDS),
    create=Operation(
        add_week,
        AddWeek,
        CALENDAR_EDIT,
        _("New working hours"),
        sections=(Section(_("In force"), ("calendar_id", "valid_from")), *_FIELDS),
        done=_("Working hours entered."),
    ),
    update=Operation(
        edit_week,
        EditWeek,
        CALENDAR_EDIT,
        _("Edit"),
        sections=_FIELDS,
        help=_(
            "A correction, for all days since these hours are in force. If they change from a day"
            " on, enter new ones."
        ),
        done=_("Working hours saved."),
    ),
    actions=(
        Action(
            "delete",
            Operation(delete_week, DeleteWeek, CALENDAR_EDIT, _("Delete"), done=_("Deleted.")),
            icon="trash",
            danger=True,
            confirm=_("The hours before them stay in force instead."),
            refuses=is_first,
        ),
    ),
    empty=Empty(_("No working hours"), _("Each calendar has some."), "clock"),
)
