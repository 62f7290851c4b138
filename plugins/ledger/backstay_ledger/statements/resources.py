"""Presentation trees, their nodes and the cash accounts: lists, records and forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for
from sqlalchemy import func, select

from backstay.spi import (
    Action,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Panel,
    Related,
    Resource,
    Section,
    context_of,
    redirect_to,
    resource_url,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.models import Account
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW, STATEMENT_EDIT
from backstay_ledger.resources.asked_on import asked_on
from backstay_ledger.resources.figures import heads
from backstay_ledger.resources.import_links import import_link
from backstay_ledger.statements.cash_accounts import (
    ForgetCashAccount,
    NameCashAccount,
    forget_cash_account,
    name_cash_account,
)
from backstay_ledger.statements.group_resources import GROUPS, SHARES
from backstay_ledger.statements.models import CashAccount, StatementNode, StatementTree
from backstay_ledger.statements.tree_commands import (
    ACTIVITIES,
    KINDS,
    PARTS,
    PURPOSES,
    SIDES,
    CreateNode,
    CreateTree,
    DeleteNode,
    DeleteTree,
    EditNode,
    EditTree,
)
from backstay_ledger.statements.tree_edits import (
    create_node,
    create_tree,
    delete_node,
    delete_tree,
    edit_node,
    edit_tree,
)
from backstay_ledger.statements.trees import nodes_of, read_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from sqlalchemy.orm import Session

_PLACE: Final = ("code", "heading", "part", "parent", "position")
_FIGURE: Final = ("kind", "side", "accounts", "formula", "activity")


def _nodes(session: Session, tree: StatementTree) -> dict[str, Any]:
    """The whole tree, each line opening its form, and the ways to change it."""
    may_edit = context_of(session).may(STATEMENT_EDIT)
    rows = {node.code: node for node in nodes_of(session, tree)}
    depths: dict[str, int] = {}
    shown = []
    words = {choice.value: str(choice.label) for choice in PARTS}
    for node in read_tree(session, tree).nodes:
        row = rows[node.code]
        depths[node.code] = depths[node.parent] + 1 if node.parent else 0
        shown.append(
            ui.Row(
                (
                    ui.Cell(node.heading),
                    ui.Cell(node.code, "code"),
                    ui.Cell(row.accounts or row.formula or _computed(row), "prose"),
                    ui.Cell(words[node.part.value]),
                ),
                href=resource_url(
                    "ledger.statement_node", "edit" if may_edit else "record", id=row.id
                ),
                depth=depths[node.code],
                strong=not node.parent,
            )
        )
    buttons = []
    if may_edit:
        buttons += [
            ui.Button(
                translate("Add a node"),
                resource_url("ledger.statement_node", "create", tree=tree.id),
                "plus",
                shortcut="a",
            ),
            ui.Button(translate("Import"), import_link("ledger.statement_tree"), "file-import"),
        ]
    if context_of(session).may(BOOKS_EXPORT):
        href = url_for("ledger.statement_tree_csv", id=tree.id)
        buttons.append(ui.Button(translate("Export"), href, "download", "ghost"))
    return {
        "buttons": tuple(buttons),
        "heads": heads(
            ("heading", translate("Heading"), False),
            ("code", translate("Code"), False),
            ("accounts", translate("Accounts or formula"), False),
            ("statement", translate("Statement"), False),
        ),
        "rows": tuple(shown),
        "label": translate("Nodes"),
        "nothing": translate("No nodes yet: every account is shown as having no place."),
    }


def _computed(node: StatementNode) -> str:
    words = {choice.value: str(choice.label) for choice in KINDS}
    return "" if node.kind.value == "accounts" else words[node.kind.value]


def _parent_code(session: Session, node: StatementNode) -> dict[str, Any]:
    parent = session.get(StatementNode, node.parent_id) if node.parent_id else None
    return {
        "code": node.code,
        "heading": node.heading,
        "part": node.part,
        "parent": parent.code if parent else "",
        "position": node.position,
        "kind": node.kind,
        "side": node.side,
        "accounts": node.accounts,
        "formula": node.formula,
        "activity": node.activity,
    }


def _count(session: Session, tree: StatementTree) -> int:
    counted = select(func.count()).where(StatementNode.tree_id == tree.id)
    return int(session.scalar(counted) or 0)


def _to_the_tree(_session: Session, node: StatementNode) -> Response:
    return redirect_to(resource_url("ledger.statement_tree", "record", id=node.tree_id))


def _to_the_trees(_session: Session, _nothing: None) -> Response:
    return redirect_to(resource_url("ledger.statement_tree"))


def _to_cash_accounts(_session: Session, _result: Any) -> Response:
    return redirect_to(resource_url("ledger.cash_account"))


def _import(session: Session) -> Sequence[ui.Button]:
    if not context_of(session).may(STATEMENT_EDIT):
        return ()
    return (ui.Button(translate("Import"), import_link("ledger.statement_tree"), "file-import"),)


TREES: Final = Resource(
    name="ledger.statement_tree",
    path="statement-trees",
    model=StatementTree,
    view=BOOKS_VIEW,
    export=BOOKS_EXPORT,
    label=_("Presentation tree"),
    label_many=_("Presentation trees"),
    icon="sitemap",
    help=_("How balance sheet and profit and loss show the accounts; the books stay as they are."),
    columns=(
        Column("code", _("Code"), StatementTree.code, Kind.CODE, sortable=True, link=True),
        Column("name", _("Name"), StatementTree.name, link=True),
        Column("purpose", _("Purpose"), StatementTree.purpose, choices=PURPOSES),
    ),
    search=(StatementTree.code, StatementTree.name),
    search_label=_("Search by code or name"),
    order=("code",),
    title=lambda tree: str(tree.label),
    sections=(Section(_("Tree"), ("code", "name", "purpose")),),
    panels=(Panel(_("Nodes"), "ledger/tree.html", _nodes, flush=True),),
    create=Operation(
        create_tree, CreateTree, STATEMENT_EDIT, _("New tree"), done=_("Tree created.")
    ),
    update=Operation(edit_tree, EditTree, STATEMENT_EDIT, _("Edit tree"), done=_("Tree saved.")),
    actions=(
        Action(
            "delete",
            Operation(
                delete_tree,
                DeleteTree,
                STATEMENT_EDIT,
                _("Delete tree"),
                done=_("Tree deleted."),
                respond=_to_the_trees,
            ),
            icon="trash",
            danger=True,
            confirm=_("Delete this tree and its nodes? The books are not touched."),
        ),
    ),
    related=(Related(_("Nodes"), "ledger.statement_node", "tree", _count, "list-details"),),
    empty=Empty(
        _("Only the built-in tree so far"),
        _("Statements show accounts by their class. Make a tree of your own to divide them."),
        "sitemap",
    ),
    picker_label=lambda tree: str(tree.label),
    buttons=_import,
)
NODES: Final = Resource(
    name="ledger.statement_node",
    path="statement-nodes",
    model=StatementNode,
    view=BOOKS_VIEW,
    export=BOOKS_EXPORT,
    label=_("Node"),
    label_many=_("Nodes of presentation trees"),
    icon="list-details",
    help=_("The lines of statements: which accounts they show, below which heading."),
    columns=(
        Column("code", _("Code"), StatementNode.code, Kind.CODE, link=True),
        Column("heading", _("Heading"), StatementNode.heading, link=True),
        Column("part", _("Statement"), StatementNode.part, choices=PARTS),
        Column(
            "position",
            _("Position"),
            StatementNode.position,
            Kind.NUMBER,
            sortable=True,
            total=False,
        ),
        Column("kind", _("Figure"), StatementNode.kind, choices=KINDS),
        Column("side", _("Sign"), StatementNode.side, choices=SIDES),
        Column("accounts", _("Accounts"), StatementNode.accounts),
        Column("formula", _("Formula"), StatementNode.formula, in_list=False),
        Column(
            "activity", _("Cash flow"), StatementNode.activity, choices=ACTIVITIES, in_list=False
        ),
    ),
    filters=(
        Filter(
            "tree",
            _("Tree"),
            StatementNode.tree_id,
            kind="picker",
            picker="ledger.statement_tree",
        ),
    ),
    search=(StatementNode.code, StatementNode.heading),
    search_label=_("Search by code or heading"),
    order=("position",),
    title=lambda node: str(node.label),
    sections=(
        Section(
            _("Node"),
            (
                *("code", "heading", "part", "position", "kind", "side"),
                *("accounts", "formula", "activity"),
            ),
        ),
    ),
    create=Operation(
        create_node,
        CreateNode,
        STATEMENT_EDIT,
        _("New node"),
        sections=(
            Section(_("Place"), ("tree_id", *_PLACE)),
            Section(_("Figure"), _FIGURE),
        ),
        initial=asked_on("tree"),
        done=_("Node created."),
        respond=_to_the_tree,
    ),
    update=Operation(
        edit_node,
        EditNode,
        STATEMENT_EDIT,
        _("Edit node"),
        sections=(Section(_("Place"), _PLACE), Section(_("Figure"), _FIGURE)),
        initial=_parent_code,
        done=_("Node saved."),
        respond=_to_the_tree,
    ),
    actions=(
        Action(
            "delete",
            Operation(
                delete_node,
                DeleteNode,
                STATEMENT_EDIT,
                _("Delete node"),
                done=_("Node deleted."),
                respond=_to_the_trees,
            ),
            icon="trash",
            danger=True,
            confirm=_("Delete this node? Its accounts are shown as having no place then."),
        ),
    ),
)
CASH_ACCOUNTS: Final = Resource(
    name="ledger.cash_account",
    path="cash-accounts",
    model=CashAccount,
    view=BOOKS_VIEW,
    export=BOOKS_EXPORT,
    label=_("Cash account"),
    label_many=_("Cash accounts"),
    icon="coins",
    help=_("The cash flow statement explains how the balance of these accounts changed."),
    columns=(
        Column("code", _("Account"), Account.code, Kind.CODE, sortable=True, link=True),
        Column("name", _("Name"), Account.name),
    ),
    order=("code",),
    joins=lambda query: query.join(
        Account,
        (Account.id == CashAccount.account_id) & (Account.company_id == CashAccount.company_id),
    ),
    title=lambda _cash: str(_("Cash account")),
    sections=(Section(_("Cash account"), ("code", "name")),),
    create=Operation(
        name_cash_account,
        NameCashAccount,
        STATEMENT_EDIT,
        _("Name a cash account"),
        done=_("It counts as cash now."),
        submit=_("Count as cash"),
        respond=_to_cash_accounts,
    ),
    actions=(
        Action(
            "forget",
            Operation(
                forget_cash_account,
                ForgetCashAccount,
                STATEMENT_EDIT,
                _("Count as cash no longer"),
                done=_("It counts as cash no longer."),
                respond=_to_cash_accounts,
            ),
            icon="x",
        ),
    ),
    empty=Empty(
        _("No cash accounts named"),
        _("Name the accounts of your tills and banks, and the cash flow statement explains them."),
        "coins",
    ),
)
STATEMENT_RESOURCES: Final[tuple[Resource, ...]] = (TREES, NODES, CASH_ACCOUNTS, GROUPS, SHARES)
