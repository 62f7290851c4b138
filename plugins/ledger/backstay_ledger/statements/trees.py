"""The trees of a company: its own, and the built-in one that is always there."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backstay_ledger.statements.tree import BUILT_IN, Tree, built_in_tree


def choose_tree(session: Session, code: str) -> tuple[Tree, str]:
    """The tree of that code, or the built-in one and the code that was not found."""
    del session
    return built_in_tree(), code if code != BUILT_IN else ""


def tree_choices(session: Session) -> list[tuple[str, str]]:
    """Codes and names of the trees that can be chosen, the built-in one first."""
    del session
    return [(BUILT_IN, built_in_tree().name)]
