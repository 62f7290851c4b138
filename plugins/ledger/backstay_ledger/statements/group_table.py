"""A consolidated statement as plain rows."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from backstay.spi import gettext as _
from backstay.spi import plain_money
from backstay_ledger.statements.compute import RowKind
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.tables import Table, TableRow, column_name

if TYPE_CHECKING:
    from backstay_ledger.statements.compute import Amounts
    from backstay_ledger.statements.consolidation import Consolidated


def group_table(found: Consolidated, name: str = "", *, accounts: bool = True) -> Table:
    """Rows with a column for each company, the eliminations and the group.

    Below them whose the equity or the result is, and the mismatches.

    Arguments:
        name: the group's, for a file to say.
        accounts: the rows of accounts are among them, not only the headings.
    """
    sheet = found.statement.part is Part.BALANCE_SHEET
    rows = [
        TableRow(row.kind.value, row.code, row.heading, row.depth, row.amounts)
        for row in found.statement.rows
        if accounts or row.kind is not RowKind.ACCOUNT
    ]
    rows += [
        TableRow("attribution", code, heading, 0, amounts)
        for code, heading, amounts in attribution_rows(found)
    ]
    nothing = Decimal(0)
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
        days=column_name(found.statement.columns[0], as_of=sheet),
        of=name,
        heads=(*found.companies, _("Eliminations"), _("Group")),
    )


def attribution_rows(found: Consolidated) -> list[tuple[str, str, Amounts]]:
    """Code, heading and figures of what is the owners' and of what is others' (IFRS 10.22, B94)."""
    whose = found.attribution
    if whose is None:
        return []
    if found.statement.part is Part.BALANCE_SHEET:
        owners, others, whole = (
            _("Equity attributable to owners"),
            _("Equity attributable to non-controlling interests"),
            _("Equity of the group"),
        )
    else:
        owners, others, whole = (
            _("Result attributable to owners"),
            _("Result attributable to non-controlling interests"),
            _("Result of the group"),
        )
    return [
        ("owners", owners, whose.owners),
        ("non_controlling", others, whose.others),
        ("whole", whole, whose.whole),
    ]


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
