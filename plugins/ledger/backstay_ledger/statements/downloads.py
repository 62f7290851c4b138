"""Statements as files: CSV that is exact, and a workbook that opens as it would print."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Response, request

from backstay.spi import (
    Event,
    audit_now,
    company_of,
    context,
    fits_a_cell,
    money_look,
    neutral,
    new_workbook,
    requires,
    session,
    sheet_name,
)
from backstay.spi import gettext as _
from backstay_ledger.dimensions.filters import asked_by, asked_of
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.files import csv_file
from backstay_ledger.pages.report_dates import company_today, read_day
from backstay_ledger.pages.workbooks import MEDIA_TYPE, print_on_a4
from backstay_ledger.permissions import BOOKS_EXPORT
from backstay_ledger.resources.figures import Figures
from backstay_ledger.statements.asked import asked_as_of, asked_span, by_dimensions
from backstay_ledger.statements.compute import balance_sheet, profit_and_loss
from backstay_ledger.statements.tables import table_of
from backstay_ledger.statements.tree import COMPUTED
from backstay_ledger.statements.tree_files import COLUMNS, tree_rows
from backstay_ledger.statements.trees import load_own_tree
from backstay_ledger.statements.trial_table import trial_balance_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay_ledger.statements.tables import Table, TableRow


@blueprint.get("/balance-sheet.csv", endpoint="balance_sheet_csv")
@requires(BOOKS_EXPORT)
def balance_sheet_as_csv() -> Response:
    """The balance sheet as a file."""
    return as_csv(_balance_sheet())


@blueprint.get("/balance-sheet.xlsx", endpoint="balance_sheet_xlsx")
@requires(BOOKS_EXPORT)
def balance_sheet_as_workbook() -> Response:
    """The balance sheet as a workbook."""
    return as_workbook(_balance_sheet())


@blueprint.get("/profit-and-loss.csv", endpoint="profit_loss_csv")
@requires(BOOKS_EXPORT)
def profit_and_loss_as_csv() -> Response:
    """The profit and loss statement as a file."""
    return as_csv(_profit_and_loss())


@blueprint.get("/profit-and-loss.xlsx", endpoint="profit_loss_xlsx")
@requires(BOOKS_EXPORT)
def profit_and_loss_as_workbook() -> Response:
    """The profit and loss statement as a workbook."""
    return as_workbook(_profit_and_loss())


@blueprint.get("/statement-trees/<int:id>.csv", endpoint="statement_tree_csv")
@requires(BOOKS_EXPORT)
def tree_as_csv(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """A presentation tree as the import takes it."""
    tree = load_own_tree(session(), id)

    def rows(reading: Session) -> Iterator[tuple[str, ...]]:
        for row in tree_rows(reading, load_own_tree(reading, id)):
            yield tuple(neutral(one) for one in row)

    return csv_file(
        f"statement-tree-{tree.code}.csv",
        COLUMNS,
        rows,
        entity="ledger.statement_tree",
        parameters={"tree": tree.code},
    )


@blueprint.get("/trial-balance.xlsx", endpoint="trial_balance_xlsx")
@requires(BOOKS_EXPORT)
def trial_balance_as_workbook() -> Response:
    """The trial balance as a workbook, by values of a dimension where they are asked for."""
    db = session()
    as_of, _notes = read_day(request.args, "as_of", company_today(db))
    by, _problems = asked_by(db, request.args)
    table = trial_balance_table(db, as_of, asked_of(db, request.args).of, by)
    return as_workbook(table)


def _balance_sheet() -> Table:
    db = session()
    asked = by_dimensions(db, request.args, asked_as_of(db, request.args))
    found = balance_sheet(db, asked.tree, asked.columns, asked.of, asked.by)
    return replace(table_of(found, accounts=asked.accounts), of=asked.label)


def _profit_and_loss() -> Table:
    db = session()
    asked = by_dimensions(db, request.args, asked_span(db, request.args))
    found = profit_and_loss(db, asked.tree, asked.columns, asked.of, asked.by)
    return replace(table_of(found, accounts=asked.accounts), of=asked.label)


def as_csv(table: Table) -> Response:
    """A row for each line of the statement; the figures of each column as plain decimals."""
    figures = Figures(session())

    def rows(_reading: Session) -> Iterator[tuple[str, ...]]:
        for row in table.rows:
            amounts = (figures.plain(one) for one in row.amounts)
            yield row.kind, neutral(row.code), neutral(row.heading), str(row.depth), *amounts

    return csv_file(
        f"{_file_name(table)}.csv",
        ("row", "code", "heading", "depth", *table.columns),
        rows,
        entity=_entity(table),
        parameters={"columns": list(table.columns)},
    )


def as_workbook(table: Table) -> Response:
    """One sheet, headings indented and figures as numbers."""
    name = f"{_file_name(table)}.xlsx"
    acting = context()
    audit_now(
        Event(
            action="export",
            entity=_entity(table),
            label=name,
            plugin="ledger",
            company_id=acting.company.id if acting.company else None,
            after={"format": "xlsx", "columns": list(table.columns)},
        )
    )
    response = Response(_workbook(table, company_of(session()).minor_units), mimetype=MEDIA_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _workbook(table: Table, minor_units: int) -> bytes:
    company = company_of(session())
    target = io.BytesIO()
    book = new_workbook(target, in_memory=True)
    sheet = book.add_worksheet(sheet_name(table.title))
    look = money_look(minor_units)
    formats: dict[tuple[int, bool], Any] = {}

    def style(depth: int, *, money: bool) -> Any:
        if (depth, money) not in formats:
            wanted: dict[str, Any] = {"bold": depth == 0}
            wanted |= {"num_format": look} if money else {"indent": depth}
            formats[depth, money] = book.add_format(wanted)
        return formats[depth, money]

    code = book.add_format({"align": "left"})
    bold = book.add_format({"bold": True, "align": "right"})
    title = f"{company.name}: {table.title} {table.days}".strip()
    title += f" · {table.of}" if table.of else ""
    sheet.write_string(0, 0, title, style(0, money=False))
    sheet.write_string(1, 0, _("Code"), style(0, money=False))
    sheet.write_string(1, 1, f"{_('Item')} ({company.currency})", style(0, money=False))
    for at, column in enumerate(table.heads or table.columns, 2):
        sheet.write_string(1, at, column, bold)
    for line, row in enumerate(table.rows, 2):
        # Headings have codes for programs only.
        sheet.write_string(line, 0, row.code if _is_said(row) else "", code)
        heading = row.heading
        if row.kind == "mismatch":
            heading = _("Mismatch, debit positive: %(rule)s", rule=heading)
        sheet.write_string(line, 1, heading, style(row.depth, money=False))
        for at, amount in enumerate(row.amounts, 2):
            if fits_a_cell(amount):
                sheet.write_number(line, at, amount, style(row.depth, money=True))
            else:
                sheet.write_string(line, at, f"{amount:.{minor_units}f}")
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, 1, 48)
    sheet.set_column(2, 1 + len(table.columns), 20)
    sheet.freeze_panes(2, 2)
    print_on_a4(sheet)
    if len(table.columns) > 3:  # noqa: PLR2004 - more do not fit a sheet that stands upright
        sheet.set_landscape()
    book.close()
    return target.getvalue()


def _is_said(row: TableRow) -> bool:
    return row.kind in {"account", "box"} and not row.code.startswith(COMPUTED)


def _file_name(table: Table) -> str:
    days = (table.days or table.columns[0]).replace("/", "-")
    return f"{table.name}-{company_of(session()).code}-{days}"


def _entity(table: Table) -> str:
    return f"ledger.{table.name.replace('-', '_')}"
