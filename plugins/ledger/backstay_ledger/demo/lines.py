"""Accounts, cost centres and lines in the words of the demo company's entries."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from backstay.contracts.ledger import Posting, PostingLine

if TYPE_CHECKING:
    from datetime import date

BANK, RECEIVABLES, RECEIVABLES_ABROAD, INPUT_TAX = "1010", "1100", "1110", "1180"
GOODS, PREPAID, COMPUTERS, VEHICLES, DEPRECIATED = "1200", "1300", "1510", "1520", "1590"
PAYABLES, PAYABLES_ABROAD, ACCRUED, WAGES_PAYABLE = "2000", "2010", "2100", "2200"
OUTPUT_TAX, LOAN, CAPITAL, RETAINED = "2300", "2600", "3000", "3200"
SALES, SALES_ABROAD, SERVICES, EXCHANGE_GAINS = "4000", "4010", "4100", "4950"
COST, SUBCONTRACTORS, WAGES, SOCIAL, RENT = "5000", "5200", "6000", "6010", "6100"
ENERGY, PHONE, SOFTWARE, ADVERTISING, AUDIT = "6200", "6300", "6310", "6400", "6610"
INSURANCE, DEPRECIATION, INTEREST, CHARGES, EXCHANGE_LOSSES = "6700", "6800", "7000", "7010", "7050"

CENTRE, PROJECT = "cost_centre", "project"
SHOP, WHOLESALE, SCHOOL, OFFICE = "110", "120", "200", "900"
REFIT, WEB_SHOP = "REFIT", "WEB"
STANDARD_SALE, REDUCED_SALE, STANDARD_PURCHASE, REVERSE_CHARGE = "S20", "S10", "P20", "RC20"
RATES: Final = {STANDARD_SALE: 20, REDUCED_SALE: 10, STANDARD_PURCHASE: 20, REVERSE_CHARGE: 20}
"""Percent of each tax code."""


def cents(amount: Decimal) -> Decimal:
    """An amount at the cent, half up."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def line(
    account: str,
    amount: Decimal | str,
    *,
    centre: str = "",
    project: str = "",
    tax: str = "",
    party: str = "",
    due: date | None = None,
) -> PostingLine:
    """A line; debits positive, and what it carries of cost centre and project."""
    said = ((CENTRE, centre), (PROJECT, project))
    return PostingLine(
        account,
        Decimal(amount),
        tax_code=tax,
        party=party,
        due_date=due,
        dimensions=tuple(pair for pair in said if pair[1]),
    )


def entry(
    key: str, journal: str, day: date, memo: str, *lines: PostingLine, reference: str = ""
) -> Posting:
    """An entry under a key of the demo's own."""
    return Posting(f"demo-{key}", journal, day, lines, memo, reference)
