"""What an entry says of tax, as posting, the audit trail and the idempotency key need it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.orm import Session

from backstay.spi import canonical, new_ids, to_units
from backstay_ledger.services.bulk_rows import insert_rows, table_of
from backstay_ledger.tax.models import TaxDetail
from backstay_ledger.tax.rounding import RoundingPolicy

_json: Final = json.JSONEncoder(separators=(",", ":")).encode
_TABLE: Final = table_of(TaxDetail)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRow:
    """A row of ``ledger_tax_detail`` without its keys; amounts in base currency, debit positive.

    Arguments:
        base_line_no: the line that is taxed, counted from 1.
        line_no: the line that carries the amount, None where such a line would be zero.
        code: of the tax, for people.
        base_sign, tax_sign: what base and amount are multiplied with in a return.
        waiting: it is due when the document is paid.
        releases_id: the waiting detail of which this was paid.
    """

    base_line_no: int
    line_no: int | None
    code_id: int
    rate_id: int
    part_id: int
    box_id: int | None
    rate: Decimal
    policy: RoundingPolicy
    net: Decimal
    base: Decimal
    amount: Decimal
    computed: Decimal
    base_sign: int
    tax_sign: int
    waiting: bool = False
    releases_id: int | None = None
    code: str = ""


COLUMNS: Final = (
    "base_line_no",
    "line_no",
    "code_id",
    "rate_id",
    "part_id",
    "box_id",
    "rate",
    "policy",
    "net",
    "base",
    "amount",
    "computed",
    "base_sign",
    "tax_sign",
    "waiting",
    "releases_id",
)
_KEYS: Final = ("id", "company_id", "entry_id")


def insert_taxes(
    session: Session, company_id: int, entries: Iterable[tuple[int, Sequence[TaxRow]]]
) -> None:
    """Write the tax details of entries that are drafts yet; their lines are there.

    Arguments:
        entries: ids of entries, with their details.
    """
    found = [(entry_id, row) for entry_id, rows in entries for row in rows]
    if not found:
        return
    insert_rows(
        session,
        _TABLE,
        _KEYS + COLUMNS,
        [
            (key, company_id, entry_id, *(getattr(row, name) for name in COLUMNS))
            for key, (entry_id, row) in zip(new_ids(len(found)), found, strict=True)
        ],
    )


def mirrored(rows: Sequence[TaxRow]) -> tuple[TaxRow, ...]:
    """The details of an entry's reversal."""
    return tuple(
        replace(row, net=-row.net, base=-row.base, amount=-row.amount, computed=-row.computed)
        for row in rows
    )


def sealed(digest: str, rows: Sequence[TaxRow]) -> str:
    """The hash of an entry's content with what it says of tax; without tax the hash it had."""
    if not rows:
        return digest
    content = [
        digest,
        [
            [
                row.base_line_no,
                row.line_no,
                row.code_id,
                row.part_id,
                to_units(row.base),
                to_units(row.amount),
                row.waiting,
                row.releases_id,
            ]
            for row in rows
        ],
    ]
    return hashlib.sha256(_json(content).encode()).hexdigest()


def shown(rows: Sequence[TaxRow]) -> list[dict[str, Any]]:
    """The details as the audit trail keeps them."""
    return [
        {
            "code": row.code,
            "rate": canonical(row.rate),
            "line": row.base_line_no,
            "tax_line": row.line_no,
            "base": canonical(row.base),
            "amount": canonical(row.amount),
        }
        for row in rows
    ]
