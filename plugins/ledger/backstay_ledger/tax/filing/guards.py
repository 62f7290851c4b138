"""What both databases keep of filed tax returns: they never change, and no row is in two.

A return knows its boxes by their codes, so a box with filed lines keeps its code.
"""

from __future__ import annotations

from typing import Final

from backstay.spi import append_only
from backstay_ledger.closing.guards import rule
from backstay_ledger.tax.filing.models import TaxFiling, TaxFilingBox, TaxFilingRow
from backstay_ledger.tax.models import TaxBox

FILED: Final = "A tax return that was filed never changes; file a correction."
BOX_FILED: Final = "Filed returns have this box; it keeps its code. Make a new box."
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
rule(
    TaxBox.__table__,
    "filed",
    "UPDATE",
    (
        (
            (
                "NEW.code <> OLD.code AND EXISTS (SELECT 1 FROM ledger_tax_filing_box AS b"
                " WHERE b.company_id = OLD.company_id AND b.code = OLD.code AND b.n > 0)"
            ),
            BOX_FILED,
        ),
    ),
)
