"""The books of a company as others read them: accounts, entries with their lines, taxes, parties.

For audit files and other exports of whole years. What is large is read as a stream, so that a book
of a million lines is never in memory at once. Amounts are in the base currency of the company,
debit positive, credit negative, where nothing else is said; instants are in UTC.

A year that was closed shows its income and expenses: the closing entries of the last day of what
is read are left out, as they are in the statements of that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class BookSpan:
    """Days whose books are read, both ends included.

    Arguments:
        start, end: the first and the last day.
        fiscal_year: the code of the fiscal year, where they are exactly one; else empty.
    """

    start: date
    end: date
    fiscal_year: str = ""


@dataclass(frozen=True, slots=True)
class BookAccount:
    """An account with what it stands at before and after the days that are read.

    Arguments:
        kind: ``asset``, ``liability``, ``equity``, ``income``, ``expense`` or ``unset``.
        opening: balance at the end of the day before the first.
        debit, credit: what was posted in between, both positive.
        closing: balance at the end of the last day.
    """

    code: str
    name: str
    kind: str
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal


@dataclass(frozen=True, slots=True)
class BookParty:
    """What a party owes or is owed on one account that is managed by open items.

    Arguments:
        party: the key under which its items are posted.
        account: the account's code; ``kind`` is that of the account.
        opening, closing: balances as those of :class:`BookAccount`.
    """

    party: str
    account: str
    kind: str
    opening: Decimal
    closing: Decimal


@dataclass(frozen=True, slots=True)
class BookJournal:
    """A journal.

    Arguments:
        kind: ``general``, ``sales``, ``purchases``, ``bank`` or ``opening``.
    """

    code: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class BookTaxRate:
    """The rate of a tax code from a day on.

    Arguments:
        use: ``sale`` or ``purchase``.
        rate: percent; negative for a withholding tax.
        valid_until: the last day before the next rate; None for the rate that holds on.
    """

    code: str
    name: str
    use: str
    rate: Decimal
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class BookTax:
    """A tax of a line, summed over the parts that it was posted in.

    Arguments:
        rate: percent on the day.
        base: what it was computed on.
        amount: base currency, debit positive; a reverse charge shows what is owed.
    """

    code: str
    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BookLine:
    """A line of a posted entry.

    Arguments:
        account: the account's code.
        currency: ISO 4217 code where the line was made in another currency, else empty.
        amount_currency: the amount in that currency, same sign; zero for an exchange difference.
        party: whose open item it is; empty for none.
        due_date: of the open item; None where it is no item.
        settlement: number of the group of items that settle each other to zero by the last day
            that is read, such as an invoice and its payments; 0 while something is left open.
        settled_on: the day of the last allocation in that group.
    """

    number: int
    account: str
    amount: Decimal
    text: str
    currency: str = ""
    amount_currency: Decimal | None = None
    party: str = ""
    due_date: date | None = None
    settlement: int = 0
    settled_on: date | None = None
    taxes: tuple[BookTax, ...] = ()


@dataclass(frozen=True, slots=True)
class BookEntry:
    """A posted entry with its lines.

    Arguments:
        number: its gapless number in journal and fiscal year, such as ``GEN-2026-000017``.
        journal: the journal's code.
        date: accounting date.
        period: number of the period in its fiscal year; 13 for year-end adjustments.
        period_year: the calendar year in which that fiscal year begins.
        kind: ``normal``, ``opening``, ``reversal``, ``exchange`` or ``closing``.
        reference: the document's own number.
        reverses: number of the entry that it takes back; empty for none.
        created_by, posted_by: who wrote and who posted it.
        created_at, posted_at: when.
        posted_on: the day of ``posted_at`` on the clock of the company.
    """

    number: str
    journal: str
    date: dt.date
    period: int
    period_year: int
    kind: str
    memo: str
    reference: str
    reverses: str
    created_by: str
    created_at: dt.datetime
    posted_by: str
    posted_at: dt.datetime
    posted_on: dt.date
    lines: tuple[BookLine, ...]


@dataclass(frozen=True, slots=True)
class BookTotals:
    """Control totals of the entries of some days.

    Arguments:
        entries, lines: how many.
        debit, credit: sums of the lines, both positive.
    """

    entries: int
    lines: int
    debit: Decimal
    credit: Decimal


class Books(Protocol):
    """Reading the books of the company that the session works in.

    Every method but ``fiscal_years`` asks for the permission to export the books.
    """

    def hold_still(self, session: Session) -> None:
        """See the books of one moment in all that is read after it, for as long as it takes.

        To be called before anything else is read in the session.
        """
        ...

    def fiscal_years(self, session: Session) -> Sequence[BookSpan]:
        """The fiscal years, the latest first."""
        ...

    def span(
        self,
        session: Session,
        fiscal_year: str = "",
        start: date | None = None,
        end: date | None = None,
    ) -> BookSpan:
        """The days of a fiscal year, or those from a day to a day.

        Arguments:
            fiscal_year: its code; empty where days are given.

        Raises:
            Invalid: neither or both are given, the last day is before the first, or the company
                has no such fiscal year; names the field.
        """
        ...

    def accounts(self, session: Session, span: BookSpan) -> Sequence[BookAccount]:
        """Every account of the chart by code, also those at zero."""
        ...

    def parties(self, session: Session, span: BookSpan) -> Sequence[BookParty]:
        """Every party that had a balance or a line, by party and account."""
        ...

    def journals(self, session: Session) -> Sequence[BookJournal]:
        """The journals by code."""
        ...

    def tax_rates(self, session: Session) -> Sequence[BookTaxRate]:
        """All rates of all tax codes, by code and day."""
        ...

    def totals(self, session: Session, span: BookSpan) -> BookTotals:
        """Control totals of what :meth:`entries` gives, counted by the database."""
        ...

    def entries(
        self, session: Session, span: BookSpan, *, journal: str = "", settlements: bool = True
    ) -> Iterator[BookEntry]:
        """The posted entries in the order in which they were posted, as a stream.

        Arguments:
            journal: code of the only journal that is wanted; empty for all.
            settlements: False where nobody looks at which lines settle each other.
        """
        ...

    def trial_balance(self, session: Session, as_of: date) -> Mapping[str, Decimal]:
        """Balances by account at the end of a day, accounts at zero left out."""
        ...
