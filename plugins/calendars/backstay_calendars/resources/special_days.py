"""Special days: closing days, extra working days and days with other hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import url_for

from backstay.spi import (
    Action,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Resource,
    Section,
    context_of,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_calendars.models import Calendar, SpecialDay
from backstay_calendars.permissions import CALENDAR_VIEW, SPECIAL_DAY_EDIT
from backstay_calendars.services.special_days import (
    KINDS,
    AddSpecialDay,
    DeleteSpecialDay,
    EditSpecialDay,
    add_special_day,
    delete_special_day,
    edit_special_day,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def _import(session: Session) -> Sequence[ui.Button]:
    if not context_of(session).may(SPECIAL_DAY_EDIT):
        return ()
    href = url_for("core_imports.upload", kind="calendars.special_day")
    return (ui.Button(translate("Import"), href, "file-import"),)


def _whose(code: object) -> str:
    return str(code) if code else translate("all")


SPECIAL_DAYS: Final = Resource(
    name="calendars.special_day",
    path="special-days",
    model=SpecialDay,
    view=CALENDAR_VIEW,
    label=_("Special day"),
    label_many=_("Special days"),
    icon="star",
    help=_("Days on which the company differs from its week and from the public holidays."),
    columns=(
        Column(
            "starts_on", _("First day"), SpecialDay.starts_on, Kind.DATE, sortable=True, link=True
        ),
        Column("ends_on", _("Last day"), SpecialDay.ends_on, Kind.DATE),
        Column("name", _("Name"), SpecialDay.name, link=True),
        Column("kind", _("Kind"), SpecialDay.kind, Kind.STATE, choices=KINDS),
        Column("hours", _("Hours"), SpecialDay.hours),
        Column("calendar", _("Calendar"), Calendar.code, Kind.CODE, format=_whose),
    ),
    filters=(
        Filter("kind", _("Kind"), SpecialDay.kind, KINDS),
        Filter(
            "calendar",
            _("Calendar"),
            SpecialDay.calendar_id,
            kind="picker",
            picker="calendars.calendar",
        ),
        Filter("from", _("From"), SpecialDay.ends_on, kind="date_from"),
        Filter("to", _("To"), SpecialDay.starts_on, kind="date_to"),
    ),
    search=(SpecialDay.name,),
    order=("-starts_on",),
    joins=lambda statement: statement.outerjoin(Calendar, Calendar.id == SpecialDay.calendar_id),
    title=lambda special: str(special.name),
    sections=(
        Section(_("Special day"), ("name", "kind", "starts_on", "ends_on", "hours", "calendar")),
    ),
    create=Operation(
        add_special_day,
        AddSpecialDay,
        SPECIAL_DAY_EDIT,
        _("New special day"),
        done=_("Special day entered."),
    ),
    update=Operation(
        edit_special_day, EditSpecialDay, SPECIAL_DAY_EDIT, _("Edit"), done=_("Special day saved.")
    ),
    actions=(
        Action(
            "delete",
            Operation(
                delete_special_day,
                DeleteSpecialDay,
                SPECIAL_DAY_EDIT,
                _("Delete"),
                done=_("These are ordinary days again."),
            ),
            icon="trash",
            danger=True,
            confirm=_("These will be ordinary days again."),
        ),
    ),
    buttons=_import,
    empty=Empty(
        _("No special days"),
        _("Closing days between the years, a working Saturday, a short day before a holiday."),
        "star",
    ),
)
