"""Reading back what entries say of tax, for reversing, posting, showing and checking them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay_ledger.models import Entry
from backstay_ledger.services.bulk_rows import among
from backstay_ledger.tax.models import TaxCode, TaxDetail
from backstay_ledger.tax.rows import COLUMNS, TaxRow

HAS_TAXES: Final = (
    select(TaxDetail.id)
    .where(TaxDetail.entry_id == Entry.id)
    .correlate(Entry)
    .exists()
    .label("has_taxes")
)
"""Beside the columns of an entry, so that one without tax costs no statement more."""


def stored_taxes(
    session: Session, entry_ids: Sequence[int], company_id: int
) -> dict[int, list[TaxRow]]:
    """The tax details of entries, by entry, in the order in which they were written."""
    result: dict[int, list[TaxRow]] = {}
    if not entry_ids:
        return result
    found = session.execute(
        select(
            TaxDetail.entry_id,
            TaxCode.code,
            *(getattr(TaxDetail, name) for name in COLUMNS),
        )
        .join(TaxCode, TaxCode.id == TaxDetail.code_id)
        .where(TaxDetail.company_id == company_id, among(session, TaxDetail.entry_id, entry_ids))
        .order_by(TaxDetail.id)
    )
    for entry_id, code, *values in found:
        row = TaxRow(code=code, **dict(zip(COLUMNS, values, strict=True)))
        result.setdefault(entry_id, []).append(row)
    return result
