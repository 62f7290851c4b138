"""The reason that a person gives for a change, carried to every audit row that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.db.context import context_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def give_reason(session: Session, reason: str) -> None:
    """Say why the rest of this transaction happens; an empty reason changes nothing."""
    if reason:
        session.info["context"] = context_of(session).because(reason)
