"""A presentation tree as the statements read it, and the one that every company has from the start.

Which statement an account belongs to is decided by its class and not by the tree: accounts of
income and expenses make the result, all others the balance sheet. So a tree that forgets or
misplaces an account can never keep a balance sheet from balancing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from backstay.spi import gettext as _
from backstay_ledger.models.accounts import AccountClass
from backstay_ledger.statements.kinds import Activity, NodeKind, Part, Side

BUILT_IN: Final = ""
"""The code by which the built-in tree is asked for; no tree of a company's own has it."""
COMPUTED: Final = "?"
"""Begins the codes of what a statement computes and no chart has; no account's code does."""
RESULT_CLASSES: Final = frozenset({AccountClass.INCOME, AccountClass.EXPENSE})


def part_of(account_class: AccountClass) -> Part:
    """The statement that accounts of a class belong to."""
    return Part.PROFIT_LOSS if account_class in RESULT_CLASSES else Part.BALANCE_SHEET


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts that a node shows: those of a range of codes, or what is left of a class.

    Arguments:
        first / last: codes in the order of their characters, both included.
        account_class: takes the accounts of the class that no range of the tree has.
    """

    first: str = ""
    last: str = ""
    account_class: AccountClass | None = None

    def meets(self, other: Accounts) -> bool:
        """Whether an account could be in both."""
        if self.account_class is not None or other.account_class is not None:
            return self.account_class is other.account_class
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class Term:
    """A node within a formula, added (1) or subtracted (-1)."""

    sign: int
    code: str


@dataclass(frozen=True, slots=True)
class Node:
    """A line of a statement.

    Arguments:
        parent: code of the node above; empty at the top.
        activity: None for that of the node above.
    """

    code: str
    heading: str
    part: Part
    side: Side
    parent: str = ""
    kind: NodeKind = NodeKind.ACCOUNTS
    activity: Activity | None = None
    formula: tuple[Term, ...] = ()
    accounts: tuple[Accounts, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """What a statement needs to know of an account."""

    id: int
    code: str
    name: str
    account_class: AccountClass


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes in the order in which they are shown, each after the one above it."""

    code: str
    name: str
    nodes: tuple[Node, ...]

    def below(self, parent: str, part: Part) -> list[Node]:
        """The nodes of a statement directly below one, or at its top."""
        return [node for node in self.nodes if node.parent == parent and node.part is part]

    def node(self, code: str) -> Node | None:
        """The node of that code."""
        return next((node for node in self.nodes if node.code == code), None)

    def activity_of(self, code: str) -> Activity | None:
        """A node's activity in the cash flow, its own or the one it takes from above."""
        known = {node.code: node for node in self.nodes}
        node = known.get(code)
        while node is not None:
            if node.activity is not None:
                return node.activity
            node = known.get(node.parent)
        return None

    def with_below(self, code: str) -> set[str]:
        """The codes of a node and of all below it."""
        found = {code}
        for node in self.nodes:
            if node.parent in found:
                found.add(node.code)
        return found

    def place(self, accounts: Iterable[KnownAccount]) -> Mapping[int, str]:
        """The node of each account by the account's id; those without one are left out.

        What no chart has, such as goodwill in a group, stands with the accounts of its class: in
        the lowest node that has all of them, else at the top of the first.
        """
        ranges = [
            (taken, node)
            for node in self.nodes
            for taken in node.accounts
            if taken.account_class is None
        ]
        classes = {
            taken.account_class: node
            for node in self.nodes
            for taken in node.accounts
            if taken.account_class is not None
        }
        accounts = list(accounts)
        placed = {}
        for account in accounts:
            node = next(
                (node for taken, node in ranges if taken.first <= account.code <= taken.last),
                classes.get(account.account_class),
            )
            if node is not None and node.part is part_of(account.account_class):
                placed[account.id] = node.code
        for account in accounts:
            if account.code.startswith(COMPUTED) and account.id not in placed:
                code = self._with_class(
                    placed[one.id]
                    for one in accounts
                    if one.account_class is account.account_class and one.id in placed
                )
                if code:
                    placed[account.id] = code
        return placed

    def _with_class(self, codes: Iterable[str]) -> str:
        """The lowest node that has all those nodes in it, else the top of the first one."""
        known = {node.code: node for node in self.nodes}
        shared: list[str] | None = None
        for code in dict.fromkeys(codes):
            path = [code]
            while (above := known[path[0]].parent) in known and above not in path:
                path.insert(0, above)
            if shared is None:
                shared = path
            else:
                same = [one for one, two in zip(shared, path, strict=False) if one == two]
                shared = same or shared[:1]
        return shared[-1] if shared else ""


def built_in_tree() -> Tree:
    """Assets, liabilities, equity, income and expenses: each account under its class."""

    def of(
        code: str, heading: str, account_class: AccountClass, side: Side, activity: Activity
    ) -> Node:
        return Node(
            code,
            heading,
            part_of(account_class),
            side,
            activity=activity,
            accounts=(Accounts(account_class=account_class),),
        )

    equity = of("equity", _("Equity"), AccountClass.EQUITY, Side.CREDIT, Activity.FINANCING)
    sheet, credit = Part.BALANCE_SHEET, Side.CREDIT
    return Tree(
        BUILT_IN,
        _("By account class"),
        (
            of("assets", _("Assets"), AccountClass.ASSET, Side.DEBIT, Activity.OPERATING),
            of(
                "liabilities",
                _("Liabilities"),
                AccountClass.LIABILITY,
                Side.CREDIT,
                Activity.OPERATING,
            ),
            equity,
            Node(
                "prior",
                _("Results of prior years not distributed"),
                sheet,
                credit,
                "equity",
                NodeKind.PRIOR_RESULTS,
            ),
            Node("year", _("Result of the year"), sheet, credit, "equity", NodeKind.RESULT),
            Node(
                "both",
                _("Total liabilities and equity"),
                sheet,
                credit,
                kind=NodeKind.FORMULA,
                formula=(Term(1, "liabilities"), Term(1, "equity")),
            ),
            of("income", _("Income"), AccountClass.INCOME, Side.CREDIT, Activity.OPERATING),
            of("expenses", _("Expenses"), AccountClass.EXPENSE, Side.DEBIT, Activity.OPERATING),
            Node("result", _("Result"), Part.PROFIT_LOSS, credit, kind=NodeKind.RESULT),
        ),
    )
