"""Drafts that something else rests on: they are posted as they are, or deleted, never edited."""

from __future__ import annotations

from backstay.spi import Conflict
from backstay.spi import gettext as _
from backstay_ledger.models import EntryKind
from backstay_ledger.services.stored import StoredEntry


def refuse_change(draft: StoredEntry) -> None:
    """Refuse to edit a draft whose content was not typed as an entry.

    Raises:
        Conflict: it is a reversal, or belongs to a deferral or to the opening of the books.
    """
    if draft.row.kind is EntryKind.REVERSAL:
        raise Conflict(
            _("A reversal mirrors its entry and can't be changed. Post it again or delete it.")
        )
    if draft.row.kind is EntryKind.OPENING:
        # Its lines stand for accounts of the lists; typed again, they would stand for nothing.
        raise Conflict(_("It belongs to the opening of the books: post it as it is, or delete it."))
    if draft.row.source_type == "ledger.deferral":
        raise Conflict(_("It belongs to a deferral: post it as it is, or delete it."))
