"""The reason that a person gives for a change, carried to every audit row that follows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from backstay.db.context import context_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def act_for(session: Session, login: str) -> None:
    """Say in whose place the actor does the rest of this transaction."""
    context = context_of(session)
    actor = replace(context.actor, on_behalf_of=login)
    session.info["context"] = replace(context, actor=actor)


def give_reason(session: Session, reason: str) -> None:
    """Say why the rest of this transaction happens; an empty reason changes nothing."""
    if reason:
        session.info["context"] = context_of(session).because(reason)
