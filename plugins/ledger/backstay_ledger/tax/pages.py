"""The tax return on screen and as files, and the lines behind each of its boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for

from backstay.spi import (
    company_of,
    context,
    neutral,
    ngettext,
    page,
    requires,
    resource_url,
    session,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.files import csv_file
from backstay_ledger.pages.report_dates import company_today, day_control, read_span
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW, TAX_FILE
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.statements.downloads import as_workbook
from backstay_ledger.statements.tables import Table, TableRow
from backstay_ledger.tax.boxes import BOX_KINDS, load_box
from backstay_ledger.tax.filing.filing import unfiled
from backstay_ledger.tax.models import BoxKind
from backstay_ledger.tax.returns import box_lines, tax_return

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.pages.report_dates import Span
    from backstay_ledger.tax.returns import BoxFigure, TaxReturn

PAGE: Final = 200
_KINDS: Final = {BoxKind(choice.value): choice.label for choice in BOX_KINDS}


@blueprint.get("/tax-return", endpoint="tax_return")
@requires(BOOKS_VIEW)
def show_tax_return() -> Response:
    """The return on screen."""
    db = session()
    span = _span(db)
    return page("report.html", page=_report(db, tax_return(db, span.start, span.end), span))


@blueprint.get("/tax-return.csv", endpoint="tax_return_csv")
@requires(BOOKS_EXPORT)
def export_tax_return() -> Response:
    """The return as a file: box, name, kind, base, tax."""
    db = session()
    span = _span(db)

    def rows(reading: Session) -> Iterator[tuple[str, ...]]:
        figures = Figures(reading)
        for box in tax_return(reading, span.start, span.end).boxes:
            yield (
                neutral(box.code),
                neutral(box.name),
                box.kind.value,
                figures.plain(box.base),
                figures.plain(box.tax),
            )

    return csv_file(
        f"tax-return-{company_of(db).code}-{span.start}-{span.end}.csv",
        ("box", "name", "kind", "base", "tax"),
        rows,
        entity="ledger.tax_return",
        parameters=_days(span),
    )


@blueprint.get("/tax-return.xlsx", endpoint="tax_return_xlsx")
@requires(BOOKS_EXPORT)
def export_tax_workbook() -> Response:
    """The return as a workbook."""
    db = session()
    span = _span(db)
    found = tax_return(db, span.start, span.end)
    rows = [TableRow("box", box.code, _name(box), 1, (box.base, box.tax)) for box in found.boxes]
    days = f"{span.start.isoformat()}/{span.end.isoformat()}"
    columns = (_("Base"), _("Tax"))
    return as_workbook(Table("tax-return", _("Tax return"), columns, tuple(rows), days=days))


@blueprint.get("/tax-return/lines", endpoint="tax_return_lines")
@requires(BOOKS_VIEW)
def show_box_lines() -> Response:
    """The lines behind a box, or behind what counts in no box."""
    db = session()
    span = _span(db)
    text = request.args.get("box", "")
    box = (
        load_box(db, int(text)) if text.isascii() and text.isdecimal() and text[18:] == "" else None
    )
    skipped = request.args.get("skip", "")
    skip = int(skipped) if skipped.isascii() and skipped.isdecimal() and len(skipped) < 10 else 0  # noqa: PLR2004
    lines = box_lines(db, box.id if box else None, span.start, span.end, limit=PAGE + 1, skip=skip)
    figures = Figures(db)
    rows = tuple(
        ui.Row(
            (
                ui.Cell(figures.day(line.day), "date"),
                ui.Cell(line.number, "code"),
                ui.Cell(line.memo),
                ui.Cell(line.code, "code"),
                ui.Cell(f"{line.rate.normalize():f} %", "number"),
                figures.cell(line.base),
                figures.cell(line.tax),
            ),
            href=resource_url("ledger.entry", "record", id=line.entry_id),
        )
        for line in lines[:PAGE]
    )
    return page(
        "report.html",
        page=ui.ReportPage(
            title=_("Box %(box)s", box=box.label) if box else _("Without a box"),
            subtitle=_subtitle(db, figures, span),
            heads=heads(
                ("date", _("Date"), False),
                ("entry", _("Entry"), False),
                ("memo", _("Memo"), False),
                ("code", _("Tax code"), False),
                ("rate", _("Rate"), True),
                ("base", _("Base"), True),
                ("tax", _("Tax"), True),
            ),
            groups=(ui.ReportGroup(label="", rows=rows),) if rows else (),
            empty=ui.EmptyState(
                _("Nothing counts here"), _("Choose other days."), icon="receipt-2"
            ),
            url=url_for("ledger.tax_return_lines", box=text),
            notes=span.notes,
            next_href=url_for("ledger.tax_return_lines", box=text, skip=skip + PAGE, **_days(span))
            if len(lines) > PAGE
            else None,
            first_href=url_for("ledger.tax_return_lines", box=text, **_days(span))
            if skip
            else None,
        ),
        crumbs=(
            ui.Crumb(_("Money")),
            ui.Crumb(_("Tax return"), url_for("ledger.tax_return", **_days(span))),
            ui.Crumb(box.code if box else _("Without a box")),
        ),
    )


def _span(db: Session) -> Span:
    """The days that were asked for; by default this month."""
    today = company_today(db)
    return read_span(request.args, today.replace(day=1), today)


def _days(span: Span) -> dict[str, Any]:
    return {"from": span.start.isoformat(), "to": span.end.isoformat()}


def _subtitle(db: Session, figures: Figures, span: Span) -> str:
    company = company_of(db)
    return _(
        "%(company)s · %(start)s to %(end)s · %(currency)s",
        company=company.name,
        start=figures.day(span.start),
        end=figures.day(span.end),
        currency=company.currency,
    )


def _name(box: BoxFigure) -> str:
    return box.name if box.id is not None else _("Without a box")


def _report(db: Session, found: TaxReturn, span: Span) -> ui.ReportPage:
    figures = Figures(db)
    groups = []
    for kind, label in _KINDS.items():
        rows = tuple(
            ui.Row(
                (
                    ui.Cell(box.code, "code"),
                    ui.Cell(_name(box)),
                    figures.cell(box.base),
                    figures.cell(box.tax),
                ),
                href=url_for("ledger.tax_return_lines", box=box.id or "", **_days(span)),
            )
            for box in found.boxes
            if box.kind is kind
        )
        if rows:
            total = None if kind is BoxKind.INFORMATION else found.total(kind)
            groups.append(
                ui.ReportGroup(
                    label=label,
                    rows=rows,
                    totals=None
                    if total is None
                    else (
                        ui.Cell(_("Total")),
                        ui.Cell(""),
                        ui.Cell(""),
                        figures.cell(total),
                    ),
                )
            )
    due = found.due
    return ui.ReportPage(
        title=_("Tax return"),
        subtitle=_subtitle(db, figures, span),
        help=_(
            "What counts in each box on the days you choose. Open a box to see its lines. Taxes on"
            " cash basis count when they are paid."
        ),
        heads=heads(
            ("box", _("Box"), False),
            ("name", _("Name"), False),
            ("base", _("Base"), True),
            ("tax", _("Tax"), True),
        ),
        groups=tuple(groups),
        url=url_for("ledger.tax_return"),
        params=(
            day_control("from", _("From"), span.start),
            day_control("to", _("To"), span.end),
        ),
        exports=(*_filing(), *_exports(span)),
        totals=(
            ui.Cell(_("To be paid") if due >= 0 else _("To be paid back")),
            ui.Cell(""),
            ui.Cell(""),
            figures.cell(abs(due)),
        )
        if groups
        else None,
        notes=(*span.notes, *_late(db, span)),
        empty=ui.EmptyState(
            _("No boxes yet"),
            _("Make the boxes of your authority's form, then tax codes that count in them."),
            icon="receipt-2",
            action=ui.Button(_("Boxes of the return"), resource_url("ledger.tax_box")),
        ),
    )


def _late(db: Session, span: Span) -> tuple[ui.Note, ...]:
    """That something of earlier days is in no return yet."""
    found = unfiled(db, span.start, span.end)
    if not found.late:
        return ()
    message = ngettext(
        "%(n)s line of tax of earlier days is in no return yet: file it with this one.",
        "%(n)s lines of tax of earlier days are in no return yet: file them with this one.",
        found.late,
    )
    return (ui.Note(message, "warn"),)


def _filing() -> tuple[ui.Button, ...]:
    """The ways to what was filed and to filing it."""
    buttons = [
        ui.Button(_("Filed returns"), resource_url("ledger.tax_filing"), "receipt-2", "ghost")
    ]
    if context().may(TAX_FILE):
        buttons.append(
            ui.Button(_("File tax return"), resource_url("ledger.tax_filing", "create"), "lock")
        )
    return tuple(buttons)


def _exports(span: Span) -> tuple[ui.Button, ...]:
    if not context().may(BOOKS_EXPORT):
        return ()
    return tuple(
        ui.Button(label, url_for(endpoint, **_days(span)), "download", "ghost")
        for label, endpoint in (
            (_("CSV"), "ledger.tax_return_csv"),
            (_("Spreadsheet"), "ledger.tax_return_xlsx"),
        )
    )
