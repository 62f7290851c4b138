"""Deputies: who stands in for whom, until which day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from backstay.spi import (
    Action,
    Column,
    Empty,
    Kind,
    Operation,
    Resource,
    Section,
    company_of,
    today,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay_approvals.models import Deputy
from backstay_approvals.permissions import DEPUTY_NAME, INBOX_USE
from backstay_approvals.services.deputies import EndDeputy, NameDeputy, end_deputy, name_deputy

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def _first(session: Session, _record: object) -> dict[str, Any]:
    return {"starts_on": today(company_of(session).time_zone)}


def _ended(_session: Session, deputy: Deputy) -> str | None:
    return translate("It was ended already.") if deputy.ended_at else None


DEPUTIES: Final = Resource(
    name="approvals.deputy",
    path="deputies",
    model=Deputy,
    view=INBOX_USE,
    label=_("Deputy"),
    label_many=_("Deputies"),
    icon="users",
    help=_(
        "A deputy decides in somebody's place until a given day, never on what either of them"
        " began. Who acted for whom is kept."
    ),
    columns=(
        Column("login", _("Deputy"), Deputy.login, link=True),
        Column("stands_for", _("In the place of"), Deputy.stands_for),
        Column("starts_on", _("From"), Deputy.starts_on, Kind.DATE, sortable=True),
        Column("ends_on", _("Until"), Deputy.ends_on, Kind.DATE),
        Column("reason", _("Reason"), Deputy.reason),
        Column("named_by", _("Named by"), Deputy.named_by, in_list=False),
        Column("ended_at", _("Ended early"), Deputy.ended_at, Kind.INSTANT),
    ),
    search=(Deputy.login, Deputy.stands_for),
    order=("-starts_on",),
    title=lambda deputy: translate(
        "%(login)s for %(other)s", login=deputy.login, other=deputy.stands_for
    ),
    sections=(
        Section(
            _("Deputy"),
            ("login", "stands_for", "starts_on", "ends_on", "reason", "named_by", "ended_at"),
        ),
    ),
    create=Operation(
        name_deputy,
        NameDeputy,
        DEPUTY_NAME,
        _("Name a deputy"),
        initial=_first,
        done=_("The deputy is named."),
        submit=_("Name the deputy"),
    ),
    actions=(
        Action(
            "end",
            Operation(end_deputy, EndDeputy, DEPUTY_NAME, _("End now"), done=_("Ended.")),
            icon="x",
            past=_("ended this"),
            refuses=_ended,
        ),
    ),
    empty=Empty(
        _("No deputies"), _("Name one before a holiday, so that nothing has to wait."), "users"
    ),
)
