"""Making and changing presentation trees; each change is checked against the whole tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    Conflict,
    Invalid,
    NotFound,
    Problem,
    authorize,
    check_version,
    company_of,
)
from backstay.spi import gettext as _
from backstay_ledger.permissions import STATEMENT_EDIT
from backstay_ledger.services.posting import writable_company
from backstay_ledger.statements.drafting import NodeDraft, build, draft_of, read_accounts
from backstay_ledger.statements.models import StatementAccounts, StatementNode, StatementTree
from backstay_ledger.statements.tree import built_in_tree
from backstay_ledger.statements.tree_commands import (
    CreateNode,
    CreateTree,
    DeleteNode,
    DeleteTree,
    EditNode,
    EditTree,
    NodeFields,
)
from backstay_ledger.statements.trees import drafts_of, load_own_tree, nodes_of

MOST_NODES: Final = 500


def create_tree(session: Session, command: CreateTree) -> StatementTree:
    """Make a tree, a copy of the built-in one or empty.

    Raises:
        Invalid: the code is taken or none.
    """
    authorize(session, STATEMENT_EDIT)
    company = writable_company(session)
    _check_code(session, command.code)
    tree = StatementTree(
        company_id=company.id,
        code=command.code,
        name=command.name.strip(),
        purpose=command.purpose,
    )
    session.add(tree)
    session.flush()
    if command.copied:
        write_nodes(session, tree, [draft_of(node) for node in built_in_tree().nodes])
    return tree


def edit_tree(session: Session, command: EditTree) -> StatementTree:
    """Change code, name or purpose of a tree.

    Raises:
        Invalid: the code is taken.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, STATEMENT_EDIT)
    writable_company(session)
    tree = load_own_tree(session, command.id)
    check_version(tree, command.version)
    if command.code != tree.code:
        _check_code(session, command.code)
    tree.code, tree.name, tree.purpose = command.code, command.name.strip(), command.purpose
    session.flush()
    return tree


def delete_tree(session: Session, command: DeleteTree) -> None:
    """Delete a tree with its nodes; the books are not touched.

    Raises:
        NotFound: the company has no such tree.
    """
    authorize(session, STATEMENT_EDIT)
    writable_company(session)
    tree = load_own_tree(session, command.id)
    clear_nodes(session, tree)
    session.delete(tree)
    session.flush()


def create_node(session: Session, command: CreateNode) -> StatementNode:
    """Add a line to a tree.

    Raises:
        Invalid: the tree would not hold: an account twice, a ring, a formula of nothing.
    """
    authorize(session, STATEMENT_EDIT)
    writable_company(session)
    tree = load_own_tree(session, command.tree_id)
    nodes = nodes_of(session, tree)
    if len(nodes) >= MOST_NODES:
        raise Invalid(_("A tree has %(n)s nodes at most.", n=MOST_NODES))
    draft = _draft(command)
    _check(tree, [*drafts_of(nodes), draft], len(nodes))
    position = command.position or (nodes[-1].position + 10 if nodes else 10)
    node = _row(tree, draft, position, {one.code: one.id for one in nodes})
    session.add(node)
    session.flush()
    _write_accounts(session, node)
    return node


def edit_node(session: Session, command: EditNode) -> StatementNode:
    """Change a line of a tree; what stands below it follows a changed code.

    Raises:
        Invalid: the tree would not hold: an account twice, a ring, a formula of a
            code that is none any more.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, STATEMENT_EDIT)
    writable_company(session)
    node, tree, nodes = _node(session, command.id)
    check_version(node, command.version)
    at = nodes.index(node)
    drafts = drafts_of(nodes)
    draft = _draft(command)
    if draft.code != node.code:
        drafts = [
            replace(one, parent=draft.code) if one.parent == node.code else one for one in drafts
        ]
    drafts[at] = draft
    _check(tree, drafts, at)
    ids = {one.code: one.id for one in nodes}
    node.parent_id = ids.get(draft.parent)
    node.position = command.position or nodes[-1].position + 10
    node.code, node.heading, node.part = draft.code, draft.heading, draft.part
    node.side, node.kind, node.activity = draft.side, draft.kind, draft.activity
    node.accounts, node.formula = draft.accounts, draft.formula
    session.flush()
    _write_accounts(session, node)
    return node


def delete_node(session: Session, command: DeleteNode) -> None:
    """Delete a line of a tree; its accounts are shown under a heading of their own then.

    Raises:
        Conflict: nodes stand below it, or a formula names it.
    """
    authorize(session, STATEMENT_EDIT)
    writable_company(session)
    node, tree, nodes = _node(session, command.id)
    if any(one.parent_id == node.id for one in nodes):
        raise Conflict(_("Other nodes stand below “%(code)s”; move them first.", code=node.code))
    for one in build(tree.code, tree.name, drafts_of(nodes))[0].nodes:
        if any(term.code == node.code for term in one.formula):
            raise Conflict(
                _(
                    "“%(code)s” is part of the formula of “%(other)s”; change that first.",
                    code=node.code,
                    other=one.code,
                )
            )
    _drop_accounts(session, node)
    session.delete(node)
    session.flush()


def write_nodes(session: Session, tree: StatementTree, drafts: Sequence[NodeDraft]) -> None:
    """Write all nodes of a tree that has none; the caller has checked the permission.

    Raises:
        Invalid: lists what is wrong.
    """
    built, problems = build(tree.code, tree.name, drafts)
    if problems:
        raise Invalid(_("The tree can't be saved."), problems=tuple(problems))
    ids: dict[str, int] = {}
    for place, node in enumerate(built.nodes, 1):
        row = _row(tree, draft_of(node), place * 10, ids)
        session.add(row)
        session.flush()
        ids[row.code] = row.id
        _write_accounts(session, row)


def clear_nodes(session: Session, tree: StatementTree) -> None:
    """Delete all nodes of a tree, those below others first; the caller checked the permission."""
    nodes = {node.code: node for node in nodes_of(session, tree)}
    ordered = build(tree.code, tree.name, drafts_of(list(nodes.values())))[0]
    for node in reversed(ordered.nodes):
        _drop_accounts(session, nodes[node.code])
        session.delete(nodes[node.code])
        session.flush()


def _check(tree: StatementTree, drafts: Sequence[NodeDraft], at: int) -> None:
    """Refuse a change that breaks the tree; problems of the node at hand have their fields."""
    _tree, problems = build(tree.code, tree.name, drafts)
    if not problems:
        return
    told = [
        Problem(one.message, one.field)
        if one.row == at
        else Problem(f"{drafts[one.row or 0].code}: {one.message}")
        for one in problems
    ]
    raise Invalid(_("The node can't be saved."), problems=tuple(told))


def _check_code(session: Session, code: str) -> None:
    taken = select(StatementTree.id).where(
        StatementTree.company_id == company_of(session).id, StatementTree.code == code
    )
    if session.scalar(taken) is not None:
        raise Invalid(_("There is a tree “%(code)s” already.", code=code), field="code")


def _node(
    session: Session, node_id: int
) -> tuple[StatementNode, StatementTree, list[StatementNode]]:
    found = session.scalars(
        select(StatementNode).where(
            StatementNode.id == node_id, StatementNode.company_id == company_of(session).id
        )
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such node in this company."))
    tree = load_own_tree(session, found.tree_id)
    return found, tree, nodes_of(session, tree)


def _draft(command: NodeFields) -> NodeDraft:
    return NodeDraft(
        code=command.code.strip(),
        heading=command.heading.strip(),
        parent=command.parent.strip(),
        part=command.part,
        side=command.side,
        kind=command.kind,
        activity=command.activity,
        accounts=command.accounts.strip(),
        formula=command.formula.strip(),
    )


def _row(
    tree: StatementTree, draft: NodeDraft, position: int, ids: dict[str, int]
) -> StatementNode:
    return StatementNode(
        company_id=tree.company_id,
        tree_id=tree.id,
        parent_id=ids.get(draft.parent),
        position=position,
        code=draft.code,
        heading=draft.heading,
        part=draft.part,
        kind=draft.kind,
        side=draft.side,
        activity=draft.activity,
        formula=draft.formula,
        accounts=draft.accounts,
    )


def _write_accounts(session: Session, node: StatementNode) -> None:
    _drop_accounts(session, node)
    for one in read_accounts(node.accounts):
        session.add(
            StatementAccounts(
                company_id=node.company_id,
                tree_id=node.tree_id,
                node_id=node.id,
                first_code=one.first,
                last_code=one.last,
                account_class=one.account_class,
            )
        )
    session.flush()


def _drop_accounts(session: Session, node: StatementNode) -> None:
    found = session.scalars(
        select(StatementAccounts).where(
            StatementAccounts.company_id == node.company_id,
            StatementAccounts.tree_id == node.tree_id,
            StatementAccounts.node_id == node.id,
        )
    )
    for row in found.all():
        session.delete(row)
    session.flush()
