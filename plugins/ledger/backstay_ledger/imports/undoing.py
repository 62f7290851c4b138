"""Undoing an import of entries: what it posted is reversed, what nobody approved is deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from backstay.spi import context_of, ngettext
from backstay.spi import gettext as _
from backstay_ledger.models import EntryState
from backstay_ledger.services.reversal import ReverseEntry, reversal_numbers, reverse_entries
from backstay_ledger.services.stored import StoredEntry, stored_entries


def undo_entries(session: Session, references: Sequence[str], prefix: str) -> str:
    """Reverse entries, each on its own date, and say what was done; the caller has authorized.

    What waits for approval, or was sent back, is deleted instead. What was deleted or reversed
    in the meantime stays as it is.

    Arguments:
        references: ids of the entries.
        prefix: begins the idempotency key of each reversal; the entry's id follows.

    Raises:
        Conflict: a period is closed.
    """
    ids = [int(reference) for reference in references]
    entries = stored_entries(session, ids)
    deleted = _delete_unposted(session, entries.values())
    entries = {key: entry for key, entry in entries.items() if entry.row.state is EntryState.POSTED}
    reversed_before = reversal_numbers(session, ids)
    # Whoever undoes the import has said why; posting the reversals must not say otherwise.
    reason = context_of(session).reason or _("the import was undone")
    reversals = reverse_entries(
        session,
        [
            ReverseEntry(
                id=entry_id,
                on=entry.row.date,
                reason=reason,
                key=f"{prefix}{entry_id}",
            )
            for entry_id, entry in entries.items()
            if entry_id not in reversed_before
        ],
    )
    waiting = sum(one.waits for one in reversals)
    said = [
        ngettext(
            "%(n)s entry was reversed.",
            "%(n)s entries were reversed.",
            len(reversals) - waiting,
        )
    ]
    if waiting:
        said.append(
            ngettext(
                "%(n)s reversal is over the limit and waits for approval.",
                "%(n)s reversals are over the limit and wait for approval.",
                waiting,
            )
        )
    if deleted:
        said.append(
            ngettext(
                "%(n)s entry that was not posted yet was deleted.",
                "%(n)s entries that were not posted yet were deleted.",
                deleted,
            )
        )
    return " ".join(said)


def _delete_unposted(session: Session, entries: Iterable[StoredEntry]) -> int:
    """Take back and delete what nobody has approved; returns how many that were."""
    found = [entry.row for entry in entries if entry.row.state is not EntryState.POSTED]
    if not found:
        return 0
    # Late: few imports are undone, and fewer with entries that wait.
    from backstay_ledger.approval.deciding import withdraw
    from backstay_ledger.services.drafts import remove_draft

    for row in found:
        if row.state is EntryState.WAITING:
            withdraw(session, row.id)
        remove_draft(session, row.id)
    return len(found)
