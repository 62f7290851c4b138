"""Entries as programs write them: drafts with their lines, and create and post in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from backstay.spi import Action, ApiShape, Operation
from backstay.spi import lazy as _
from backstay_ledger.permissions import ENTRY_DRAFT, ENTRY_POST
from backstay_ledger.services.drafts import SaveDraft, as_typed, post_entry, save_draft
from backstay_ledger.services.stored import stored_entry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.models import Entry


def _as_written(session: Session, entry: Entry) -> dict[str, Any]:
    """What can be changed in a draft, and read of every entry."""
    typed = as_typed(stored_entry(session, entry.id))
    return {
        "journal": typed.journal,
        "date": typed.date,
        "memo": typed.memo,
        "reference": typed.reference,
        "exchange": typed.exchange,
        "lines": typed.lines,
    }


ENTRY_API: Final = ApiShape(
    create=Operation(save_draft, SaveDraft, ENTRY_DRAFT, _("New draft")),
    update=Operation(save_draft, SaveDraft, ENTRY_DRAFT, _("Change a draft"), initial=_as_written),
    on_list=(
        Action(
            "post",
            Operation(
                post_entry,
                SaveDraft,
                ENTRY_POST,
                _("Create and post"),
                help=_("Writes the entry and posts it in one step; it gets its number at once."),
            ),
        ),
    ),
)
