"""Whether a fiscal year is closed and by which entry, as columns of fiscal years."""

from __future__ import annotations

from typing import Final

from sqlalchemy import case, exists, select

from backstay.spi import Choice, Column, Kind
from backstay.spi import lazy as _
from backstay_ledger.closing.models import YearClosing
from backstay_ledger.models import Entry, FiscalYear

_STATES: Final = (
    Choice("open", _("Not closed"), "ok"),
    Choice("closed", _("Closed"), "neutral"),
)
_CLOSED: Final = (
    exists()
    .where(
        YearClosing.fiscal_year_id == FiscalYear.id,
        YearClosing.company_id == FiscalYear.company_id,
        YearClosing.cancelled_at.is_(None),
    )
    .correlate(FiscalYear)
)
YEAR_STATE: Final = Column(
    "closing", _("Closing"), case((_CLOSED, "closed"), else_="open"), Kind.STATE, _STATES
)
CLOSING_ENTRY: Final = Column(
    "closing_entry",
    _("Closing entry"),
    select(Entry.number_text)
    .join(YearClosing, YearClosing.entry_id == Entry.id)
    .where(
        YearClosing.fiscal_year_id == FiscalYear.id,
        YearClosing.company_id == FiscalYear.company_id,
        YearClosing.cancelled_at.is_(None),
    )
    .correlate(FiscalYear)
    .scalar_subquery(),
    Kind.CODE,
    in_list=False,
)
