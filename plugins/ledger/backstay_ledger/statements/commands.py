"""``backstay ledger statement``: the financial statements on the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from backstay.spi import Invalid, command_environment, company_of
from backstay.spi import gettext as _
from backstay_ledger.dimensions.slices import WHOLE, Slice, slice_of
from backstay_ledger.statements.cash_flow import cash_flow
from backstay_ledger.statements.cash_table import cash_table
from backstay_ledger.statements.columns import (
    Column,
    balance_columns,
    fiscal_start,
    read_comparisons,
    span_columns,
)
from backstay_ledger.statements.compute import balance_sheet, profit_and_loss
from backstay_ledger.statements.consolidation import consolidate
from backstay_ledger.statements.general_ledger import general_ledger_table
from backstay_ledger.statements.group_table import group_table, mismatches_json
from backstay_ledger.statements.groups import group_by_code
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.tables import as_json, as_text, table_of
from backstay_ledger.statements.trees import choose_tree
from backstay_ledger.statements.trial_table import trial_balance_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from backstay_ledger.statements.tables import Table
    from backstay_ledger.statements.tree import Tree

KINDS: Final = ("balance-sheet", "profit-loss", "cash-flow", "general-ledger", "trial-balance")


@dataclass(frozen=True, slots=True)
class _Wanted:
    tree: Tree
    start: date
    end: date
    compare: str
    accounts: bool
    indirect: bool
    of: Slice
    by: str


@click.command("statement")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--company", required=True, help="The company's code.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The day (2026-03-31), or the last one of the days.",
)
@click.option(
    "--from",
    "start",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The first day; left out, the first of the fiscal year.",
)
@click.option(
    "--compare",
    default="",
    help="prior-period or prior-year, how many (prior-year:3), several with commas between.",
)
@click.option("--tree", default="", help="Code of a presentation tree; left out, by class.")
@click.option("--group", default="", help="Code of a group of companies, for all of them as one.")
@click.option("--indirect", is_flag=True, help="Cash flow from the result and what changed.")
@click.option("--headings-only", is_flag=True, help="Leave the accounts out.")
@click.option(
    "--dimension",
    "dimensions",
    multiple=True,
    help="Only lines with a value or one below it (cost_centre=100), or without (cost_centre=-).",
)
@click.option("--by", default="", help="Code of a dimension whose values are the columns.")
@click.option("--json", "as_data", is_flag=True, help="Print JSON.")
def statement(  # noqa: PLR0913 - one for each option of the command
    kind: str,
    company: str,
    as_of: datetime,
    start: datetime | None,
    compare: str,
    tree: str,
    group: str,
    *,
    dimensions: tuple[str, ...],
    by: str,
    indirect: bool,
    headings_only: bool,
    as_data: bool,
) -> None:
    """Print a financial statement.

    The result of the year is computed: nothing has to be closed first.
    """
    with command_environment(company=company) as session:
        end = as_of.date()
        first = start.date() if start else fiscal_start(session, end)
        chosen, missing = choose_tree(session, tree)
        if missing:
            raise Invalid(_("There is no tree “%(code)s”.", code=missing), field="tree")
        of = slice_of(session, dimensions) if dimensions else WHOLE
        wanted = _Wanted(chosen, first, end, compare, not headings_only, indirect, of, by)
        _check_dimensions(kind, wanted, group)
        if group:
            _print_group(session, kind, wanted, group, as_data=as_data)
            return
        table = _MAKERS[kind](session, wanted)
        if as_data:
            click.echo(json.dumps(as_json(session, table), indent=2))
        else:
            click.echo(as_text(session, table))


def _check_dimensions(kind: str, wanted: _Wanted, group: str) -> None:
    """Refuse what a statement can't be divided by.

    Raises:
        Invalid: names the option.
    """
    if wanted.of and (group or kind == "cash-flow"):
        raise Invalid(
            _("Groups and the cash flow are of the whole books: leave --dimension out."),
            field="dimension",
        )
    if wanted.by and (group or kind in {"cash-flow", "general-ledger"}):
        raise Invalid(
            _(
                "Columns by a dimension have the balance sheet, the profit and loss statement and"
                " the trial balance: leave --by out."
            ),
            field="by",
        )


def _print_group(
    session: Session, kind: str, wanted: _Wanted, group: str, *, as_data: bool
) -> None:
    """A statement of all companies of a group, each read in a session of its own."""
    if kind not in _PARTS:
        raise Invalid(
            _("Groups have a balance sheet and a profit and loss statement."), field="group"
        )

    def opens(code: str) -> AbstractContextManager[Session]:
        return command_environment(company=code)

    found = consolidate(
        session,
        group_by_code(session, group),
        wanted.tree,
        _PARTS[kind],
        Column(wanted.start, wanted.end),
        opens,
    )
    table = group_table(found, accounts=wanted.accounts)
    if as_data:
        told = mismatches_json(found, company_of(session).minor_units)
        click.echo(json.dumps({**as_json(session, table), "mismatches": told}, indent=2))
    else:
        click.echo(as_text(session, table))


def _balance_sheet(session: Session, wanted: _Wanted) -> Table:
    columns = balance_columns(session, wanted.end, read_comparisons(wanted.compare))
    return table_of(
        balance_sheet(session, wanted.tree, columns, wanted.of, wanted.by), accounts=wanted.accounts
    )


def _profit_loss(session: Session, wanted: _Wanted) -> Table:
    columns = span_columns(wanted.start, wanted.end, read_comparisons(wanted.compare))
    return table_of(
        profit_and_loss(session, wanted.tree, columns, wanted.of, wanted.by),
        accounts=wanted.accounts,
    )


def _cash_flow(session: Session, wanted: _Wanted) -> Table:
    columns = span_columns(wanted.start, wanted.end, read_comparisons(wanted.compare))
    return cash_table(cash_flow(session, wanted.tree, columns, direct=not wanted.indirect))


def _general_ledger(session: Session, wanted: _Wanted) -> Table:
    return general_ledger_table(session, wanted.start, wanted.end, wanted.of)


def _trial_balance(session: Session, wanted: _Wanted) -> Table:
    return trial_balance_table(session, wanted.end, wanted.of, wanted.by)


_PARTS: Final = {"balance-sheet": Part.BALANCE_SHEET, "profit-loss": Part.PROFIT_LOSS}
_MAKERS: Final[dict[str, Callable[[Session, _Wanted], Table]]] = {
    "balance-sheet": _balance_sheet,
    "profit-loss": _profit_loss,
    "cash-flow": _cash_flow,
    "general-ledger": _general_ledger,
    "trial-balance": _trial_balance,
}
