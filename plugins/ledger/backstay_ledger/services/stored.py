"""Reading entries and lines back as they are stored: for reversing, copying, changing, showing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posting, PostingLine, Source
from backstay.spi import NotFound, company_of
from backstay.spi import gettext as _
from backstay_ledger.closing.plan_models import DEFERRAL
from backstay_ledger.dimensions.sets import LineSet, pairs_of
from backstay_ledger.models import Account, Entry, Journal, Line, OpenItem
from backstay_ledger.services.bulk_rows import among, pieces
from backstay_ledger.services.content import ENTRY_COLUMNS, EntryRow, LineRow
from backstay_ledger.services.orders import Order
from backstay_ledger.tax.rows import TaxRow
from backstay_ledger.tax.stored import HAS_TAXES, stored_taxes


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry with its lines."""

    row: EntryRow
    journal: str
    lines: tuple[LineRow, ...]
    taxes: tuple[TaxRow, ...] = ()

    def as_posting(self) -> Posting:
        """What it asks to be posted."""
        return Posting(
            key=self.row.idempotency_key or "",
            journal=self.journal,
            date=self.row.date,
            lines=tuple(
                PostingLine(
                    line.account,
                    line.amount,
                    line.text,
                    line.currency,
                    line.amount_currency,
                    party=line.party,
                    due_date=line.due_date,
                    dimensions=line.dimensions,
                )
                for line in self.lines
            ),
            memo=self.row.memo,
            reference=self.row.reference,
        )


def stored_entry(session: Session, entry_id: int, *, lock: bool = False) -> StoredEntry:
    """One entry of the company.

    Arguments:
        lock: keep others from changing it until the transaction ends.

    Raises:
        NotFound: the company has no such entry.
    """
    found = stored_entries(session, [entry_id], lock=lock).get(entry_id)
    if found is None:
        raise NotFound(_("There is no such entry in this company."))
    return found


def stored_entries(
    session: Session, ids: Sequence[int], *, lock: bool = False, company_id: int | None = None
) -> dict[int, StoredEntry]:
    """Entries of a company by id, by default the session's; unknown ids are left out."""
    company_id = company_of(session).id if company_id is None else company_id
    found: dict[int, StoredEntry] = {}
    for some in pieces(sorted(set(ids))):
        query = (
            select(*(getattr(Entry, name) for name in ENTRY_COLUMNS), Journal.code, HAS_TAXES)
            .join(Journal, Journal.id == Entry.journal_id)
            .where(Entry.company_id == company_id, among(session, Entry.id, some))
            .order_by(Entry.id)
        )
        if lock:
            query = query.with_for_update(of=Entry)
        entries: Sequence[Any] = session.execute(query).all()
        lines: dict[int, list[LineRow]] = {}
        stored_lines: Sequence[Any] = session.execute(
            select(
                Line.entry_id,
                Line.account_id,
                Account.code,
                Line.amount,
                Line.text,
                Line.currency,
                Line.amount_currency,
                Line.minor_units_currency,
                func.coalesce(OpenItem.party, ""),
                OpenItem.due_date,
                OpenItem.id.is_not(None),
                Line.dimset_id,
            )
            .join(Account, Account.id == Line.account_id)
            .outerjoin(
                OpenItem,
                and_(OpenItem.entry_id == Line.entry_id, OpenItem.line_no == Line.line_no),
            )
            .where(Line.company_id == company_id, among(session, Line.entry_id, some))
            .order_by(Line.entry_id, Line.line_no)
        ).all()
        sets = pairs_of(
            session, (one.dimset_id for one in stored_lines if one.dimset_id), company_id
        )
        for entry_id, *values, dimset_id in stored_lines:
            line = LineRow(*values)
            if dimset_id is not None:
                # Only a set that somebody took away past the guards is unknown.
                held = sets.get(dimset_id) or LineSet(dimset_id, "?", ())
                line = replace(
                    line, dimset_id=held.id, dimset_digest=held.digest, dimensions=held.pairs
                )
            lines.setdefault(entry_id, []).append(line)
        taxes = stored_taxes(session, [row.id for row in entries if row.has_taxes], company_id)
        for *values, journal, _has_taxes in entries:
            row = EntryRow(**dict(zip(ENTRY_COLUMNS, values, strict=True)))
            of_it = tuple(taxes.get(row.id, ()))
            found[row.id] = StoredEntry(row, journal, tuple(lines.get(row.id, ())), of_it)
    return found


def draft_order(draft: StoredEntry, *, approved: bool = False) -> Order:
    """The order to post a stored draft as it is.

    Without its key: the draft itself is the entry that is known under it.
    """
    row = draft.row
    source = (
        Source(row.source_plugin, row.source_type or "", row.source_id or "")
        if row.source_plugin
        else None
    )
    posting = replace(draft.as_posting(), key="", source=source)
    return Order(
        posting,
        kind=row.kind,
        reverses_id=row.reverses_id,
        draft_id=row.id,
        taxes=draft.taxes,
        approved=approved,
        carried=row.source_type == DEFERRAL,
    )
