"""The accounts behind a figure of a statement, each with what it moved and the way to its card."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from flask import request

from backstay.spi import NotFound, authorize, company_of, page, requires, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.dimensions.filters import asked_of
from backstay_ledger.dimensions.slices import WHOLE
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import company_today, read_span
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.services.balances import balances, turnover
from backstay_ledger.services.sums import day_before
from backstay_ledger.statements.cash_accounts import cash_account_ids
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.compute import UNPLACED, known_accounts
from backstay_ledger.statements.kinds import NodeKind, Part
from backstay_ledger.statements.pages import card
from backstay_ledger.statements.tree import Node, Tree, part_of
from backstay_ledger.statements.trees import choose_tree

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.dimensions.slices import Slice
    from backstay_ledger.pages.report_dates import Span
    from backstay_ledger.statements.tree import KnownAccount


CASH: Final = "cash:"
"""Stands for the code of a node: all cash accounts."""


@dataclass(frozen=True, slots=True)
class AccountBehind:
    """An account within a figure: debit-positive balances and what was moved between them."""

    account: KnownAccount
    opening: Decimal
    debit: Decimal
    credit: Decimal

    @property
    def closing(self) -> Decimal:
        """The balance at the end of the days."""
        return self.opening + self.debit - self.credit


def accounts_behind(
    session: Session, tree: Tree, part: Part, code: str, days: Column, of: Slice = WHOLE
) -> list[AccountBehind]:
    """The accounts of a node and all below it that had a balance or moved in the days.

    Arguments:
        of: only lines that carry these values of dimensions.

    Raises:
        NotFound: the tree has no such node.
    """
    authorize(session, BOOKS_VIEW)
    accounts = known_accounts(session)
    wanted = (
        cash_account_ids(session)
        if code == CASH
        else {one.id for one in _accounts_of(tree, part, code, accounts)}
    )
    if not wanted:
        return []
    ids = sorted(wanted)
    start, end, within = days.start, days.end, of.within(session)
    opening = balances(session, day_before(start), ids, within=within)
    # As the statement itself: its own year's closing hides nothing.
    closings_from = start if part is Part.PROFIT_LOSS else end
    moved = turnover(session, start, end, ids, without_closing_from=closings_from, within=within)
    nothing = (Decimal(0), Decimal(0))
    return [
        AccountBehind(one, opening.get(one.id, Decimal(0)), *moved.get(one.id, nothing))
        for one in accounts
        if one.id in wanted and (opening.get(one.id) or one.id in moved)
    ]


def _accounts_of(
    tree: Tree, part: Part, code: str, accounts: list[KnownAccount]
) -> list[KnownAccount]:
    placed = tree.place(accounts)
    if code == UNPLACED:
        return [
            one for one in accounts if one.id not in placed and part_of(one.account_class) is part
        ]
    nodes, results = _nodes(tree, code, ())
    return [
        one
        for one in accounts
        if placed.get(one.id) in nodes
        or (results and part_of(one.account_class) is Part.PROFIT_LOSS)
    ]


def _nodes(tree: Tree, code: str, above: tuple[str, ...]) -> tuple[set[str], bool]:
    """The nodes that a figure is made of, and whether a result is part of it."""
    node = tree.node(code)
    if code.startswith(UNPLACED):  # a result that the tree has no place for
        return set(), True
    if node is None:
        raise NotFound(_("The tree “%(tree)s” has no node “%(code)s”.", tree=tree.name, code=code))
    nodes: set[str] = set()
    results = False
    for one in tree.with_below(code) if code not in above else ():
        found: Node | None = tree.node(one)
        if found is None:
            continue
        nodes.add(one)
        results = results or found.kind in (NodeKind.RESULT, NodeKind.PRIOR_RESULTS)
        for term in found.formula:
            more, too = _nodes(tree, term.code, (*above, code))
            nodes |= more
            results = results or too
    return nodes, results


@blueprint.get("/statements/rows", endpoint="statement_rows")
@requires(BOOKS_VIEW)
def show_statement_rows() -> Response:
    """The accounts behind a figure."""
    db = session()
    today = company_today(db)
    span = read_span(request.args, today, today)
    tree, _missing = choose_tree(db, request.args.get("tree", "").strip()[:20])
    try:
        part = Part(request.args.get("part", Part.BALANCE_SHEET.value))
    except ValueError:
        part = Part.BALANCE_SHEET
    code = request.args.get("node", "").strip()[:40]
    sliced = asked_of(db, request.args)
    rows = accounts_behind(db, tree, part, code, Column(span.start, span.end), sliced.of)
    figures = Figures(db)
    node = tree.node(code)
    heading = node.heading if node else _("Accounts that have no place in this tree")
    if code.startswith(UNPLACED) and code != UNPLACED:
        heading = _("Result")
    if code == CASH:
        heading = _("Cash accounts")
    total = [sum(column, Decimal(0)) for column in zip(*map(_amounts, rows), strict=True)]
    shown = ui.ReportPage(
        title=heading,
        subtitle=_(
            "%(company)s · %(start)s to %(end)s · %(currency)s",
            company=company_of(db).name,
            start=figures.day(span.start),
            end=figures.day(span.end),
            currency=figures.currency,
        )
        + (f" · {sliced.of.label}" if sliced.of else ""),
        help=_("The accounts that this figure is the sum of, debit positive. Open one for lines."),
        heads=heads(
            ("account", _("Account"), False),
            ("name", _("Name"), False),
            ("opening", _("Opening balance"), True),
            ("debit", _("Debit"), True),
            ("credit", _("Credit"), True),
            ("closing", _("Closing balance"), True),
        ),
        groups=(ui.ReportGroup(tuple(_row(figures, row, span, sliced.of) for row in rows)),)
        if rows
        else (),
        totals=(ui.Cell(_("Total")), ui.Cell(""), *(figures.cell(one) for one in total))
        if rows
        else None,
        notes=(*span.notes, *sliced.notes),
        empty=ui.EmptyState(
            _("No figures in these days"),
            _("None of its accounts had a balance or a line in these days."),
            icon="report-analytics",
        ),
    )
    return page("report.html", page=shown)


def _amounts(row: AccountBehind) -> tuple[Decimal, ...]:
    return row.opening, row.debit, row.credit, row.closing


def _row(figures: Figures, row: AccountBehind, span: Span, of: Slice) -> ui.Row:
    return ui.Row(
        (
            ui.Cell(row.account.code, "code"),
            ui.Cell(row.account.name),
            *(figures.cell(one) for one in _amounts(row)),
        ),
        href=card(row.account.id, span.start, span.end, of.query),
    )
