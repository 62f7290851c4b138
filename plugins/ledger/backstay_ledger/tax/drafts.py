"""Lines of a stored entry with the tax codes that they were typed with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backstay_ledger.tax.lookup import AND
from backstay_ledger.tax.rows import TaxRow

if TYPE_CHECKING:
    from backstay_ledger.services.drafts import SaveDraft


def codes_by_line(taxes: Sequence[TaxRow]) -> dict[int, dict[str, Any]]:
    """What typed lines say of tax, by line number; amounts of stored lines are net."""
    taxed: dict[int, list[str]] = {}
    lines: dict[int, dict[str, Any]] = {}
    for row in taxes:
        if row.releases_id is not None:
            continue
        codes = taxed.setdefault(row.base_line_no, [])
        if row.code not in codes:
            codes.append(row.code)
        if row.line_no is not None:
            lines[row.line_no] = {"tax_code": row.code, "tax_line": True}
    for line_no, codes in taxed.items():
        lines[line_no] = {"tax_code": AND.join(codes), "tax_included": False}
    return lines


def without_taxes(draft: SaveDraft) -> SaveDraft:
    """A draft without its lines of tax: they are computed anew, at the rates of its new day."""
    return replace(draft, lines=tuple(line for line in draft.lines if not line.tax_line))
