"""The ledger behind ``backstay.contracts.ledger``: what other plugins post through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posted, Posting, PostingLine
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

    def balance(self, session: Session, account: str, as_of: date) -> Decimal:
        """The balance of an account at the end of a day."""
        return balances.balance(session, account, as_of)
