"""Balance sheet and profit and loss on screen: every figure opens what is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request, url_for

from backstay.spi import company_of, context, page, requires, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.dimensions.filters import dimension_controls, dimension_query
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import day_control
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.statements.asked import asked_as_of, asked_span, by_dimensions
from backstay_ledger.statements.columns import are_compared, is_month, percent
from backstay_ledger.statements.compute import RowKind, balance_sheet, profit_and_loss
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.trees import tree_choices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.dimensions.slices import Slice
    from backstay_ledger.statements.asked import Asked
    from backstay_ledger.statements.columns import Column
    from backstay_ledger.statements.compute import Statement, StatementRow

_EMPTY = ui.Cell("", "money")


@blueprint.get("/balance-sheet", endpoint="balance_sheet")
@requires(BOOKS_VIEW)
def show_balance_sheet() -> Response:
    """What the company owns and owes."""
    db = session()
    asked = by_dimensions(db, request.args, asked_as_of(db, request.args))
    shown = balance_sheet(db, asked.tree, asked.columns, asked.of, asked.by)
    return page("report.html", page=report(db, shown, asked))


@blueprint.get("/profit-and-loss", endpoint="profit_loss")
@requires(BOOKS_VIEW)
def show_profit_and_loss() -> Response:
    """What was earned and spent."""
    db = session()
    asked = by_dimensions(db, request.args, asked_span(db, request.args))
    shown = profit_and_loss(db, asked.tree, asked.columns, asked.of, asked.by)
    return page("report.html", page=report(db, shown, asked))


def days_query(part: Part, column: Column) -> dict[str, Any]:
    """The days of a column as the statement's page takes them."""
    if part is Part.BALANCE_SHEET:
        return {"as_of": column.end.isoformat()}
    return {"from": column.start.isoformat(), "to": column.end.isoformat()}


def report(db: Session, statement: Statement, asked: Asked) -> ui.ReportPage:
    """The statement as a page that prints."""
    figures = Figures(db)
    sheet = statement.part is Part.BALANCE_SHEET
    endpoint = "ledger.balance_sheet" if sheet else "ledger.profit_loss"
    days = days_query(statement.part, statement.columns[0])
    exports: tuple[ui.Button, ...] = ()
    if context().may(BOOKS_EXPORT):
        exports = tuple(
            ui.Button(
                label, url_for(f"{endpoint}_{form}", **days, **asked.query), "download", "ghost"
            )
            for form, label in (("csv", _("CSV")), ("xlsx", _("Spreadsheet")))
        )
    has_rows = any(row.kind is RowKind.ACCOUNT or any(row.amounts) for row in statement.rows)
    return ui.ReportPage(
        title=_("Balance sheet") if sheet else _("Profit and loss"),
        subtitle=_subtitle(db, figures, statement, asked.of),
        help=_(
            "What the company owns, what it owes, and what belongs to its owners. The result of"
            " the year is computed; nothing has to be closed first."
        )
        if sheet
        else _("What was earned and what was spent, and what remains."),
        heads=column_heads(figures, statement.part, statement.columns),
        groups=_groups(figures, statement, asked) if has_rows else (),
        url=url_for(endpoint),
        params=(
            *(
                (day_control("as_of", _("As of"), statement.columns[0].end),)
                if sheet
                else (
                    day_control("from", _("From"), statement.columns[0].start),
                    day_control("to", _("To"), statement.columns[0].end),
                )
            ),
            *choices(db, asked),
            *dimension_controls(db, asked.of, by=asked.by),
        ),
        exports=exports,
        status=_status(figures, statement, asked.of) if has_rows else None,
        notes=asked.notes,
        empty=ui.EmptyState(
            _("No figures yet"),
            _("Nothing was posted in these days. Choose others, or post an entry."),
            icon="report-analytics",
        ),
    )


def choices(db: Session, asked: Asked) -> tuple[ui.FilterControl, ...]:
    """Comparison, tree and depth, as every statement offers them."""
    compared = (
        ("", _("Nothing")),
        ("prior-period", _("Prior period")),
        ("prior-year", _("Prior year")),
        ("prior-period:3", _("3 prior periods")),
        ("prior-period:11", _("11 prior periods")),
        ("prior-year:4", _("4 prior years")),
    )
    trees = tree_choices(db)
    return (
        ui.FilterControl(
            "compare",
            _("Compare with"),
            "select",
            tuple(
                ui.FilterChoice(value, label, value == asked.compare) for value, label in compared
            ),
            asked.compare,
        ),
        *(
            (
                ui.FilterControl(
                    "tree",
                    _("Tree"),
                    "select",
                    tuple(
                        ui.FilterChoice(code, name, code == asked.tree.code) for code, name in trees
                    ),
                    asked.tree.code,
                ),
            )
            if len(trees) > 1
            else ()
        ),
        ui.FilterControl(
            "accounts",
            _("Detail"),
            "select",
            (
                ui.FilterChoice("1", _("Accounts"), asked.accounts),
                ui.FilterChoice("0", _("Headings only"), not asked.accounts),
            ),
            "1" if asked.accounts else "0",
        ),
    )


def column_heads(figures: Figures, part: Part, columns: tuple[Column, ...]) -> tuple[ui.Head, ...]:
    """A column for the headings, one for each of the days, and two for the change."""
    names = [
        column.name
        or (figures.day(column.end) if part is Part.BALANCE_SHEET else span_name(figures, column))
        for column in columns
    ]
    shown = [("heading", _("Item"), False)]
    shown += [(f"c{n}", name, True) for n, name in enumerate(names)]
    if are_compared(columns):
        shown += [("difference", _("Change"), True), ("percent", _("%"), True)]
    return heads(*shown)


def span_name(figures: Figures, column: Column) -> str:
    """The days of a column: a month as books write it, others from day to day."""
    if is_month(column):
        return f"{column.start:%Y-%m}"
    return _("%(start)s to %(end)s", start=figures.day(column.start), end=figures.day(column.end))


def change_cells(figures: Figures, amounts: tuple[Decimal, ...]) -> tuple[ui.Cell, ...]:
    """By how much the first figure differs from the second; nothing for a single column."""
    if len(amounts) == 1:
        return ()
    changed = percent(amounts[0], amounts[1])
    return (
        figures.cell(amounts[0] - amounts[1]),
        ui.Cell("" if changed is None else f"{changed}", "number"),
    )


def _subtitle(db: Session, figures: Figures, statement: Statement, of: Slice) -> str:
    said = _days_said(db, figures, statement)
    return f"{said} · {of.label}" if of else said


def _days_said(db: Session, figures: Figures, statement: Statement) -> str:
    company, column = company_of(db), statement.columns[0]
    if statement.part is Part.BALANCE_SHEET:
        return _(
            "%(company)s · as of %(day)s · %(currency)s",
            company=company.name,
            day=figures.day(column.end),
            currency=company.currency,
        )
    return _(
        "%(company)s · %(start)s to %(end)s · %(currency)s",
        company=company.name,
        start=figures.day(column.start),
        end=figures.day(column.end),
        currency=company.currency,
    )


def _groups(figures: Figures, statement: Statement, asked: Asked) -> tuple[ui.ReportGroup, ...]:
    """A block for each heading at the top, so that a page break falls between them."""
    groups: list[list[ui.Row]] = []
    for row in statement.rows:
        if row.depth == 0:
            groups.append([])
        if asked.accounts or row.kind is not RowKind.ACCOUNT:
            groups[-1].append(_row(figures, statement, row, asked))
    return tuple(ui.ReportGroup(tuple(rows)) for rows in groups)


def _row(figures: Figures, statement: Statement, row: StatementRow, asked: Asked) -> ui.Row:
    heading = f"{row.code} {row.heading}" if row.kind is RowKind.ACCOUNT else row.heading
    return ui.Row(
        (
            ui.Cell(heading, "prose"),
            *(
                figures.cell(amount, _behind(statement, row, column, asked))
                for amount, column in zip(row.amounts, statement.columns, strict=True)
            ),
            *(change_cells(figures, row.amounts) if are_compared(statement.columns) else ()),
        ),
        depth=row.depth,
        strong=row.depth == 0,
        tone="warn" if row.kind is RowKind.UNPLACED else None,
    )


def _behind(statement: Statement, row: StatementRow, column: Column, asked: Asked) -> str | None:
    """Where the rows behind a figure are: the account's card, or the accounts of the node."""
    if not column.opens:
        return None
    of = {**asked.of.query, **dimension_query(column)}
    if row.account_id is not None:
        return card(row.account_id, column.start, column.end, of)
    query: dict[str, Any] = {"tree": asked.tree.code, **of} if asked.tree.code else of
    if statement.part is Part.BALANCE_SHEET and row.kind is RowKind.RESULT:
        query |= days_query(Part.PROFIT_LOSS, column)
        return url_for("ledger.profit_loss", **query)
    query |= {"part": statement.part.value, "node": row.code}
    query |= days_query(Part.PROFIT_LOSS, column)
    return url_for("ledger.statement_rows", **query)


def card(account_id: int, start: date, end: date, of: Mapping[str, str] | None = None) -> str:
    """The account's card for some days, and some values of dimensions as a URL names them."""
    days: dict[str, Any] = {"from": start.isoformat(), "to": end.isoformat(), **(of or {})}
    return url_for("ledger.account_card", id=account_id, **days)


def _status(figures: Figures, statement: Statement, of: Slice) -> ui.Tag:
    off = next((one for one in statement.out_by if one), None)
    if off is not None:
        return ui.Tag(_("Out by %(amount)s", amount=figures.text(abs(off))), "bad")
    total = -1 if statement.columns[0].name else 0
    if statement.part is Part.BALANCE_SHEET:
        # Of a value the sides need not be equal: an entry may carry it on one line only.
        return ui.Tag(_("One part of the books"), "neutral") if of else ui.Tag(_("Balanced"), "ok")
    result = statement.result[total]
    said = _("Profit %(amount)s") if result >= 0 else _("Loss %(amount)s")
    return ui.Tag(said % {"amount": figures.text(abs(result))}, "ok" if result >= 0 else "warn")
