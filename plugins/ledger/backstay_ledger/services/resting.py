"""What rests on a draft besides its lines, and what becomes of it when the draft goes.

A draft that a plan, a rule or a list made is more than what somebody typed: a deferral would lose
its releases, a rule its run. Each part of the ledger says so itself, as a :class:`Resting`;
``services/resting_parts.py`` names them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.services.content import EntryRow
    from backstay_ledger.services.stored import StoredEntry

    Does = Callable[[Session, StoredEntry], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """Something that rests on drafts of one kind.

    Arguments:
        concerns: whether it may rest on this draft, as its row alone tells: it asks the database
            nothing, so that drafts that somebody typed cost no statement.
        on_change: called before such a draft is edited; raises Conflict to refuse that. Left out,
            it may be edited.
        on_removal: called before such a draft is deleted; takes away what rests on it, or raises
            Conflict to refuse that. Left out, nothing has to go.
    """

    concerns: Callable[[EntryRow], bool]
    on_change: Does | None = None
    on_removal: Does | None = None
