"""The trees of a company: its own, and the built-in one that is always there."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import company_of
from backstay.spi import gettext as _
from backstay_ledger.services.owned import load_owned
from backstay_ledger.statements.drafting import NodeDraft, build
from backstay_ledger.statements.models import StatementNode, StatementTree
from backstay_ledger.statements.tree import BUILT_IN, Tree, built_in_tree


def choose_tree(session: Session, code: str) -> tuple[Tree, str]:
    """The tree of that code, or the built-in one and the code that was not found."""
    if code == BUILT_IN:
        return built_in_tree(), ""
    found = session.scalars(
        select(StatementTree).where(
            StatementTree.company_id == company_of(session).id, StatementTree.code == code
        )
    ).one_or_none()
    return (built_in_tree(), code) if found is None else (read_tree(session, found), "")


def tree_choices(session: Session) -> list[tuple[str, str]]:
    """Codes and names of the trees that can be chosen, the built-in one first."""
    own = session.execute(
        select(StatementTree.code, StatementTree.name)
        .where(StatementTree.company_id == company_of(session).id)
        .order_by(StatementTree.code)
    )
    return [(BUILT_IN, built_in_tree().name), *((row.code, row.name) for row in own)]


def load_own_tree(session: Session, tree_id: int) -> StatementTree:
    """A tree of the company by its id.

    Raises:
        NotFound: the company has no such tree.
    """
    return load_owned(session, StatementTree, tree_id, _("There is no such tree in this company."))


def nodes_of(session: Session, tree: StatementTree) -> list[StatementNode]:
    """The rows of a tree by position."""
    found = session.scalars(
        select(StatementNode)
        .where(StatementNode.company_id == tree.company_id, StatementNode.tree_id == tree.id)
        .order_by(StatementNode.position, StatementNode.code)
    )
    return list(found)


def drafts_of(nodes: Sequence[StatementNode]) -> list[NodeDraft]:
    """Rows as they would be typed."""
    codes = {node.id: node.code for node in nodes}
    return [
        NodeDraft(
            code=node.code,
            heading=node.heading,
            parent=codes.get(node.parent_id, "") if node.parent_id else "",
            part=node.part,
            side=node.side,
            kind=node.kind,
            activity=node.activity,
            accounts=node.accounts,
            formula=node.formula,
        )
        for node in nodes
    ]


def read_tree(session: Session, tree: StatementTree) -> Tree:
    """A tree as statements read it."""
    return build(tree.code, tree.name, drafts_of(nodes_of(session, tree)))[0]
