"""Presentation trees as files: exported, changed in a spreadsheet, imported again."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    Conflict,
    ImportColumn,
    ImportKind,
    Invalid,
    Outcome,
    Problem,
    StagedRow,
    Validation,
    authorize,
    company_of,
    lazy,
    ngettext,
)
from backstay.spi import gettext as _
from backstay_ledger.permissions import STATEMENT_EDIT
from backstay_ledger.services.posting import writable_company
from backstay_ledger.statements.drafting import NodeDraft, build
from backstay_ledger.statements.kinds import Activity, NodeKind, Part, Purpose, Side
from backstay_ledger.statements.models import StatementTree
from backstay_ledger.statements.tree_commands import CreateTree, DeleteTree
from backstay_ledger.statements.tree_edits import (
    MOST_NODES,
    clear_nodes,
    create_tree,
    delete_tree,
    write_nodes,
)
from backstay_ledger.statements.trees import drafts_of, nodes_of

COLUMNS: Final = (
    *("tree", "name", "code", "heading", "below", "statement", "sign", "figure", "accounts"),
    *("formula", "cash_flow"),
)
_REPLACED: Final = "replaced:"
Member = TypeVar("Member", bound=enum.Enum)


def tree_rows(session: Session, tree: StatementTree) -> list[tuple[str, ...]]:
    """The nodes of a tree with the columns of the import."""
    return [
        (
            tree.code,
            tree.name,
            draft.code,
            draft.heading,
            draft.parent,
            draft.part.value,
            draft.side.value,
            draft.kind.value,
            draft.accounts,
            draft.formula,
            draft.activity.value if draft.activity else "",
        )
        for draft in _ordered(tree, drafts_of(nodes_of(session, tree)))
    ]


def validate(session: Session, rows: Sequence[StagedRow]) -> Validation:
    """What importing trees would do."""
    authorize(session, STATEMENT_EDIT)
    problems: list[Problem] = []
    new = present = 0
    notes = []
    for code, own in _by_tree(rows).items():
        drafts, wrong = _read(code, own)
        problems += wrong
        tree = _known(session, code)
        if tree is None:
            new += 1
        elif _same(session, tree, drafts):
            present += 1
        else:
            new += 1
            notes.append(_("The nodes of tree “%(code)s” are replaced.", code=code))
    return Validation(tuple(problems), new, present, tuple(notes))


def commit(session: Session, rows: Sequence[StagedRow]) -> Outcome:
    """Make the trees that are not there, and replace the nodes of those that differ.

    Raises:
        Invalid: lists every row that can't be imported.
    """
    authorize(session, STATEMENT_EDIT)
    writable_company(session)
    present = 0
    references: list[str] = []
    for code, own in _by_tree(rows).items():
        drafts, problems = _read(code, own)
        if problems:
            raise Invalid(_("The tree can't be imported."), problems=tuple(problems))
        tree = _known(session, code)
        if tree is None:
            name = own[0].values.get("name", "").strip() or code
            tree = create_tree(
                session,
                CreateTree(code=code, name=name[:100], purpose=Purpose.STATUTORY, copied=False),
            )
            references.append(str(tree.id))
        elif _same(session, tree, drafts):
            present += 1
            continue
        else:
            clear_nodes(session, tree)
            references.append(f"{_REPLACED}{tree.id}")
        write_nodes(session, tree, drafts)
    return Outcome(len(references), present, references=tuple(references))


def undo(session: Session, references: Sequence[str]) -> str:
    """Delete the trees that an import made.

    Raises:
        Conflict: it replaced the nodes of a tree, which are gone.
    """
    authorize(session, STATEMENT_EDIT)
    if any(one.startswith(_REPLACED) for one in references):
        raise Conflict(
            _("The import replaced nodes of a tree; import the file that they came from.")
        )
    for one in references:
        delete_tree(session, DeleteTree(id=int(one)))
    return ngettext("%(n)s tree was deleted.", "%(n)s trees were deleted.", len(references))


def _by_tree(rows: Sequence[StagedRow]) -> dict[str, list[StagedRow]]:
    trees: dict[str, list[StagedRow]] = {}
    for row in rows:
        trees.setdefault(row.values.get("tree", "").strip(), []).append(row)
    return trees


def _known(session: Session, code: str) -> StatementTree | None:
    return session.scalars(
        select(StatementTree).where(
            StatementTree.company_id == company_of(session).id, StatementTree.code == code
        )
    ).one_or_none()


def _same(session: Session, tree: StatementTree, drafts: Sequence[NodeDraft]) -> bool:
    return _ordered(tree, drafts_of(nodes_of(session, tree))) == _ordered(tree, drafts)


def _ordered(tree: StatementTree, drafts: Sequence[NodeDraft]) -> list[NodeDraft]:
    """In the order in which statements show them, which is how they are stored."""
    by_code = {draft.code: draft for draft in drafts}
    return [by_code[node.code] for node in build(tree.code, tree.name, drafts)[0].nodes]


def _read(code: str, rows: Sequence[StagedRow]) -> tuple[list[NodeDraft], list[Problem]]:
    problems: list[Problem] = []
    drafts = []
    if len(code) > 20 or not code.replace(".", "").replace("_", "").isalnum():  # noqa: PLR2004
        problems.append(
            Problem(
                _("The code of a tree has 1 to 20 letters, digits, points and _."),
                "tree",
                rows[0].number,
            )
        )
    if len(rows) > MOST_NODES:
        problems.append(
            Problem(_("A tree has %(n)s nodes at most.", n=MOST_NODES), "tree", rows[0].number)
        )
        return [], problems
    for row in rows:
        given = {name: row.values.get(name, "").strip() for name in COLUMNS}
        for name, longest in (("heading", 200), ("accounts", 1000), ("formula", 500)):
            if len(given[name]) > longest:
                problems.append(
                    Problem(_("This is longer than %(n)s characters.", n=longest), name, row.number)
                )
        drafts.append(
            NodeDraft(
                code=given["code"],
                heading=given["heading"],
                parent=given["below"],
                part=_member(Part, given, "statement", Part.BALANCE_SHEET, row, problems),
                side=_member(Side, given, "sign", Side.DEBIT, row, problems),
                kind=_member(NodeKind, given, "figure", NodeKind.ACCOUNTS, row, problems),
                activity=_member(Activity, given, "cash_flow", None, row, problems),
                accounts=given["accounts"],
                formula=given["formula"],
            )
        )
    named = {"parent": "below", "kind": "figure", "part": "statement"}
    problems += [
        Problem(one.message, named.get(one.field or "", one.field), rows[one.row or 0].number)
        for one in build(code, code, drafts)[1]
    ]
    return drafts, problems


def _member(
    members: type[Member],
    given: dict[str, str],
    name: str,
    default: Any,
    row: StagedRow,
    problems: list[Problem],
) -> Any:
    text = given[name].casefold()
    if not text:
        return default
    try:
        return members(text)
    except ValueError:
        known = ", ".join(str(one.value) for one in members)
        problems.append(
            Problem(
                _("“%(text)s” is none of these: %(known)s.", text=text[:40], known=known),
                name,
                row.number,
            )
        )
        return default


STATEMENT_TREES: Final = ImportKind(
    name="ledger.statement_tree",
    label=lazy("Presentation trees"),
    noun=lazy("tree"),
    noun_many=lazy("trees"),
    permission=STATEMENT_EDIT,
    columns=(
        ImportColumn("tree", lazy("Tree"), help=lazy("Code of the tree."), example="statutory"),
        ImportColumn("name", lazy("Name of the tree"), required=False),
        ImportColumn("code", lazy("Code"), help=lazy("Of the node."), example="assets"),
        ImportColumn("heading", lazy("Heading"), example="Assets"),
        ImportColumn("below", lazy("Below"), required=False, help=lazy("Code of the node above.")),
        ImportColumn(
            "statement",
            lazy("Statement"),
            required=False,
            help=lazy("balance_sheet or profit_loss"),
        ),
        ImportColumn("sign", lazy("Sign"), required=False, help=lazy("debit or credit")),
        ImportColumn(
            "figure",
            lazy("Figure"),
            required=False,
            help=lazy("accounts, formula, result or prior_results"),
        ),
        ImportColumn(
            "accounts", lazy("Accounts"), required=False, example="1000..1199; class:asset"
        ),
        ImportColumn("formula", lazy("Formula"), required=False, example="income - expenses"),
        ImportColumn(
            "cash_flow",
            lazy("Cash flow"),
            required=False,
            help=lazy("operating, investing or financing"),
        ),
    ),
    validate=validate,
    commit=commit,
    undo=undo,
    sample=(
        "tree,name,code,heading,below,statement,sign,figure,accounts,formula,cash_flow\n"
        "board,For the board,assets,Assets,,balance_sheet,debit,accounts,class:asset,,\n"
        "board,For the board,cash,Cash,assets,balance_sheet,debit,accounts,1000..1099,,\n"
        "board,For the board,income,Income,,profit_loss,credit,accounts,class:income,,\n"
    ),
    icon="sitemap",
    group_by="tree",
    help=lazy("A tree that is there already gets the nodes of the file in place of its own."),
    opens="ledger.statement_tree.list",
)
