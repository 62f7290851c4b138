"""The auditor's room: what the checks say, seals, and the ways to samples and control queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from backstay.spi import (
    company_of,
    context,
    enqueue,
    flash_done,
    instant_text,
    page,
    redirect_to,
    requires,
    resource_url,
    session,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.audit.controls import CONTROLS
from backstay_ledger.audit.findings import finding_rows, silent_rows
from backstay_ledger.audit.models import CheckRun, Seal
from backstay_ledger.audit.run_jobs import RUN_CHECKS
from backstay_ledger.audit.runs import last_runs
from backstay_ledger.models import FiscalYear, Journal
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.permissions import AUDIT_RUN, AUDIT_VIEW
from backstay_ledger.resources.figures import Figures, heads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from flask import Response
    from sqlalchemy.orm import Session

_SOME = 6


@dataclass(frozen=True, slots=True)
class Room:
    """What ``ledger/audit.html`` shows."""

    title: str
    help: str
    notes: tuple[ui.Note, ...]
    actions: tuple[ui.Button, ...]
    check_heads: tuple[ui.Head, ...]
    checks: tuple[ui.Row, ...]
    silent: tuple[ui.Row, ...]
    run_heads: tuple[ui.Head, ...]
    runs: tuple[ui.Row, ...]
    seal_heads: tuple[ui.Head, ...]
    seals: tuple[ui.Row, ...]
    controls: tuple[ui.Button, ...]


@blueprint.get("/audit", endpoint="audit")
@requires(AUDIT_VIEW)
def show_room() -> Response:
    """The state of the books in the eyes of an auditor."""
    db = session()
    latest = last_runs(db, _SOME)
    run = latest[0] if latest else None
    check_heads, checks = finding_rows(db, run) if run else ((), ())
    actions: tuple[ui.Button, ...] = (
        ui.Button(_("All runs"), resource_url("ledger.check_run"), "list-details"),
    )
    if context().may(AUDIT_RUN):
        now = ui.Button(_("Check now"), url_for("ledger.audit_run"), "player-play", method="post")
        actions = (*actions, now)
    run_heads, runs = _runs(latest)
    seal_heads, seals = _seals(db)
    return page(
        "ledger/audit.html",
        page=Room(
            title=_("Audit"),
            help=_(
                "Whether the books are sound, up to where they are sealed, and where to look."
                " Nothing here changes an entry."
            ),
            notes=(_state(run),) if run else (),
            actions=actions,
            check_heads=check_heads,
            checks=checks,
            silent=silent_rows(db, run) if run else (),
            run_heads=run_heads,
            runs=runs,
            seal_heads=seal_heads,
            seals=seals,
            controls=tuple(
                ui.Button(str(one.label), url_for("ledger.control", name=one.name))
                for one in CONTROLS
            ),
        ),
    )


@blueprint.post("/audit/run", endpoint="audit_run")
@requires(AUDIT_RUN)
def run_now() -> Response:
    """Ask for the job that checks and seals the books of the company."""
    enqueue(session(), RUN_CHECKS, {}, unique="checks")
    flash_done(_("The books are being checked. Load the page again in a moment."))
    return redirect_to(url_for("ledger.audit"))


def _state(run: CheckRun) -> ui.Note:
    at = _at(run.ended_at)
    if run.broken:
        text = _(
            "%(n)s of %(all)s checks found something on %(at)s.",
            n=run.broken,
            all=run.checks,
            at=at,
        )
        return ui.Note(text, "bad")
    return ui.Note(_("The books were sound on %(at)s: %(n)s checks.", at=at, n=run.checks), "ok")


def _at(at: datetime) -> str:
    reader = context()
    return instant_text(at, reader.time_zone, reader.locale)


def _runs(latest: Sequence[CheckRun]) -> tuple[tuple[ui.Head, ...], tuple[ui.Row, ...]]:
    return heads(("began", _("Began"), False), ("result", _("Result"), False)), tuple(
        ui.Row(
            (
                ui.Cell(_at(one.began_at)),
                ui.Cell(
                    _("%(n)s findings", n=one.broken) if one.broken else _("sound"),
                    "state",
                    tone="bad" if one.broken else "ok",
                ),
            ),
            href=resource_url("ledger.check_run", "record", id=one.id),
        )
        for one in latest
    )


def _seals(db: Session) -> tuple[tuple[ui.Head, ...], tuple[ui.Row, ...]]:
    """The last seal of each journal and fiscal year, with the beginning of its digest."""
    other = aliased(Seal)
    latest = (
        select(func.max(other.number))
        .where(
            other.company_id == Seal.company_id,
            other.journal_id == Seal.journal_id,
            other.fiscal_year_id == Seal.fiscal_year_id,
        )
        .correlate(Seal)
        .scalar_subquery()
    )
    last = db.execute(
        select(Journal.code, FiscalYear.code, Seal.number, Seal.digest)
        .join(Journal, Journal.id == Seal.journal_id)
        .join(FiscalYear, FiscalYear.id == Seal.fiscal_year_id)
        .where(Seal.company_id == company_of(db).id, Seal.number == latest)
        .order_by(FiscalYear.starts_on.desc(), Journal.code)
    )
    figures = Figures(db)
    return heads(
        ("journal", _("Journal"), False),
        ("number", _("Up to"), True),
        ("digest", _("Digest"), False),
    ), tuple(
        ui.Row(
            (
                ui.Cell(f"{journal} {year}"),
                ui.Cell(figures.count(number), "number"),
                ui.Cell(digest[:16], "code"),
            )
        )
        for journal, year, number, digest in last
    )
