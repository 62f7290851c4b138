"""Undoing an allocation: its exact opposite is added, and what it posted is reversed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Allocated
from backstay.spi import (
    Conflict,
    Invalid,
    NotFound,
    authorize,
    context_of,
    new_id,
    now,
)
from backstay.spi import gettext as _
from backstay_ledger.models import Entry
from backstay_ledger.open_items.allocations import add_allocations, as_allocated, done_by_key
from backstay_ledger.open_items.exchange import first_open_day
from backstay_ledger.open_items.models import Allocation
from backstay_ledger.open_items.pairs import lock_items
from backstay_ledger.permissions import ITEM_ALLOCATE
from backstay_ledger.services.posting import writable_company
from backstay_ledger.services.reversal import ReverseEntry, reverse_entries
from backstay_ledger.tax.allocated import release_allocated


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoAllocation:
    """An allocation that is to be taken back.

    Arguments:
        on: the day from which the items are open again.
        key: idempotency key; empty for none.
    """

    id: int
    on: date
    key: str = ""


def undo_allocation(session: Session, command: UndoAllocation) -> Allocated:
    """Take an allocation back by its opposite, and reverse the entry that it posted.

    Raises:
        Invalid: the day lies before the allocation's.
        Conflict: it was undone before, or is itself the undoing of another.
        NotFound: the company has no such allocation.
    """
    authorize(session, ITEM_ALLOCATE)
    company = writable_company(session)
    digest = hashlib.sha256(json.dumps(["undo", command.id]).encode()).hexdigest()
    if command.key and (done := done_by_key(session, command.key, digest)):
        return done[0]
    row = session.scalars(
        select(Allocation).where(Allocation.id == command.id, Allocation.company_id == company.id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such allocation in this company."))
    lock_items(session, {row.debit_id, row.credit_id})
    if command.key and (done := done_by_key(session, command.key, digest)):
        return done[0]
    _refuse_undoing(session, row, command)
    entry = None
    if row.exchange_entry_id is not None:
        booked = session.get_one(Entry, row.exchange_entry_id)
        reason = _("The allocation was undone.")
        on = first_open_day(session, max(command.on, booked.date))
        reverse = ReverseEntry(id=booked.id, on=on, reason=reason)
        entry = reverse_entries(session, [reverse], by_allocation=True)[0]
    undoing = Allocation(
        id=new_id(),
        company_id=row.company_id,
        debit_id=row.debit_id,
        credit_id=row.credit_id,
        amount=-row.amount,
        base_debit=-row.base_debit,
        base_credit=-row.base_credit,
        date=command.on,
        exchange_entry_id=entry.id if entry else None,
        undoes_id=row.id,
        idempotency_key=command.key or None,
        key_position=0 if command.key else None,
        payload_hash=digest,
        made_by=context_of(session).actor.label,
        made_at=now(),
    )
    add_allocations(session, [undoing])
    undone = as_allocated(undoing, entry=entry)
    return replace(undone, tax_waits=release_allocated(session, [undone]))


def _refuse_undoing(session: Session, row: Allocation, command: UndoAllocation) -> None:
    if row.undoes_id is not None:
        raise Conflict(_("This undoes another allocation; allocate the items again instead."))
    undone = session.scalar(
        select(Allocation.date).where(
            Allocation.undoes_id == row.id, Allocation.company_id == row.company_id
        )
    )
    if undone is not None:
        raise Conflict(_("The allocation was undone on %(day)s already.", day=undone))
    if command.on < row.date:
        raise Invalid(
            _("An allocation is not undone before its own day (%(day)s).", day=row.date),
            field="on",
        )
