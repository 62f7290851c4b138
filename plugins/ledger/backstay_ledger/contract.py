"""The ledger behind ``backstay.contracts.ledger``: what other plugins post through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from backstay.contracts.ledger import (
    Allocated,
    OpenItem,
    Pair,
    Posted,
    Posting,
    PostingLine,
)
from backstay_ledger.open_items import allocations, items, managed, undoing
from backstay_ledger.services import balances, reversal
from backstay_ledger.services import posting as entries


class GeneralLedger:
    """Implements the protocol ``Ledger`` with the services of this plugin."""

    def post(self, session: Session, posting: Posting) -> Posted:
        """Post one entry."""
        return entries.post(session, posting)

    def post_many(self, session: Session, postings: Sequence[Posting]) -> list[Posted]:
        """Post many entries, all or none."""
        return entries.post_many(session, postings)

    def preview(self, session: Session, posting: Posting) -> list[PostingLine]:
        """Check an entry without writing it."""
        return entries.preview(session, posting)

    def reverse(self, session: Session, entry_id: int, on: date, reason: str, key: str) -> Posted:
        """Post the mirror image of an entry."""
        return reversal.reverse_entry(
            session, reversal.ReverseEntry(id=entry_id, on=on, reason=reason, key=key)
        )

    def open_items(
        self, session: Session, as_of: date, *, account: str = "", party: str = ""
    ) -> list[OpenItem]:
        """The items that are open at the end of a day."""
        return items.open_items(session, as_of, account=account, party=party)

    def allocate(
        self, session: Session, pairs: Sequence[Pair], on: date | None, key: str
    ) -> list[Allocated]:
        """Let open items settle each other."""
        return allocations.allocate(
            session, allocations.Allocate(pairs=tuple(pairs), on=on, key=key)
        )

    def undo_allocation(
        self, session: Session, allocation_id: int, on: date, key: str
    ) -> Allocated:
        """Take an allocation back."""
        return undoing.undo_allocation(
            session, undoing.UndoAllocation(id=allocation_id, on=on, key=key)
        )

    def claim_control_account(self, session: Session, account: str, sub_ledger: str) -> None:
        """Let lines get to an account only through a sub-ledger."""
        managed.claim_control_account(session, account, sub_ledger)

    def balance(self, session: Session, account: str, as_of: date) -> Decimal:
        """The balance of an account at the end of a day."""
        return balances.balance(session, account, as_of)
