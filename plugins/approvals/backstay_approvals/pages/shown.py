"""A request with its preview, as pages lay it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import url_for

from backstay.spi import (
    BackstayError,
    approvables,
    company_of,
    context,
    instant_text,
    money_formatter,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_approvals.resources.requests import stages_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_approvals.models import Request


@dataclass(frozen=True, slots=True)
class Shown:
    """What waits, formatted for a reader."""

    id: int
    digest: str
    title: str
    help: str
    facts: tuple[ui.FieldView, ...]
    heads: tuple[ui.Head, ...]
    rows: tuple[ui.Row, ...]
    standing: dict[str, Any]
    action: str
    approve: ui.Button
    refuse: ui.Button
    open: ui.Button | None
    problem: str = ""


def shown(db: Session, request: Request) -> Shown:
    """A request with the preview that the record's own module gives."""
    here = context()
    when = instant_text(request.requested_at, here.time_zone, here.locale)
    facts: list[ui.FieldView] = []
    if request.amount is not None:
        facts.append(ui.FieldView("amount", _("Amount"), amount_text(db, request), "money"))
    heads: tuple[ui.Head, ...] = ()
    rows: tuple[ui.Row, ...] = ()
    problem, href = "", ""
    about = approvables(db).get(request.about)
    try:
        preview = about.preview(db, request.record_id) if about else None
    except BackstayError as error:
        preview, problem = None, error.message
    if preview is not None:
        facts += [
            ui.FieldView(str(at), label, text) for at, (label, text) in enumerate(preview.facts)
        ]
        heads = tuple(
            ui.Head(str(at), label, "end" if at in preview.figures else "start")
            for at, label in enumerate(preview.heads)
        )
        rows = tuple(
            ui.Row(
                tuple(
                    ui.Cell(text, "money" if at in preview.figures else "text")
                    for at, text in enumerate(row)
                )
            )
            for row in preview.rows
        )
        href = preview.href
    return Shown(
        request.id,
        request.digest,
        request.label,
        _("%(who)s asked on %(when)s", who=request.requested_by, when=when),
        tuple(facts),
        heads,
        rows,
        stages_of(db, request),
        url_for("approvals.decide", id=request.id),
        ui.Button(_("Approve"), icon="check", kind="primary", shortcut="a"),
        ui.Button(_("Send back"), icon="arrow-back-up", shortcut="Ctrl+Enter"),
        ui.Button(_("Open the record"), href, "external-link", shortcut="o") if href else None,
        problem,
    )


def amount_text(db: Session, request: Request) -> str:
    """The amount of a request with its currency; empty where it has none."""
    if request.amount is None:
        return ""
    company = company_of(db)
    written = money_formatter(context().locale, company.minor_units)(request.amount)
    return f"{written} {company.currency}"
