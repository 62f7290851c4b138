"""A filed tax return as JSON, for files and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backstay.spi import company_of, plain_money
from backstay_ledger.tax.filing.filing import due_of, filed_boxes

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.tax.filing.models import TaxFiling


def as_json(db: Session, filing: TaxFiling) -> dict[str, Any]:
    """A filed return as values of JSON; amounts as texts in the company's currency."""
    company = company_of(db)
    boxes = filed_boxes(db, filing)
    return {
        "company": company.code,
        "currency": company.currency,
        "number": filing.number,
        "from": filing.starts_on.isoformat(),
        "to": filing.ends_on.isoformat(),
        "registration": filing.registration,
        "late": filing.late,
        "filed_by": filing.filed_by,
        "filed_at": filing.filed_at.isoformat(),
        "hash": filing.digest,
        "boxes": [
            {
                "box": box.code or None,
                "name": box.name or None,
                "kind": box.kind.value,
                "base": plain_money(box.base, company.minor_units),
                "tax": plain_money(box.tax, company.minor_units),
                "lines": box.n,
            }
            for box in boxes
        ],
        "due": plain_money(due_of(boxes), company.minor_units),
    }
