"""Idempotency keys of imported entries: the same file again posts nothing twice.

A key is free again once its entry was taken back. Undoing an import frees its keys, so that a
corrected file can be imported; an entry that somebody reversed by hand stays imported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from backstay.spi import company_of
from backstay_ledger.models import Entry
from backstay_ledger.services.bulk_rows import among, pieces

UNDO: Final = "undo:"
"""Begins the key of a reversal that undoes an import; the entry's id follows."""
LONGEST_NAME: Final = 80


def usable_keys(
    session: Session,
    names: Sequence[str],
    *,
    prefix: str,
    freed_by: Callable[[type[Entry]], ColumnElement[bool]],
) -> dict[str, str]:
    """The key of each entry of a file by its name in the file.

    Arguments:
        prefix: begins each key.
        freed_by: which reversals of an entry let its name come again.
    """
    keys = {name: f"{prefix}{name}" for name in names}
    asked = list(keys)
    attempt = 1
    while asked:
        attempt += 1
        freed = _freed(session, [keys[name] for name in asked], freed_by)
        asked = [name for name in asked if keys[name] in freed]
        keys.update({name: f"{prefix}{name}#{attempt}" for name in asked})
    return keys


def undoes_import(reversal: type[Entry]) -> ColumnElement[bool]:
    """That a reversal undoes an import, rather than that somebody reversed the entry by hand."""
    return reversal.idempotency_key.startswith(UNDO)


def _freed(
    session: Session,
    keys: Sequence[str],
    freed_by: Callable[[type[Entry]], ColumnElement[bool]],
) -> set[str]:
    reversal = aliased(Entry)
    found: set[str] = set()
    for some in pieces(keys):
        rows = session.scalars(
            select(Entry.idempotency_key)
            .join(reversal, reversal.reverses_id == Entry.id)
            .where(
                Entry.company_id == company_of(session).id,
                among(session, Entry.idempotency_key, some),
                freed_by(reversal),
            )
        )
        found.update(str(key) for key in rows)
    return found
