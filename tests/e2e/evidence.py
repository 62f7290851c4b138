"""A month of a company: what its documents say, and the figures that follow from them by hand.

The documents are those that were published, or a few of our own in the same form.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


SOLD, RECEIVED = Decimal("436000.00"), Decimal("392400.00")
PAID, PAID_AT = Decimal(1000), Decimal("97.50")
"""Of the bill from abroad: in EUR, and at which rate the bank sold them."""
CASH, COMPUTERS, DEPRECIATED = Decimal(1_500_000), Decimal(240_000), Decimal(40_000)
OWED, OWING = Decimal(25_000), Decimal(12_000)
CAPITAL = CASH + COMPUTERS - DEPRECIATED + OWED - OWING
ACCRUED = Decimal("15500.00")
GROSS = Decimal("1.2")
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Evidence:
    """What the documents of the month say, in the base currency but for ``bill``.

    Arguments:
        bill: of a supplier abroad, in EUR; ``at`` and ``then`` are the rates of its day and of the
            month's end.
        prepaid: paid for ``days`` days from 16 November on.
    """

    audit: Decimal
    energy: Decimal
    rent: Decimal
    bill: Decimal
    at: Decimal
    then: Decimal
    prepaid: Decimal
    days: int


def evidence(path: Path) -> Evidence:
    """Read the documents."""
    with path.open(encoding="utf-8", newline="") as file:
        body = {row["id"]: row["body"] for row in csv.DictReader(file)}

    def figure(document: str, words: str) -> Decimal:
        found = re.search(rf"{words}\D*?(\d+(?:\.\d+)?)", body[document])
        assert found, (document, words)
        return Decimal(found[1])

    return Evidence(
        audit=figure("AUD-114", "Amount due"),
        energy=figure("UTIL-202611", "Amount due"),
        rent=figure("AR-77", "Rent for Nov 2026"),
        bill=figure("NW-2210", "Amount: EUR"),
        at=figure("FX-202611", "EUR rate on 2026-11-14:"),
        then=figure("FX-202611", "EUR rate on 2026-11-30:"),
        prepaid=figure("QB-88", "Cost"),
        days=int(figure("QB-88", r"2027-01-14 \(")),
    )


class Month:
    """The statements of the month, from its documents and from nothing else."""

    def __init__(self, papers: Evidence) -> None:
        used = (papers.prepaid * 15 / papers.days).quantize(CENT)
        self.bought = papers.audit + papers.energy
        self.input_tax = self.bought * (GROSS - 1)
        self.euros = papers.bill - PAID
        self.rent, self.prepaid = papers.rent, papers.prepaid
        self.costs = {
            "5000": papers.bill * papers.at,
            "6100": papers.rent,
            "6200": papers.energy,
            "6300": ACCRUED,
            "6600": used,
            "6610": papers.audit,
            "7050": PAID * (PAID_AT - papers.at) + self.euros * (papers.then - papers.at),
        }
        self.profit = (SOLD - sum(self.costs.values())).quantize(CENT)
        self.flow = RECEIVED - PAID * PAID_AT - papers.rent - papers.prepaid
        self.assets = {
            "1010": CASH + self.flow,
            "1100": OWED + SOLD * GROSS - RECEIVED,
            "1180": self.input_tax,
            "1300": papers.prepaid - used,
            "1510": COMPUTERS,
            "1590": -DEPRECIATED,
        }
        self.debts = {
            "2000": OWING + self.bought * GROSS,
            "2010": self.euros * papers.then,
            "2100": ACCRUED,
            "2300": SOLD * (GROSS - 1),
        }

    @property
    def balances(self) -> dict[str, Decimal]:
        """The trial balance, debit positive."""
        debts = {code: -amount for code, amount in self.debts.items()}
        return {**self.assets, **debts, "3000": -CAPITAL, "4000": -SOLD, **self.costs}

    @property
    def profit_and_loss(self) -> dict[str, Decimal | int]:
        """By account or heading."""
        expenses = sum(self.costs.values())
        return {
            "income": SOLD,
            "4000": SOLD,
            "expenses": expenses,
            **self.costs,
            "result": self.profit,
        }

    @property
    def balance_sheet(self) -> dict[str, Decimal | int]:
        """By account or heading."""
        total = sum(self.assets.values())
        return {
            "assets": total,
            **self.assets,
            "liabilities": sum(self.debts.values()),
            **self.debts,
            "equity": CAPITAL + self.profit,
            "3000": CAPITAL,
            "prior": 0,
            "year": self.profit,
            "both": total,
        }

    @property
    def cash_flow(self) -> dict[str, Decimal]:
        """By account or heading."""
        return {
            "operating": self.flow,
            "1100": RECEIVED,
            "2010": -PAID * PAID_AT,
            "6100": -self.rent,
            "6600": -self.prepaid,
            "change": self.flow,
            "opening": CASH,
            "closing": CASH + self.flow,
        }
