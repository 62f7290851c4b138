"""What an entry says, as the database, the audit trail and the idempotency key need it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

from backstay.spi import Event, canonical, row_hash, to_units
from backstay_ledger.models import EntryKind, EntryState
from backstay_ledger.tax.rows import TaxRow, shown


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as it is stored, with the account's code for the audit trail.

    Arguments:
        amount: base currency, debit positive.
        party, due_date: of the open item that it is or becomes.
        open_item: whether the account is managed by open items.
    """

    account_id: int
    account: str
    amount: Decimal
    text: str = ""
    currency: str | None = None
    amount_currency: Decimal | None = None
    minor_units_currency: int | None = None
    party: str = ""
    due_date: date | None = None
    open_item: bool = field(default=False, compare=False)
    dimset_id: int | None = None
    dimset_digest: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()

    def hashed(self) -> list[Any]:
        """What of it goes into the hash of its entry."""
        foreign = self.amount_currency
        content = [
            self.account_id,
            to_units(self.amount),
            self.currency,
            None if foreign is None else to_units(foreign),
            self.text,
        ]
        if self.party or self.due_date is not None:
            content += [self.party, None if self.due_date is None else self.due_date.isoformat()]
        return content


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """A row of ``ledger_entry``: exactly the columns of the model, in their order."""

    id: int
    company_id: int
    journal_id: int
    fiscal_year_id: int | None = None
    period_id: int | None = None
    date: date
    state: EntryState = EntryState.DRAFT
    number: int | None = None
    number_text: str | None = None
    memo: str = ""
    reference: str = ""
    kind: EntryKind = EntryKind.NORMAL
    source_plugin: str | None = None
    source_type: str | None = None
    source_id: str | None = None
    idempotency_key: str | None = None
    payload_hash: str
    reverses_id: int | None = None
    minor_units: int
    created_by: str
    created_at: datetime
    posted_by: str | None = None
    posted_at: datetime | None = None
    submitted_by: str | None = None
    approved_by: str | None = None
    version: int = 1


ENTRY_COLUMNS: Final = tuple(field.name for field in fields(EntryRow))
LINE_COLUMNS: Final = (
    "company_id",
    "entry_id",
    "line_no",
    "account_id",
    "date",
    "amount",
    "minor_units",
    "currency",
    "amount_currency",
    "minor_units_currency",
    "text",
    "dimset_id",
)
POSTED_COLUMNS: Final = (
    "journal_id",
    "fiscal_year_id",
    "period_id",
    "date",
    "state",
    "number",
    "number_text",
    "payload_hash",
    "posted_by",
    "posted_at",
    "version",
)
"""What changes in an entry that becomes posted."""
as_json: Final = json.JSONEncoder(separators=(",", ":")).encode
"""How the content of entries is written before it is hashed."""
entry_values: Final = attrgetter(*ENTRY_COLUMNS)
"""An entry row as the tuple that is inserted."""


def line_values(
    entry: EntryRow, lines: Sequence[LineRow], day: date | None
) -> list[tuple[Any, ...]]:
    """Lines as the tuples that are inserted.

    Arguments:
        day: the entry's date if it is posted in this transaction, None if it stays a draft.
    """
    return [
        (
            entry.company_id,
            entry.id,
            line_no,
            line.account_id,
            day,
            line.amount,
            entry.minor_units,
            line.currency,
            line.amount_currency,
            line.minor_units_currency,
            line.text,
            line.dimset_id,
        )
        for line_no, line in enumerate(lines, 1)
    ]


def hash_of_json(written: str) -> str:
    """sha256 (hexadecimal) over values as :data:`as_json` writes them."""
    return hashlib.sha256(written.encode()).hexdigest()


def payload_hash(
    *,
    journal_id: int,
    day: date,
    kind: EntryKind,
    memo: str,
    reference: str,
    source: tuple[str | None, str | None, str | None],
    reverses_id: int | None,
    lines: Sequence[LineRow],
) -> str:
    """sha256 (hexadecimal) over what was asked to be posted: the same content, the same hash.

    Accounts and the journal go in by id, so renaming them later falsifies nothing.
    """
    content = [
        journal_id,
        day.isoformat(),
        kind.value,
        memo,
        reference,
        *source,
        reverses_id,
        [line.hashed() for line in lines],
    ]
    return hash_of_json(as_json(content))


def entry_event(
    action: str,
    entry: EntryRow,
    lines: Sequence[LineRow] | None,
    *,
    before: EntryRow | None = None,
    lines_before: Sequence[LineRow] | None = None,
    taxes: Sequence[TaxRow] = (),
) -> Event:
    """The audit row of an entry with its lines; of a changed entry only what changed.

    Arguments:
        lines: the lines, or None where they did not change.
        taxes: what the entry says of tax, where its lines are shown.
    """
    present = {
        name: canonical(value)
        for name, value in zip(ENTRY_COLUMNS, entry_values(entry), strict=True)
        if value is not None
    }
    fingerprint = row_hash(present.items())
    old: dict[str, Any] | None = None
    new: dict[str, Any] = present
    if before is not None:
        changed = [name for name in ENTRY_COLUMNS if getattr(before, name) != getattr(entry, name)]
        old = {name: canonical(getattr(before, name)) for name in changed}
        new = {name: canonical(getattr(entry, name)) for name in changed}
        if lines_before is not None:
            old["lines"] = _shown(lines_before)
    if lines is not None:
        new["lines"] = _shown(lines)
        if taxes:
            new["taxes"] = shown(taxes)
    return Event(
        action=action,
        entity="ledger_entry",
        entity_id=str(entry.id),
        label=entry.number_text or entry.memo or "draft",
        plugin="ledger",
        company_id=entry.company_id,
        before=old,
        after=new,
        row_hash=fingerprint,
    )


def _shown(lines: Sequence[LineRow]) -> list[dict[str, Any]]:
    return [
        {
            "account": line.account,
            "amount": canonical(line.amount),
            **({"text": line.text} if line.text else {}),
            **({"dimensions": dict(line.dimensions)} if line.dimensions else {}),
            **(
                {
                    "currency": line.currency,
                    "amount_currency": canonical(line.amount_currency),
                }
                if line.currency
                else {}
            ),
            **({"party": line.party} if line.party else {}),
            **({"due_date": canonical(line.due_date)} if line.due_date else {}),
        }
        for line in lines
    ]
