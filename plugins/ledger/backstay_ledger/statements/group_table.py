"""A consolidated statement as plain rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backstay.spi import gettext as _
from backstay.spi import plain_money
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.tables import Table, TableRow

if TYPE_CHECKING:
    from backstay_ledger.statements.consolidation import Consolidated


def group_table(found: Consolidated) -> Table:
    """Rows with a column for each company, the eliminations and the group; mismatches below."""
    sheet = found.statement.part is Part.BALANCE_SHEET
    rows = [
        TableRow(row.kind.value, row.code, row.heading, row.depth, row.amounts)
        for row in found.statement.rows
    ]
    nothing = found.statement.result[0] * 0
    for one in found.mismatches:
        amounts = dict.fromkeys(found.companies, nothing)
        amounts[one.rule.first], amounts[one.rule.second] = one.first, one.second
        heading = f"{one.rule.text}: {one.why}" if one.why else one.rule.text
        rows.append(
            TableRow("mismatch", "", heading, 0, (*amounts.values(), nothing, one.difference))
        )
    return Table(
        "group-balance-sheet" if sheet else "group-profit-loss",
        _("Balance sheet of the group") if sheet else _("Profit and loss of the group"),
        (*found.companies, _("eliminations"), _("group")),
        tuple(rows),
    )


def mismatches_json(found: Consolidated, minor_units: int) -> list[dict[str, Any]]:
    """What does not agree, for programs."""
    return [
        {
            "rule": one.rule.text,
            "first": plain_money(one.first, minor_units),
            "second": plain_money(one.second, minor_units),
            "difference": plain_money(one.difference, minor_units),
            "why": one.why,
        }
        for one in found.mismatches
    ]
