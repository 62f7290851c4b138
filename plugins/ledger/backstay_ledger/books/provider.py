"""The ledger behind ``backstay.contracts.books``: what audit files and other exports read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from backstay.contracts.books import (
    BookAccount,
    BookEntry,
    BookJournal,
    BookParty,
    BookSpan,
    BookTaxRate,
    BookTotals,
)
from backstay_ledger.books import entries, masters


class LedgerBooks:
    """Implements the protocol ``Books``."""

    def hold_still(self, session: Session) -> None:
        """See the books of one moment from here on."""
        entries.hold_still(session)

    def fiscal_years(self, session: Session) -> Sequence[BookSpan]:
        """The fiscal years."""
        return masters.fiscal_years(session)

    def span(
        self,
        session: Session,
        fiscal_year: str = "",
        start: date | None = None,
        end: date | None = None,
    ) -> BookSpan:
        """The days that are asked for."""
        return masters.read_span(session, fiscal_year, start, end)

    def accounts(self, session: Session, span: BookSpan) -> Sequence[BookAccount]:
        """The chart with its balances."""
        return masters.accounts(session, span)

    def parties(self, session: Session, span: BookSpan) -> Sequence[BookParty]:
        """The parties with their balances."""
        return masters.parties(session, span)

    def journals(self, session: Session) -> Sequence[BookJournal]:
        """The journals."""
        return masters.journals(session)

    def tax_rates(self, session: Session) -> Sequence[BookTaxRate]:
        """The tax codes with their rates."""
        return masters.tax_rates(session)

    def totals(self, session: Session, span: BookSpan) -> BookTotals:
        """Control totals."""
        return entries.totals(session, span)

    def entries(
        self, session: Session, span: BookSpan, *, journal: str = "", settlements: bool = True
    ) -> Iterator[BookEntry]:
        """The entries as a stream."""
        return entries.read_entries(session, span, journal=journal, settlements=settlements)

    def trial_balance(self, session: Session, as_of: date) -> Mapping[str, Decimal]:
        """The trial balance by account."""
        return masters.trial_balance(session, as_of)
