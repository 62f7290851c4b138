"""The cash flow statement as plain rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.spi import gettext as _
from backstay.spi import lazy
from backstay_ledger.statements.kinds import Activity
from backstay_ledger.statements.tables import Table, TableRow, column_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay_ledger.statements.cash_flow import CashFlow

ACTIVITY_HEADINGS: Final = {
    Activity.OPERATING: lazy("Operating activities"),
    Activity.INVESTING: lazy("Investing activities"),
    Activity.FINANCING: lazy("Financing activities"),
}
EXCHANGE_HEADING: Final = lazy("Exchange differences of cash")


def cash_table(flow: CashFlow) -> Table:
    """The cash flow statement as rows: activities, the change, and cash before and after."""
    return Table(
        "cash-flow",
        _("Cash flow, direct") if flow.direct else _("Cash flow, indirect"),
        tuple(column_name(column, as_of=False) for column in flow.columns),
        tuple(_rows(flow)),
        compared=len(flow.columns) > 1,
    )


def _rows(flow: CashFlow) -> Iterator[TableRow]:
    for activity in Activity:
        own = [row for row in flow.rows if row.activity is activity]
        if not own:
            continue
        heading = str(ACTIVITY_HEADINGS[activity])
        yield TableRow("activity", activity.value, heading, 0, flow.total(activity))
        for row in own:
            kind = "account" if row.account_id else "result"
            yield TableRow(kind, row.code, row.heading, 1, row.amounts)
    if any(flow.exchange):
        yield TableRow("exchange", "exchange", str(EXCHANGE_HEADING), 0, flow.exchange)
    yield TableRow("change", "change", _("Change in cash"), 0, flow.change)
    yield TableRow("opening", "opening", _("Cash at the beginning"), 0, flow.opening)
    yield TableRow("closing", "closing", _("Cash at the end"), 0, flow.closing)
