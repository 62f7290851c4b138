"""Posted entries as a stream: some at a time, each with its lines, items, settlement and taxes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from backstay.contracts.books import BookEntry, BookLine, BookSpan, BookTax, BookTotals
from backstay.spi import Money, authorize, company_of
from backstay_ledger.books.settled import settled_items
from backstay_ledger.models import (
    Account,
    Allocation,
    Entry,
    EntryState,
    FiscalYear,
    Journal,
    Line,
    OpenItem,
    Period,
    PeriodKind,
)
from backstay_ledger.permissions import BOOKS_EXPORT
from backstay_ledger.services.bulk_rows import among
from backstay_ledger.tax.models import TaxCode, TaxDetail, TaxPart

PIECE: Final = 1000
"""Entries whose lines are read at once."""


def hold_still(session: Session) -> None:
    """See the books of one moment from here on, for as long as it takes.

    SQLite's transactions do so by themselves. PostgreSQL would end a transaction in which nothing
    is asked for a minute, and a large file takes longer to be read back.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    if not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
        session.connection().exec_driver_sql(f"SET LOCAL {setting} = 0")


def totals(session: Session, span: BookSpan) -> BookTotals:
    """How many entries and lines there are, and the sums of their debits and credits."""
    authorize(session, BOOKS_EXPORT)
    company_id = company_of(session).id
    entries = session.scalar(
        select(func.count())
        .select_from(Entry)
        .join(Period, and_(Period.id == Entry.period_id, Period.company_id == Entry.company_id))
        .where(*_wanted(company_id, span))
    )
    lines, debit, credit = session.execute(
        select(
            func.count(),
            func.coalesce(_summed(Line.amount > 0, Line.amount), 0, type_=Money()),
            func.coalesce(_summed(Line.amount < 0, -Line.amount), 0, type_=Money()),
        )
        .select_from(Line)
        .join(Entry, and_(Entry.id == Line.entry_id, Entry.company_id == Line.company_id))
        .join(Period, and_(Period.id == Entry.period_id, Period.company_id == Entry.company_id))
        .where(*_wanted(company_id, span))
    ).one()
    return BookTotals(int(entries or 0), int(lines), debit, credit)


def _summed(which: ColumnElement[bool], amount: Any) -> ColumnElement[Any]:
    return func.sum(case((which, amount), else_=0), type_=Money())


def _wanted(company_id: int, span: BookSpan) -> tuple[ColumnElement[bool], ...]:
    """Posted entries of the days, but for what closes the last of them."""
    return (
        Entry.company_id == company_id,
        Entry.state == EntryState.POSTED,
        Entry.date.between(span.start, span.end),
        or_(Period.kind != PeriodKind.CLOSING, Entry.date < span.end),
    )


def read_entries(
    session: Session, span: BookSpan, *, journal: str = "", settlements: bool = True
) -> Iterator[BookEntry]:
    """The entries in the order in which they were posted.

    Arguments:
        journal: code of the only journal that is wanted; empty for all.
        settlements: False where nobody looks at which lines settle each other.
    """
    authorize(session, BOOKS_EXPORT)
    settled = settled_items(session, span.end) if settlements else {}
    reader = _Reader.of(session, settled)
    original = aliased(Entry)
    query = (
        select(
            Entry.id,
            Entry.number_text,
            Journal.code.label("journal"),
            Entry.date,
            Period.number.label("period"),
            FiscalYear.starts_on,
            Entry.kind,
            Entry.memo,
            Entry.reference,
            original.number_text.label("reverses"),
            Entry.created_by,
            Entry.created_at,
            Entry.posted_by,
            Entry.posted_at,
        )
        .join(Journal, and_(Journal.id == Entry.journal_id, Journal.company_id == Entry.company_id))
        .join(Period, and_(Period.id == Entry.period_id, Period.company_id == Entry.company_id))
        .join(
            FiscalYear,
            and_(FiscalYear.id == Entry.fiscal_year_id, FiscalYear.company_id == Entry.company_id),
        )
        .outerjoin(
            original,
            and_(original.id == Entry.reverses_id, original.company_id == Entry.company_id),
        )
        .where(*_wanted(reader.company_id, span))
        .order_by(Entry.posted_at, Entry.id)
    )
    if journal:
        query = query.where(Journal.code == journal)
    found = session.execute(query, execution_options={"yield_per": PIECE})
    for rows in found.partitions():
        yield from reader.with_lines(rows)


@dataclass(slots=True)
class _Reader:
    """Reads the lines of some entries at a time; knows what is small enough to be kept.

    Arguments:
        accounts: code by id, and whether open items manage it.
        settled: group and day by the id of an open item.
        books_exchange: some allocation booked an exchange difference.
    """

    session: Session
    company_id: int
    zone: ZoneInfo
    accounts: dict[int, tuple[str, bool]]
    codes: dict[int, str]
    settled: dict[int, tuple[int, date]]
    books_exchange: bool
    taxed: bool

    @classmethod
    def of(cls, session: Session, settled: dict[int, tuple[int, date]]) -> _Reader:
        company = company_of(session)
        accounts = session.execute(
            select(Account.id, Account.code, Account.open_item_managed).where(
                Account.company_id == company.id
            )
        )
        codes = session.execute(
            select(TaxCode.id, TaxCode.code).where(TaxCode.company_id == company.id)
        )
        by_id = {row.id: row.code for row in codes}
        exchange = (
            select(Allocation.id)
            .where(Allocation.company_id == company.id, Allocation.exchange_entry_id.is_not(None))
            .limit(1)
        )
        return cls(
            session,
            company.id,
            ZoneInfo(company.time_zone),
            {row.id: (row.code, row.open_item_managed) for row in accounts},
            by_id,
            settled,
            session.scalar(exchange) is not None,
            bool(by_id),
        )

    def with_lines(self, rows: Sequence[Any]) -> Iterator[BookEntry]:
        ids = [row.id for row in rows]
        lines = self._lines(ids)
        for row in rows:
            yield BookEntry(
                number=row.number_text or "",
                journal=row.journal,
                date=row.date,
                period=row.period,
                period_year=row.starts_on.year,
                kind=row.kind.value,
                memo=row.memo,
                reference=row.reference,
                reverses=row.reverses or "",
                created_by=row.created_by,
                created_at=row.created_at,
                posted_by=row.posted_by or "",
                posted_at=row.posted_at,
                posted_on=row.posted_at.astimezone(self.zone).date(),
                lines=tuple(lines[row.id]),
            )

    def _lines(self, ids: list[int]) -> dict[int, list[BookLine]]:
        parties = self._exchange_parties(ids)
        taxes = self._taxes(ids)
        lines: dict[int, list[BookLine]] = defaultdict(list)
        query = (
            select(
                Line.entry_id,
                Line.line_no,
                Line.account_id,
                Line.amount,
                Line.text,
                Line.currency,
                Line.amount_currency,
                OpenItem.id,
                OpenItem.party,
                OpenItem.due_date,
                OpenItem.date,
            )
            .outerjoin(
                OpenItem,
                and_(
                    OpenItem.entry_id == Line.entry_id,
                    OpenItem.line_no == Line.line_no,
                    OpenItem.company_id == Line.company_id,
                ),
            )
            .where(Line.company_id == self.company_id, among(self.session, Line.entry_id, ids))
            .order_by(Line.entry_id, Line.line_no)
        )
        for row in self.session.execute(query):
            entry_id, number, account_id, amount, text, currency, foreign = row[:7]
            item_id, party, due, day = row[7:]
            code, managed = self.accounts[account_id]
            group, settled_on = self.settled.get(item_id, (0, None)) if item_id else (0, None)
            if managed and item_id is None:
                party = parties.get(entry_id)
            lines[entry_id].append(
                BookLine(
                    number,
                    code,
                    amount,
                    text,
                    currency or "",
                    foreign,
                    party or "",
                    due or day,
                    group,
                    settled_on,
                    taxes.get((entry_id, number), ()),
                )
            )
        return lines

    def _exchange_parties(self, ids: list[int]) -> dict[int, str]:
        """Whose items it was about, of entries that allocations booked: they make no items."""
        if not self.books_exchange:
            return {}
        rows = self.session.execute(
            select(Allocation.exchange_entry_id, OpenItem.party)
            .join(
                OpenItem,
                and_(
                    OpenItem.id == Allocation.debit_id,
                    OpenItem.company_id == Allocation.company_id,
                ),
            )
            .where(
                Allocation.company_id == self.company_id,
                among(self.session, Allocation.exchange_entry_id, ids),
            )
        )
        return {int(entry_id or 0): party for entry_id, party in rows}

    def _taxes(self, ids: list[int]) -> dict[tuple[int, int], tuple[BookTax, ...]]:
        """The taxes of lines, by entry and line; what a payment releases is on the document.

        The other side of a reverse charge is left out: both together would be nothing.
        """
        if not self.taxed:
            return {}
        rows = self.session.execute(
            select(
                TaxDetail.entry_id,
                TaxDetail.base_line_no,
                TaxDetail.code_id,
                TaxDetail.rate,
                TaxDetail.base,
                TaxDetail.amount,
            )
            .join(
                TaxPart,
                and_(
                    TaxPart.id == TaxDetail.part_id,
                    TaxPart.company_id == TaxDetail.company_id,
                ),
            )
            .where(
                TaxDetail.company_id == self.company_id,
                among(self.session, TaxDetail.entry_id, ids),
                TaxDetail.releases_id.is_(None),
                TaxPart.factor > 0,
            )
            .order_by(TaxDetail.entry_id, TaxDetail.base_line_no, TaxDetail.id)
        )
        sums: dict[tuple[int, int], dict[int, tuple[Decimal, Decimal, Decimal]]] = defaultdict(dict)
        for entry_id, number, code_id, rate, base, amount in rows:
            codes = sums[entry_id, number]
            before = codes.get(code_id, (rate, base, Decimal(0)))[2]
            codes[code_id] = (rate, base, before + amount)
        return {
            place: tuple(
                BookTax(self.codes[code_id], *figures) for code_id, figures in codes.items()
            )
            for place, codes in sums.items()
        }
