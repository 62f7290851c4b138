"""Open items of reversed entries: settled by the items of the reversal, as far as they are open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.contracts.ledger import Pair
from backstay.spi import company_of
from backstay_ledger.open_items.allocations import Allocate, settle
from backstay_ledger.open_items.models import ItemHold, OpenItem
from backstay_ledger.open_items.pairs import lock_items
from backstay_ledger.services.bulk_rows import among, pieces
from backstay_ledger.tax.allocated import release_allocated

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.contracts.ledger import Posted
    from backstay_ledger.services.reversal import ReverseEntry
    from backstay_ledger.services.stored import StoredEntry


def lock_items_of(session: Session, entries: Iterable[StoredEntry]) -> bool:
    """Keep others from allocating the items of entries that are about to be reversed.

    It comes before the counters are locked, in the order in which allocations lock them too.

    Returns:
        whether there are any; entries without open items cost nothing.
    """
    ids = [entry.row.id for entry in entries if any(line.open_item for line in entry.lines)]
    for some in pieces(ids):
        found = session.scalars(
            select(OpenItem.id).where(
                OpenItem.company_id == company_of(session).id,
                among(session, OpenItem.entry_id, some),
            )
        ).all()
        lock_items(session, found)
    return bool(ids)


def settle_with_mirrors(
    session: Session, commands: Sequence[ReverseEntry], posted: Sequence[Posted]
) -> None:
    """Allocate the items of entries to those of their reversals.

    Items on hold stay as they are: whoever lifts the hold allocates them. Where the entry was paid
    in part, tax on cash basis of both is released as far as they are settled, or what was released
    for the payment would be taken back twice when the payment is.
    """
    for command, reversal in zip(commands, posted, strict=True):
        if reversal.existed or reversal.waits:
            continue
        items = session.execute(
            select(
                OpenItem.id,
                OpenItem.line_no,
                OpenItem.amount,
                OpenItem.residual,
                OpenItem.hold,
            )
            .where(
                OpenItem.company_id == company_of(session).id,
                OpenItem.entry_id.in_([command.id, reversal.id]),
            )
            .order_by(OpenItem.line_no, OpenItem.amount.desc())
        ).all()
        pairs = tuple(
            Pair(debit.id, credit.id)
            for debit, credit in zip(items[::2], items[1::2], strict=True)
            if debit.residual and credit.residual and {debit.hold, credit.hold} == {ItemHold.NONE}
        )
        paid_in_part = any(
            debit.residual != -credit.residual
            for debit, credit in zip(items[::2], items[1::2], strict=True)
        )
        for some in pieces(pairs):
            done = settle(session, Allocate(pairs=tuple(some)))
            if paid_in_part:
                release_allocated(session, done)
