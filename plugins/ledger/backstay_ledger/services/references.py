"""References of entries: set while an entry is a draft, attached to it once it is posted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import Conflict, Invalid, TextField, authorize, company_of, context_of, lazy, now
from backstay.spi import gettext as _
from backstay_ledger.models import EntryReference, EntryState
from backstay_ledger.permissions import ENTRY_DRAFT
from backstay_ledger.services.stored import stored_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachReference:
    """A document's number that belongs to a posted entry."""

    id: int
    reference: Annotated[
        str,
        TextField(
            label=lazy("Reference"),
            help=lazy("The document's own number, or where the paper lies."),
            example="INV-2026-0113",
            min_length=1,
            max_length=100,
        ),
    ]
    note: Annotated[str, TextField(label=lazy("Note"), max_length=500)] = ""


def attach_reference(session: Session, command: AttachReference) -> EntryReference:
    """Attach a reference to an entry; it can't be changed or taken away afterwards.

    Raises:
        Invalid: it is empty.
        NotFound: the company has no such entry.
        Conflict: it is a draft, whose own reference can be changed.
    """
    context = authorize(session, ENTRY_DRAFT)
    if not command.reference.strip():
        raise Invalid(_("Give the reference."), field="reference")
    entry = stored_entry(session, command.id)
    if entry.row.state is not EntryState.POSTED:
        raise Conflict(_("This is a draft: change its own reference instead."))
    attached = EntryReference(
        company_id=entry.row.company_id,
        entry_id=entry.row.id,
        reference=command.reference.strip(),
        note=command.note.strip(),
        added_by=context.actor.label,
        added_at=now(),
    )
    session.add(attached)
    session.flush()
    return attached


def references_of(session: Session, entry_id: int) -> list[EntryReference]:
    """The references that were attached to an entry, oldest first."""
    context_of(session)
    return list(
        session.scalars(
            select(EntryReference)
            .where(
                EntryReference.company_id == company_of(session).id,
                EntryReference.entry_id == entry_id,
            )
            .order_by(EntryReference.id)
        )
    )
