"""The general ledger as a table: opening balance, lines and closing balance of every account."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from backstay.spi import gettext as _
from backstay_ledger.dimensions.slices import WHOLE, Slice
from backstay_ledger.services.account_card import RowKind, general_ledger
from backstay_ledger.statements.tables import Table, TableRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay_ledger.services.account_card import GeneralLedgerRow


def general_ledger_table(session: Session, start: date, end: date, of: Slice = WHOLE) -> Table:
    """All accounts with their lines in the days, figures: debit, credit, balance after it.

    Arguments:
        of: only lines that carry these values of dimensions.
    """
    return Table(
        "general-ledger",
        _("General ledger"),
        (_("debit"), _("credit"), _("balance")),
        tuple(_rows(general_ledger(session, start, end, within=of.within(session)))),
    )


def _rows(rows: Iterator[GeneralLedgerRow]) -> Iterator[TableRow]:
    for row in rows:
        figures = (row.debit, row.credit, row.balance)
        if row.kind is RowKind.LINE and row.line is not None:
            text = f"{row.line.date.isoformat()} {row.line.number_text} {row.line.text}".rstrip()
            yield TableRow("line", row.line.number_text, text, 1, figures)
        elif row.kind is RowKind.OPENING:
            yield TableRow("opening", row.code, f"{row.code} {row.name}", 0, figures)
        else:
            yield TableRow("closing", row.code, _("Closing balance"), 1, figures)
