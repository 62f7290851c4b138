"""Idempotency keys of imported entries: the same file again posts nothing twice.

Undoing an import frees its keys, so that a corrected file can be imported; an entry that somebody
reversed by hand stays imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from backstay.spi import company_of
from backstay_ledger.models import Entry
from backstay_ledger.services.bulk_rows import among

UNDO: Final = "undo:"
"""Begins the key of a reversal that undoes an import; the entry's id follows."""
LONGEST_NAME: Final = 80
_SOME: Final = 1000


def usable_keys(session: Session, names: Sequence[str]) -> dict[str, str]:
    """The key of each entry of a file by its name in the file."""
    keys = {name: f"import:{name}" for name in names}
    asked = list(keys)
    attempt = 1
    while asked:
        attempt += 1
        undone = _undone(session, [keys[name] for name in asked])
        asked = [name for name in asked if keys[name] in undone]
        keys.update({name: f"import:{name}#{attempt}" for name in asked})
    return keys


def _undone(session: Session, keys: Sequence[str]) -> set[str]:
    company = company_of(session)
    reversal = aliased(Entry)
    found: set[str] = set()
    for start in range(0, len(keys), _SOME):
        rows = session.scalars(
            select(Entry.idempotency_key)
            .join(reversal, reversal.reverses_id == Entry.id)
            .where(
                Entry.company_id == company.id,
                among(session, Entry.idempotency_key, keys[start : start + _SOME]),
                reversal.idempotency_key.startswith(UNDO),
            )
        )
        found.update(str(key) for key in rows)
    return found
