"""Runs of the checks as a list, and what one of them found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case

from backstay.spi import Choice, Column, Empty, Filter, Kind, Panel, Resource, Section
from backstay.spi import lazy as _
from backstay_ledger.audit.findings import finding_rows
from backstay_ledger.audit.models import CheckRun
from backstay_ledger.permissions import AUDIT_VIEW

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

STATES: Final = (
    Choice("sound", _("Sound"), "ok"),
    Choice("broken", _("Findings"), "bad"),
)
_STATE: Final = case((CheckRun.broken > 0, "broken"), else_="sound")


def _panel(session: Session, run: Any) -> dict[str, Any]:
    heads, rows = finding_rows(session, run)
    return {"heads": heads, "rows": rows}


CHECK_RUNS: Final = Resource(
    name="ledger.check_run",
    path="check-runs",
    model=CheckRun,
    view=AUDIT_VIEW,
    label=_("Run of the checks"),
    label_many=_("Runs of the checks"),
    icon="shield-check",
    help=_("Every check of the books, asked each night and whenever somebody wants it."),
    columns=(
        Column("began_at", _("Began"), CheckRun.began_at, Kind.INSTANT, link=True),
        Column("state", _("Result"), _STATE, Kind.STATE, STATES),
        Column("broken", _("Checks with findings"), CheckRun.broken, Kind.NUMBER, total=False),
        Column("checks", _("Checks"), CheckRun.checks, Kind.NUMBER, total=False),
        Column("asked_by", _("Asked by"), CheckRun.asked_by),
        Column("ended_at", _("Ended"), CheckRun.ended_at, Kind.INSTANT, in_list=False),
    ),
    filters=(Filter("state", _("Result"), _STATE, STATES),),
    order=(),
    title=lambda run: str(run.label),
    sections=(
        Section(_("Run"), ("began_at", "ended_at", "asked_by", "checks", "broken", "state")),
    ),
    panels=(Panel(_("Findings"), "ledger/findings.html", _panel, flush=True),),
    empty=Empty(
        _("No runs yet"),
        _("The books are checked each night. Have them checked now on the page Audit."),
        "shield-check",
    ),
)
