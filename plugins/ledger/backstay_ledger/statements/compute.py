"""Balance sheet and profit and loss, by any tree, for any days, from the balances of periods.

Every amount is summed as debit positive and turned to its node's side once, when it is shown.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import Invalid, authorize, company_of
from backstay.spi import gettext as _
from backstay_ledger.dimensions.columns import Days, figures_of
from backstay_ledger.dimensions.slices import WHOLE, Slice
from backstay_ledger.models import Account
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.sums import day_before
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.kinds import NodeKind, Part, Side
from backstay_ledger.statements.tree import COMPUTED, KnownAccount, Node, Tree, part_of

UNPLACED: Final = COMPUTED
"""Stands for the code of the heading that shows accounts without a node."""
ZERO: Final = Decimal(0)
Amounts = tuple[Decimal, ...]


class RowKind(enum.Enum):
    """What a row of a statement is."""

    NODE = "node"
    ACCOUNT = "account"
    FORMULA = "formula"
    RESULT = "result"
    PRIOR_RESULTS = "prior_results"
    UNPLACED = "unplaced"


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A line of a statement with a figure for each column, positive on its own side."""

    kind: RowKind
    code: str
    heading: str
    depth: int
    side: Side
    amounts: Amounts
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A balance sheet or a profit and loss statement.

    Arguments:
        result: of each column, a profit positive: of the year, or of the days.
        out_by: what the shown top rows do not explain; zero in every sound set of books.
    """

    part: Part
    tree: Tree
    columns: tuple[Column, ...]
    rows: tuple[StatementRow, ...]
    result: Amounts
    out_by: Amounts


def balance_sheet(
    session: Session, tree: Tree, columns: Sequence[Column], of: Slice = WHOLE, by: str = ""
) -> Statement:
    """What the company owned and owed at the end of each column's last day.

    The result of the fiscal year is computed, so nothing has to be closed before it can be read.

    Arguments:
        of: only lines that carry these values of dimensions; the sides need not be equal then.
        by: code of a dimension whose values are the columns, at the end of the first column's day.

    Raises:
        Invalid: there is no such dimension, or columns of days are asked for too.
    """
    authorize(session, BOOKS_VIEW)
    accounts = known_accounts(session)
    of_result = [one.id for one in accounts if part_of(one.account_class) is Part.PROFIT_LOSS]
    shown, (ends, before) = figures_of(
        session,
        columns,
        lambda column: (
            Days(date.min, column.end, without_closing_from=column.end),
            Days(date.min, day_before(column.start), tuple(of_result)),
        ),
        of,
        by,
    )
    priors = tuple(sum(one.values(), ZERO) for one in before)
    years = tuple(
        sum((end.get(one, ZERO) for one in of_result), ZERO) - prior
        for end, prior in zip(ends, priors, strict=True)
    )
    drawn = Drawn(
        tree,
        Part.BALANCE_SHEET,
        accounts,
        ends,
        {NodeKind.RESULT: years, NodeKind.PRIOR_RESULTS: priors},
    )
    if not (of or by):
        return drawn.statement(shown)
    # An entry may carry a value on one of its lines only; all lines together add up to nothing.
    sums = [sum(end.values(), ZERO) for end in ends]
    if not of:
        sums[-1] = ZERO
    return drawn.statement(shown, tuple(sums))


def profit_and_loss(
    session: Session, tree: Tree, columns: Sequence[Column], of: Slice = WHOLE, by: str = ""
) -> Statement:
    """What was earned and spent in the days of each column.

    Arguments:
        of: only lines that carry these values of dimensions.
        by: code of a dimension whose values are the columns, over the first column's days.

    Raises:
        Invalid: there is no such dimension, or columns of days are asked for too.
    """
    authorize(session, BOOKS_VIEW)
    accounts = known_accounts(session)
    of_result = [one.id for one in accounts if part_of(one.account_class) is Part.PROFIT_LOSS]
    shown, (moved,) = figures_of(
        session,
        columns,
        lambda column: (
            Days(column.start, column.end, tuple(of_result), without_closing_from=column.start),
        ),
        of,
        by,
    )
    result = tuple(sum(one.values(), ZERO) for one in moved)
    drawn = Drawn(tree, Part.PROFIT_LOSS, accounts, moved, {NodeKind.RESULT: result})
    return drawn.statement(shown)


def known_accounts(session: Session) -> list[KnownAccount]:
    """The company's chart, by code."""
    found = session.execute(
        select(Account.id, Account.code, Account.name, Account.account_class)
        .where(Account.company_id == company_of(session).id)
        .order_by(Account.code)
    )
    return [KnownAccount(*row) for row in found]


class Drawn:
    """Figures laid along a tree."""

    def __init__(
        self,
        tree: Tree,
        part: Part,
        accounts: Iterable[KnownAccount],
        figures: Sequence[Mapping[int, Decimal]],
        computed: Mapping[NodeKind, Amounts],
    ) -> None:
        self.tree = tree
        self.part = part
        self.computed = computed
        self.nothing: Amounts = (ZERO,) * len(figures)
        self.by_node: dict[str, list[tuple[KnownAccount, Amounts]]] = {}
        accounts = [one for one in accounts if part_of(one.account_class) is part]
        placed = tree.place(accounts)
        for account in accounts:
            amounts = tuple(one.get(account.id, ZERO) for one in figures)
            if any(amounts):
                node = placed.get(account.id, UNPLACED)
                self.by_node.setdefault(node, []).append((account, amounts))
        self.totals: dict[str, Amounts] = {}
        self.rows: list[StatementRow] = []

    def statement(self, columns: tuple[Column, ...], whole: Amounts | None = None) -> Statement:
        """Every node of the statement, then what the tree forgot.

        Arguments:
            whole: what the top rows of each column add up to; left out, to the result in a profit
                and loss statement, to nothing in a balance sheet.
        """
        roots = [*self.tree.below("", self.part), *self._forgotten()]
        at = len(roots)
        while at and roots[at - 1].kind is not NodeKind.ACCOUNTS:
            at -= 1
        for position, root in enumerate(roots):
            if position == at:
                self._show_unplaced()
            self._show(root, 0)
        if at == len(roots):
            self._show_unplaced()
        shown = [
            self.raw(root.code, root)
            for root in roots
            if root.kind is not NodeKind.FORMULA
            and not (self.part is Part.PROFIT_LOSS and root.kind is NodeKind.RESULT)
        ]
        shown.append(self._sum(self.by_node.get(UNPLACED, ())))
        explained = self._added(shown)
        if whole is None:
            of_days = self.part is Part.PROFIT_LOSS
            whole = self.computed[NodeKind.RESULT] if of_days else self.nothing
        return Statement(
            self.part,
            self.tree,
            columns,
            tuple(self.rows),
            tuple(-one for one in self.computed[NodeKind.RESULT]),
            tuple(one - all_of_it for one, all_of_it in zip(explained, whole, strict=True)),
        )

    def _forgotten(self) -> list[Node]:
        """Results that a tree has no place for are shown below everything else."""
        present = {node.kind for node in self.tree.nodes if node.part is self.part}
        headings = {
            NodeKind.PRIOR_RESULTS: _("Results of prior years not distributed"),
            NodeKind.RESULT: _("Result of the year")
            if self.part is Part.BALANCE_SHEET
            else _("Result"),
        }
        return [
            Node(f"{UNPLACED}{kind.value}", heading, self.part, Side.CREDIT, kind=kind)
            for kind, heading in headings.items()
            if kind in self.computed and kind not in present
        ]

    def raw(self, code: str, node: Node | None = None, above: tuple[str, ...] = ()) -> Amounts:
        """A node's figures, debit positive."""
        if code in self.totals:
            return self.totals[code]
        node = node or self.tree.node(code)
        if node is None or code in above:
            raise Invalid(
                _(
                    "The tree “%(tree)s” can't be computed: node “%(node)s” is missing or depends"
                    " on itself.",
                    tree=self.tree.name,
                    node=code,
                )
            )
        above = (*above, code)
        if node.kind is NodeKind.FORMULA:
            total = self._formula(node, above)
        elif node.kind in self.computed:
            total = self.computed[node.kind]
        else:
            own = self._sum(self.by_node.get(code, ()))
            below = [
                self.raw(one.code, one, above)
                for one in self.tree.below(code, self.part)
                if one.kind is not NodeKind.FORMULA
            ]
            total = self._added([own, *below])
        self.totals[code] = total
        return total

    def _formula(self, node: Node, above: tuple[str, ...]) -> Amounts:
        terms = []
        for term in node.formula:
            of = self.tree.node(term.code)
            figures = self.raw(term.code, of, above)
            shown = _turned(figures, of.side if of else Side.DEBIT)
            terms.append(tuple(term.sign * one for one in shown))
        return _turned(self._added(terms), node.side)

    def _show(self, node: Node, depth: int) -> None:
        amounts = self.raw(node.code, node)
        kind = _ROW_KINDS[node.kind]
        if depth and kind is RowKind.NODE and not any(amounts) and not self._moved(node):
            return
        self.rows.append(
            StatementRow(
                kind, node.code, node.heading, depth, node.side, _turned(amounts, node.side)
            )
        )
        self._show_accounts(node.code, node.side, depth + 1)
        for one in self.tree.below(node.code, self.part):
            self._show(one, depth + 1)

    def _moved(self, node: Node) -> bool:
        """Whether any account in it or below has a figure, even if they add up to nothing."""
        return any(code in self.by_node for code in self.tree.with_below(node.code))

    def _show_accounts(self, code: str, side: Side, depth: int) -> None:
        for account, amounts in self.by_node.get(code, ()):
            self.rows.append(
                StatementRow(
                    RowKind.ACCOUNT,
                    account.code,
                    account.name,
                    depth,
                    side,
                    _turned(amounts, side),
                    account.id,
                )
            )

    def _show_unplaced(self) -> None:
        if UNPLACED not in self.by_node:
            return
        side = Side.DEBIT if self.part is Part.BALANCE_SHEET else Side.CREDIT
        self.rows.append(
            StatementRow(
                RowKind.UNPLACED,
                UNPLACED,
                _("Accounts that have no place in this tree"),
                0,
                side,
                _turned(self._sum(self.by_node[UNPLACED]), side),
            )
        )
        self._show_accounts(UNPLACED, side, 1)

    def _sum(self, accounts: Iterable[tuple[KnownAccount, Amounts]]) -> Amounts:
        return self._added([amounts for _account, amounts in accounts])

    def _added(self, several: Sequence[Amounts]) -> Amounts:
        if not several:
            return self.nothing
        return tuple(sum(figures, ZERO) for figures in zip(*several, strict=True))


_ROW_KINDS: Final = {
    NodeKind.ACCOUNTS: RowKind.NODE,
    NodeKind.FORMULA: RowKind.FORMULA,
    NodeKind.RESULT: RowKind.RESULT,
    NodeKind.PRIOR_RESULTS: RowKind.PRIOR_RESULTS,
}


def _turned(amounts: Amounts, side: Side) -> Amounts:
    return amounts if side is Side.DEBIT else tuple(-one for one in amounts)
