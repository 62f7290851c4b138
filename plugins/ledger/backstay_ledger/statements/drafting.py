"""Trees as people type them: read, checked as a whole, and written back the same way.

A form, an import and a program all give nodes as texts; what is wrong is said for each node by its
code, before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from backstay.spi import Problem
from backstay.spi import gettext as _
from backstay_ledger.models.accounts import AccountClass
from backstay_ledger.statements.kinds import Activity, NodeKind, Part, Side
from backstay_ledger.statements.tree import Accounts, Node, Term, Tree, part_of

CODE: Final = r"[A-Za-z0-9_.]{1,20}"
LAST_OF_PREFIX: Final = "\uffff"
"""Comes after every character that a code may have."""
_CLASS: Final = "class:"
_TERM: Final = re.compile(r"\s*([+-]?)\s*([A-Za-z0-9_.]{1,20})\s*")
_DIGITS: Final = re.compile(r"(\d+)\s*[-–]\s*(\d+)")  # noqa: RUF001 - people type it
_RANGE: Final = re.compile(r"(.+?)\s*\.\.\s*(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDraft:
    """A node as it is typed."""

    code: str
    heading: str
    parent: str = ""
    part: Part = Part.BALANCE_SHEET
    side: Side = Side.DEBIT
    kind: NodeKind = NodeKind.ACCOUNTS
    activity: Activity | None = None
    accounts: str = ""
    formula: str = ""


class NotRead(ValueError):
    """A text that can't be read; the message says why."""


def read_accounts(text: str) -> tuple[Accounts, ...]:
    """Read ``1000..1999; 2100; 30*; class:asset``.

    Ranges follow the order of the codes' characters, so ``1000..1999`` has 10005 and not 999.

    Raises:
        NotRead: names the part that can't be read.
    """
    parts = re.split(r"[;\n]" if ";" in text or "\n" in text else ",", text)
    return tuple(_read_part(part.strip()) for part in parts if part.strip())


def write_accounts(accounts: Sequence[Accounts]) -> str:
    """The text that :func:`read_accounts` reads."""
    return "; ".join(written_range(one) for one in accounts)


def written_range(one: Accounts) -> str:
    """A range as it is typed."""
    if one.account_class is not None:
        return f"{_CLASS}{one.account_class.value}"
    if one.last == one.first + LAST_OF_PREFIX:
        return f"{one.first}*"
    return one.first if one.first == one.last else f"{one.first}..{one.last}"


def read_formula(text: str) -> tuple[Term, ...]:
    """Read ``income - expenses``.

    Raises:
        NotRead: it is none.
    """
    terms: list[Term] = []
    at = 0
    while at < len(text.rstrip()):
        found = _TERM.match(text, at)
        if found is None or (terms and not found[1]):
            raise NotRead(
                _(
                    "“%(text)s” is no formula: write codes of nodes with + and - between them.",
                    text=text[:60],
                )
            )
        terms.append(Term(-1 if found[1] == "-" else 1, found[2]))
        at = found.end()
    return tuple(terms)


def draft_of(node: Node) -> NodeDraft:
    """A node as it would be typed."""
    terms = "".join(f" {'-' if term.sign < 0 else '+'} {term.code}" for term in node.formula)
    return NodeDraft(
        code=node.code,
        heading=node.heading,
        parent=node.parent,
        part=node.part,
        side=node.side,
        kind=node.kind,
        activity=node.activity,
        accounts=write_accounts(node.accounts),
        formula=terms.removeprefix(" + ").strip(),
    )


def build(code: str, name: str, drafts: Sequence[NodeDraft]) -> tuple[Tree, list[Problem]]:
    """The tree that nodes make, in the order in which they are shown, and what is wrong.

    Each problem has the field and, as its row, the place of the node among the drafts, from 0.
    """
    nodes: list[Node] = []
    problems: list[Problem] = []
    for row, draft in enumerate(drafts):
        node, wrong = _read_node(draft, row)
        nodes.append(node)
        problems += wrong
    problems += _wrong_codes(nodes)
    rows = {node.code: row for row, node in enumerate(nodes)}
    if len(rows) == len(nodes):
        problems += _wrong_places(nodes, rows)
        problems += _wrong_formulas(nodes, rows)
        problems += _twice(nodes)
    return Tree(code, name, tuple(_in_order(nodes))), problems


def _read_part(part: str) -> Accounts:
    if part.casefold().startswith(_CLASS):
        name = part[len(_CLASS) :].strip().casefold()
        try:
            return Accounts(account_class=AccountClass(name))
        except ValueError:
            raise NotRead(_("“%(name)s” is no class of accounts.", name=name[:40])) from None
    if part.endswith("*") and len(part) > 1:
        return Accounts(part[:-1], part[:-1] + LAST_OF_PREFIX)
    found = _RANGE.fullmatch(part) or _DIGITS.fullmatch(part)
    first, last = (found[1], found[2]) if found else (part, part)
    if first > last:
        raise NotRead(_("The range %(part)s ends before it begins.", part=f"{first}..{last}"[:60]))
    if max(len(first), len(last)) > 200:  # noqa: PLR2004 - the longest code of an account
        raise NotRead(_("“%(part)s…” is longer than a code can be.", part=part[:30]))
    return Accounts(first, last)


def _read_node(draft: NodeDraft, row: int) -> tuple[Node, list[Problem]]:
    problems: list[Problem] = []
    accounts: tuple[Accounts, ...] = ()
    formula: tuple[Term, ...] = ()
    try:
        accounts = read_accounts(draft.accounts)
    except NotRead as error:
        problems.append(Problem(str(error), "accounts", row))
    try:
        formula = read_formula(draft.formula)
    except NotRead as error:
        problems.append(Problem(str(error), "formula", row))
    if not draft.heading.strip():
        problems.append(Problem(_("A node needs a heading."), "heading", row))
    if draft.kind is NodeKind.FORMULA and not draft.formula.strip():
        problems.append(Problem(_("Write the formula, such as income - expenses."), "formula", row))
    if draft.kind is not NodeKind.FORMULA and draft.formula.strip():
        problems.append(Problem(_("Only a node of the kind formula has one."), "formula", row))
    if draft.kind is not NodeKind.ACCOUNTS and draft.accounts.strip():
        problems.append(
            Problem(_("Only a node of the kind accounts names accounts."), "accounts", row)
        )
    problems += [
        Problem(
            _(
                "Accounts of the class %(name)s do not belong into this statement.",
                name=one.account_class.value,
            ),
            "accounts",
            row,
        )
        for one in accounts
        if one.account_class is not None and part_of(one.account_class) is not draft.part
    ]
    return (
        Node(
            draft.code.strip(),
            draft.heading.strip(),
            draft.part,
            draft.side,
            draft.parent.strip(),
            draft.kind,
            draft.activity,
            formula,
            accounts,
        ),
        problems,
    )


def _wrong_codes(nodes: Sequence[Node]) -> Iterator[Problem]:
    seen: set[str] = set()
    for row, node in enumerate(nodes):
        if not re.fullmatch(CODE, node.code):
            yield Problem(
                _("The code of a node has 1 to 20 letters, digits, points and _."), "code", row
            )
        elif node.code in seen:
            yield Problem(_("There are two nodes “%(code)s”.", code=node.code), "code", row)
        seen.add(node.code)


def _wrong_places(nodes: Sequence[Node], rows: Mapping[str, int]) -> Iterator[Problem]:
    for row, node in enumerate(nodes):
        results = node.kind in (NodeKind.RESULT, NodeKind.PRIOR_RESULTS)
        if node.part is Part.PROFIT_LOSS and results and node.parent:
            yield Problem(
                _("The result of a profit and loss statement stands at its top."), "parent", row
            )
        if node.part is Part.PROFIT_LOSS and node.kind is NodeKind.PRIOR_RESULTS:
            yield Problem(_("Results of prior years belong into the balance sheet."), "kind", row)
        same = [one for one in nodes if one.kind is node.kind and one.part is node.part]
        if results and same[0] is not node:
            yield Problem(
                _("Node “%(code)s” shows the same result already.", code=same[0].code), "kind", row
            )
        if not node.parent:
            continue
        above = rows.get(node.parent)
        if above is None:
            yield Problem(_("There is no node “%(code)s”.", code=node.parent), "parent", row)
            continue
        if nodes[above].part is not node.part:
            yield Problem(
                _("Node “%(code)s” is part of the other statement.", code=node.parent),
                "parent",
                row,
            )
        if nodes[above].kind is not NodeKind.ACCOUNTS:
            yield Problem(
                _("Node “%(code)s” is computed; nothing can stand below it.", code=node.parent),
                "parent",
                row,
            )
        if _stands_below_itself(nodes, rows, node):
            yield Problem(
                _("Node “%(code)s” would stand below itself.", code=node.code), "parent", row
            )


def _stands_below_itself(nodes: Sequence[Node], rows: Mapping[str, int], node: Node) -> bool:
    at, seen = node.parent, set[str]()
    while at in rows and at not in seen:
        if at == node.code:
            return True
        seen.add(at)
        at = nodes[rows[at]].parent
    return False


def _wrong_formulas(nodes: Sequence[Node], rows: Mapping[str, int]) -> Iterator[Problem]:
    for row, node in enumerate(nodes):
        for term in node.formula:
            found = rows.get(term.code)
            if found is None:
                yield Problem(_("There is no node “%(code)s”.", code=term.code), "formula", row)
            elif nodes[found].part is not node.part:
                yield Problem(
                    _("Node “%(code)s” is part of the other statement.", code=term.code),
                    "formula",
                    row,
                )
        if node.formula and _computes_itself(nodes, rows, node.code, node):
            yield Problem(
                _("Node “%(code)s” would be computed from itself.", code=node.code),
                "formula",
                row,
            )


def _computes_itself(
    nodes: Sequence[Node], rows: Mapping[str, int], wanted: str, node: Node
) -> bool:
    open_codes, seen = [term.code for term in node.formula], set[str]()
    while open_codes:
        code = open_codes.pop()
        if code == wanted:
            return True
        if code not in seen and code in rows:
            seen.add(code)
            open_codes += [term.code for term in nodes[rows[code]].formula]
    return False


def _twice(nodes: Sequence[Node]) -> Iterator[Problem]:
    taken = [(one, node, row) for row, node in enumerate(nodes) for one in node.accounts]
    for (one, first, _row), (other, _second, row) in combinations(taken, 2):
        if one.meets(other):
            yield Problem(
                _(
                    "%(accounts)s: node “%(code)s” has accounts of it already (%(other)s).",
                    accounts=written_range(other),
                    code=first.code,
                    other=written_range(one),
                ),
                "accounts",
                row,
            )


def _in_order(nodes: Sequence[Node]) -> Iterator[Node]:
    """Each node after the one above it; what stands in a ring is left out."""
    below: dict[str, list[Node]] = {}
    for node in nodes:
        below.setdefault(node.parent, []).append(node)
    waiting = list(reversed(below.pop("", [])))
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(below.pop(node.code, []))
