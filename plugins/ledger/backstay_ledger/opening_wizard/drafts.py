"""Entries of an opening that are drafts: posted as they are, or deleted, never edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.spi import Conflict
from backstay.spi import gettext as _
from backstay_ledger.models import EntryKind
from backstay_ledger.services.resting import Resting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.services.stored import StoredEntry


def _refuse(_session: Session, _draft: StoredEntry) -> None:
    # Its lines stand for accounts of the lists; typed again, they would stand for nothing.
    raise Conflict(_("It belongs to the opening of the books: post it as it is, or delete it."))


OPENING_LISTS: Final = Resting(
    concerns=lambda row: row.kind is EntryKind.OPENING,
    on_change=_refuse,
)
