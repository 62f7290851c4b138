"""Telling other plugins what was posted: many entries an event, nothing when nobody listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.contracts.ledger import EntriesPosted, EntriesReversed
from backstay.spi import emit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from backstay_ledger.services.content import EntryRow

_MOST: Final = 1000


def announce(session: Session, entries: Sequence[EntryRow]) -> None:
    """Emit what happened to entries that were posted in this transaction."""
    for start in range(0, len(entries), _MOST):
        batch = entries[start : start + _MOST]
        emit(session, EntriesPosted(tuple(entry.id for entry in batch)))
        reversals = [entry for entry in batch if entry.reverses_id is not None]
        if reversals:
            emit(
                session,
                EntriesReversed(
                    tuple(entry.reverses_id or 0 for entry in reversals),
                    tuple(entry.id for entry in reversals),
                ),
            )
