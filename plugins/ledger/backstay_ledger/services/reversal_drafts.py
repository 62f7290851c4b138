"""Reversals that are drafts again, because a second person sent them back."""

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
    raise Conflict(
        _("A reversal mirrors its entry and can't be changed. Post it again or delete it.")
    )


REVERSALS: Final = Resting(
    concerns=lambda row: row.kind is EntryKind.REVERSAL,
    on_change=_refuse,
)
