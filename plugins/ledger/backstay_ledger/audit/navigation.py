"""The auditor's page in the sidebar, and the runs of the checks in the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.spi import Area, Page, context, resource_url
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger import sections
from backstay_ledger.audit.runs import last_run
from backstay_ledger.permissions import AUDIT_VIEW

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def home_part(db: Session) -> ui.HomePart | None:
    """What the company's start page tells those who may audit: nothing while all is well."""
    run = last_run(db) if context().may(AUDIT_VIEW) else None
    if run is None or not run.broken:
        return None
    figure = ui.Figure(
        _("Checks of the books"),
        str(run.broken),
        _("found something in the last run"),
        resource_url("ledger.check_run", "record", id=run.id),
        tone="bad",
        icon="shield-check",
    )
    return ui.HomePart((figure,))


AUDIT_PAGES: Final = (
    Page(
        Area.MONEY,
        _("Audit"),
        "ledger.audit",
        "shield-check",
        AUDIT_VIEW,
        order=68,
        home=home_part,
        keywords=_("auditor checks control queries sample seal benford"),
    ),
    Page(
        Area.MONEY,
        _("Runs of the checks"),
        "ledger.check_run.list",
        "shield-check",
        AUDIT_VIEW,
        order=69,
        in_palette_only=True,
        section=sections.CLOSING,
    ),
)
