"""A statement as plain rows, for files, for the terminal and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from backstay.spi import company_of, plain_money
from backstay.spi import gettext as _
from backstay_ledger.statements.columns import are_compared, percent
from backstay_ledger.statements.compute import RowKind
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.tree import COMPUTED

if TYPE_CHECKING:
    from backstay_ledger.statements.columns import Column
    from backstay_ledger.statements.compute import Statement


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row with its figures.

    Arguments:
        code: of the account or node.
        strong: it stands at the top.
    """

    kind: str
    code: str
    heading: str
    depth: int
    amounts: tuple[Decimal, ...]

    @property
    def strong(self) -> bool:
        """Whether it stands at the top."""
        return self.depth == 0


@dataclass(frozen=True, slots=True)
class Table:
    """A statement with its title and the names of its columns of figures.

    Arguments:
        compared: the first column differs from the second by something worth showing.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    compared: bool = False
    days: str = ""
    """Of the whole table, where its columns do not say them."""
    of: str = ""
    """What it is about where that is not the company's whole books by the usual tree."""
    heads: tuple[str, ...] = ()
    """What people call the columns, where programs call them otherwise."""


def column_name(column: Column, *, as_of: bool) -> str:
    """The days of a column as programs write them: ``2026-03-31``, ``2026-01-01/2026-03-31``."""
    return column.name or days_of(column, as_of=as_of)


def days_of(column: Column, *, as_of: bool) -> str:
    """The days of a column, whatever it is called."""
    if as_of:
        return column.end.isoformat()
    return f"{column.start.isoformat()}/{column.end.isoformat()}"


def table_of(statement: Statement, *, accounts: bool = True) -> Table:
    """A balance sheet or profit and loss as rows."""
    sheet, first = statement.part is Part.BALANCE_SHEET, statement.columns[0]
    return Table(
        "balance-sheet" if sheet else "profit-loss",
        _("Balance sheet") if sheet else _("Profit and loss"),
        tuple(column_name(column, as_of=sheet) for column in statement.columns),
        tuple(
            TableRow(row.kind.value, row.code, row.heading, row.depth, row.amounts)
            for row in statement.rows
            if accounts or row.kind is not RowKind.ACCOUNT
        ),
        compared=are_compared(statement.columns),
        days=days_of(first, as_of=sheet) if first.name else "",
    )


def named(kind: str, code: str, heading: str) -> str:
    """What a row is called: accounts with their code, where a chart has one."""
    if kind != RowKind.ACCOUNT.value or code.startswith(COMPUTED):
        return heading
    return f"{code} {heading}"


def as_json(session: Session, table: Table) -> dict[str, Any]:
    """A table for programs: amounts are decimals as texts, in the company's currency."""
    company = company_of(session)
    return {
        "statement": table.name,
        "company": company.code,
        "currency": company.currency,
        "columns": list(table.columns),
        "rows": [
            {
                "kind": row.kind,
                "code": row.code,
                "heading": row.heading,
                "depth": row.depth,
                "amounts": [plain_money(one, company.minor_units) for one in row.amounts],
            }
            for row in table.rows
        ],
    }


def as_text(session: Session, table: Table) -> str:
    """A table for a terminal: headings to the left, figures to the right, change at the end."""
    company = company_of(session)
    names = [*table.columns, *((_("change"), "%") if table.compared else ())]
    lines = [(company.currency, *names)]
    for row in table.rows:
        label = named(row.kind, row.code, row.heading)
        figures = [_grouped(one, company.minor_units) for one in row.amounts]
        if table.compared:
            figures.append(_grouped(row.amounts[0] - row.amounts[1], company.minor_units))
            changed = percent(row.amounts[0], row.amounts[1])
            figures.append("" if changed is None else f"{changed}")
        lines.append(("  " * row.depth + label, *figures))
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    drawn = []
    for number, line in enumerate(lines):
        if number and table.rows[number - 1].strong:
            drawn.append("")
        right = "  ".join(text.rjust(widths[at + 1]) for at, text in enumerate(line[1:]))
        drawn.append(f"{line[0].ljust(widths[0])}  {right}".rstrip())
    return "\n".join([f"{company.name}: {table.title}", "", *drawn])


def _grouped(amount: Decimal, minor_units: int) -> str:
    return f"{amount:,.{minor_units}f}"
