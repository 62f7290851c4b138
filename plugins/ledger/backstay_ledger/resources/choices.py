"""Words and colours of the ledger's states, shared by lists, record pages and reports."""

from __future__ import annotations

from typing import Final

from backstay.spi import Choice
from backstay.spi import lazy as _
from backstay_ledger.models import AccountClass, EntryKind, EntryState, PeriodKind, PeriodState

CLASS_HEADINGS: Final = {
    AccountClass.ASSET: _("Assets"),
    AccountClass.LIABILITY: _("Liabilities"),
    AccountClass.EQUITY: _("Equity"),
    AccountClass.INCOME: _("Income"),
    AccountClass.EXPENSE: _("Expenses"),
    AccountClass.UNSET: _("Class to be set"),
}
ENTRY_STATES: Final = (
    Choice(EntryState.DRAFT.value, _("Draft"), "warn"),
    Choice(EntryState.WAITING.value, _("Waits for approval"), "info"),
    Choice(EntryState.POSTED.value, _("Posted"), "ok"),
)
ENTRY_KINDS: Final = (
    Choice(EntryKind.NORMAL.value, _("Normal")),
    Choice(EntryKind.OPENING.value, _("Opening balances")),
    Choice(EntryKind.REVERSAL.value, _("Reversal")),
    Choice(EntryKind.EXCHANGE.value, _("Exchange of currencies")),
    Choice(EntryKind.CLOSING.value, _("Year-end closing")),
)
PERIOD_KINDS: Final = (
    Choice(PeriodKind.MONTH.value, _("Month")),
    Choice(PeriodKind.ADJUSTMENT.value, _("Adjustments"), "info"),
    Choice(PeriodKind.CLOSING.value, _("Closing entries"), "info"),
)
PERIOD_STATES: Final = (
    Choice(PeriodState.OPEN.value, _("Open"), "ok"),
    Choice(PeriodState.SOFT_CLOSED.value, _("Soft-closed"), "warn"),
    Choice(PeriodState.CLOSED.value, _("Closed"), "neutral"),
    Choice(PeriodState.LOCKED.value, _("Locked"), "neutral"),
)
