"""The journal: posted entries in the order of their days, each with all of its lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from backstay.spi import authorize, company_of
from backstay_ledger.models import Account, Entry, EntryState, Journal, Line
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.sums import Within

PIECE: Final = 500
"""Entries that are read at once."""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """A line of an entry; the amount is debit positive."""

    account_id: int
    code: str
    name: str
    text: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A posted entry with its lines in their order."""

    id: int
    number: str
    date: date
    journal: str
    memo: str
    reference: str
    lines: tuple[JournalLine, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the journal ended: day and entry."""

    day: date
    entry_id: int

    def __str__(self) -> str:
        """As it stands in a URL."""
        return f"{self.day.isoformat()},{self.entry_id}"

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """Read what a URL has; None for what is no place."""
        day, _comma, entry = text.partition(",")
        try:
            place = cls(date.fromisoformat(day), int(entry))
        except ValueError:
            return None
        return place if 0 < place.entry_id < 2**63 else None


def journal_entries(
    session: Session,
    start: date,
    end: date,
    *,
    journal: str = "",
    after: Place | None = None,
    limit: int = PIECE,
    within: Within | None = None,
) -> list[JournalEntry]:
    """Posted entries of some days, both included, by day and then as they were posted.

    Arguments:
        journal: code of a journal; empty for all.
        after: where the page before ended.
        within: only entries that have such a line; they are shown whole.
    """
    authorize(session, BOOKS_VIEW)
    company_id = company_of(session).id
    query = (
        select(Entry.id, Entry.number_text, Entry.date, Journal.code, Entry.memo, Entry.reference)
        .join(Journal, (Journal.id == Entry.journal_id) & (Journal.company_id == Entry.company_id))
        .where(
            Entry.company_id == company_id,
            Entry.state == EntryState.POSTED,
            Entry.date.between(start if after is None else max(start, after.day), end),
        )
        .order_by(Entry.date, Entry.id)
        .limit(limit)
    )
    if journal:
        query = query.where(Journal.code == journal)
    if within is not None:
        carrying = select(Line.entry_id).where(
            Line.company_id == company_id,
            Line.date.between(start, end),
            within.holds(Line.dimset_id),
        )
        query = query.where(Entry.id.in_(carrying))
    if after is not None:
        query = query.where(tuple_(Entry.date, Entry.id) > tuple_(after.day, after.entry_id))
    rows = session.execute(query).all()
    lines: dict[int, list[JournalLine]] = {row.id: [] for row in rows}
    found = session.execute(
        select(Line.entry_id, Account.id, Account.code, Account.name, Line.text, Line.amount)
        .join(Account, (Account.id == Line.account_id) & (Account.company_id == Line.company_id))
        .where(Line.company_id == company_id, Line.entry_id.in_(list(lines)))
        .order_by(Line.entry_id, Line.line_no)
    )
    for row in found if lines else ():
        lines[row[0]].append(JournalLine(*row[1:]))
    return [
        JournalEntry(
            row.id,
            row.number_text or "",
            row.date,
            row.code,
            row.memo,
            row.reference,
            tuple(lines[row.id]),
        )
        for row in rows
    ]


def whole_journal(
    session: Session,
    start: date,
    end: date,
    journal: str = "",
    within: Within | None = None,
) -> Iterator[JournalEntry]:
    """All entries of some days, read piece by piece."""
    after: Place | None = None
    while True:
        found = journal_entries(session, start, end, journal=journal, after=after, within=within)
        yield from found
        if len(found) < PIECE:
            return
        after = Place(found[-1].date, found[-1].id)


def journal_codes(session: Session) -> list[tuple[str, str]]:
    """Codes and names of the company's journals."""
    found = session.execute(
        select(Journal.code, Journal.name)
        .where(Journal.company_id == company_of(session).id)
        .order_by(Journal.code)
    )
    return [(row.code, row.name) for row in found]
