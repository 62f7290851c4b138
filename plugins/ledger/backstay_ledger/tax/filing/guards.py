"""What both databases keep of filed tax returns: they never change, and no row is in two."""

from __future__ import annotations

from typing import Final

from backstay.spi import append_only
from backstay_ledger.closing.guards import rule
from backstay_ledger.tax.filing.models import TaxFiling, TaxFilingBox, TaxFilingRow

FILED: Final = "A tax return that was filed never changes; file a correction."
NOT_COUNTED: Final = "A return has posted tax that is due, up to its last day."

for _table in (TaxFiling.__table__, TaxFilingBox.__table__, TaxFilingRow.__table__):
    append_only(_table, FILED)
rule(
    TaxFilingRow.__table__,
    "counted",
    "INSERT",
    (
        (
            (
                "NOT EXISTS (SELECT 1 FROM ledger_tax_detail AS d"
                " JOIN ledger_entry AS e ON e.id = d.entry_id AND e.state = 'posted'"
                " JOIN ledger_tax_filing AS f ON f.id = NEW.filing_id"
                " WHERE d.id = NEW.detail_id AND d.company_id = NEW.company_id"
                " AND f.company_id = NEW.company_id AND NOT d.waiting AND e.date <= f.ends_on)"
            ),
            NOT_COUNTED,
        ),
    ),
)
