"""The journal on screen, a page at a time, and as a file with everything."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for

from backstay.spi import company_of, context, neutral, page, requires, resource_url, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.dimensions.filters import asked_of, dimension_controls
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.files import csv_file
from backstay_ledger.pages.report_dates import Span, company_today, day_control, read_span
from backstay_ledger.pages.workbooks import workbook_file
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.statements.journal_report import (
    Place,
    journal_codes,
    journal_entries,
    whole_journal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.dimensions.filters import AskedOf
    from backstay_ledger.statements.journal_report import JournalEntry

PAGE: Final = 60
"""Entries of a page."""
_COLUMNS: Final = (
    *("date", "entry", "journal", "memo", "reference", "account", "name", "text"),
    *("debit", "credit"),
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    span: Span
    journal: str
    sliced: AskedOf


@blueprint.get("/journal-report", endpoint="journal_report")
@requires(BOOKS_VIEW)
def show_journal_report() -> Response:
    """A page of the journal."""
    db = session()
    wanted = _wanted(db)
    after = Place.parse(request.args.get("after", ""))
    span = wanted.span
    entries = journal_entries(
        db,
        span.start,
        span.end,
        journal=wanted.journal,
        after=after,
        limit=PAGE + 1,
        within=wanted.sliced.of.within(db),
    )
    return page("report.html", page=_report(db, wanted, entries, first=after is None))


@blueprint.get("/journal-report.csv", endpoint="journal_report_csv")
@requires(BOOKS_EXPORT)
def journal_report_as_csv() -> Response:
    """All lines of the days as a file."""
    db = session()
    wanted = _wanted(db)
    span, of = wanted.span, wanted.sliced.of

    def rows(reading: Session) -> Iterator[tuple[str, ...]]:
        figures = Figures(reading)
        within = of.within(reading)
        for entry in whole_journal(reading, span.start, span.end, wanted.journal, within):
            for line in entry.lines:
                yield (
                    *(entry.date.isoformat(), entry.number, entry.journal),
                    *(neutral(entry.memo), neutral(entry.reference), neutral(line.code)),
                    *(neutral(line.name), neutral(line.text)),
                    figures.plain(max(line.amount, Decimal(0))),
                    figures.plain(max(-line.amount, Decimal(0))),
                )

    return csv_file(
        f"journal-{company_of(db).code}-{span.start}-{span.end}.csv",
        _COLUMNS,
        rows,
        entity="ledger.journal_report",
        parameters=_parameters(wanted),
    )


@blueprint.get("/journal-report.xlsx", endpoint="journal_report_xlsx")
@requires(BOOKS_EXPORT)
def journal_report_as_workbook() -> Response:
    """All lines of the days as a workbook."""
    db = session()
    wanted, company = _wanted(db), company_of(db)
    span, of = wanted.span, wanted.sliced.of

    def rows(reading: Session) -> Iterator[tuple[Any, ...]]:
        within = of.within(reading)
        for entry in whole_journal(reading, span.start, span.end, wanted.journal, within):
            for line in entry.lines:
                yield (
                    *(entry.date, entry.number, entry.journal, entry.memo, entry.reference),
                    *(line.code, line.name, line.text),
                    line.amount if line.amount > 0 else None,
                    -line.amount if line.amount < 0 else None,
                )

    return workbook_file(
        f"journal-{company.code}-{span.start}-{span.end}.xlsx",
        _("Journal"),
        (span.label, wanted.journal, of.label),
        (
            (_("Date"), "date"),
            (_("Entry"), "code"),
            (_("Journal"), "code"),
            (_("Memo"), "text"),
            (_("Reference"), "code"),
            (_("Account"), "code"),
            (_("Name"), "text"),
            (_("Text"), "text"),
            (_("Debit"), "money"),
            (_("Credit"), "money"),
        ),
        rows,
        entity="ledger.journal_report",
        parameters=_parameters(wanted),
    )


def _parameters(wanted: _Wanted) -> dict[str, Any]:
    """What is exported, for the audit trail."""
    return {
        "from": wanted.span.start.isoformat(),
        "to": wanted.span.end.isoformat(),
        "journal": wanted.journal,
        **wanted.sliced.of.query,
    }


def _wanted(db: Session) -> _Wanted:
    """The month until today, of all journals, when nothing is named."""
    today = company_today(db)
    return _Wanted(
        read_span(request.args, today.replace(day=1), today),
        request.args.get("journal", "").strip()[:10],
        asked_of(db, request.args),
    )


def _report(
    db: Session, wanted: _Wanted, entries: list[JournalEntry], *, first: bool
) -> ui.ReportPage:
    figures = Figures(db)
    span = wanted.span
    shown = entries[:PAGE]
    query: dict[str, Any] = {"from": span.start.isoformat(), "to": span.end.isoformat()}
    if wanted.journal:
        query["journal"] = wanted.journal
    query |= wanted.sliced.of.query
    more = None
    if len(entries) > PAGE:
        place = Place(shown[-1].date, shown[-1].id)
        more = url_for("ledger.journal_report", **query, after=str(place))
    exports: tuple[ui.Button, ...] = ()
    if context().may(BOOKS_EXPORT):
        exports = tuple(
            ui.Button(label, url_for(f"ledger.journal_report_{form}", **query), "download", "ghost")
            for form, label in (("csv", _("CSV")), ("xlsx", _("Spreadsheet")))
        )
    lines = [line.amount for entry in shown for line in entry.lines]
    return ui.ReportPage(
        title=_("Journal"),
        subtitle=_(
            "%(company)s · %(start)s to %(end)s · %(currency)s",
            company=company_of(db).name,
            start=figures.day(span.start),
            end=figures.day(span.end),
            currency=figures.currency,
        )
        + (f" · {wanted.sliced.of.label}" if wanted.sliced.of else ""),
        help=_("Posted entries by day, each with its lines. Open one to see where it came from."),
        heads=heads(
            ("account", _("Account"), False),
            ("text", _("Text"), False),
            ("debit", _("Debit"), True),
            ("credit", _("Credit"), True),
        ),
        groups=tuple(_group(figures, entry) for entry in shown),
        url=url_for("ledger.journal_report"),
        params=(
            day_control("from", _("From"), span.start),
            day_control("to", _("To"), span.end),
            ui.FilterControl(
                "journal",
                _("Journal"),
                "select",
                (
                    ui.FilterChoice("", _("All"), not wanted.journal),
                    *(
                        ui.FilterChoice(code, f"{code} {name}", code == wanted.journal)
                        for code, name in journal_codes(db)
                    ),
                ),
                wanted.journal,
            ),
            *dimension_controls(db, wanted.sliced.of),
        ),
        exports=exports,
        totals=(
            ui.Cell(_("Total of this page")),
            ui.Cell(""),
            figures.cell(sum((one for one in lines if one > 0), Decimal(0))),
            figures.cell(-sum((one for one in lines if one < 0), Decimal(0))),
        )
        if shown
        else None,
        notes=(*span.notes, *wanted.sliced.notes),
        empty=ui.EmptyState(
            _("No entries in these days"),
            _("Nothing was posted. Choose other days or another journal."),
            icon="notebook",
        ),
        next_href=more,
        first_href=None if first else url_for("ledger.journal_report", **query),
    )


def _group(figures: Figures, entry: JournalEntry) -> ui.ReportGroup:
    about = " · ".join(one for one in (entry.memo, entry.reference) if one)
    debit = sum((max(line.amount, Decimal(0)) for line in entry.lines), Decimal(0))
    return ui.ReportGroup(
        tuple(
            ui.Row(
                (
                    ui.Cell(f"{line.code} {line.name}", "prose"),
                    ui.Cell(line.text, "prose"),
                    *figures.sides(line.amount),
                ),
                depth=1,
            )
            for line in entry.lines
        ),
        label=f"{figures.day(entry.date)} · {entry.number}{f' · {about}' if about else ''}",
        href=resource_url("ledger.entry", "record", id=entry.id),
        fold=figures.cell(debit).text,
    )
