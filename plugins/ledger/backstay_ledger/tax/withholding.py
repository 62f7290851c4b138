"""Withholding above thresholds: what is kept back from a bill, given the bills before it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from backstay_ledger.tax.rounding import rounded


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which amounts on a tax is withheld, in the currency of the bills; None for no limit.

    Arguments:
        single: a bill of this much or more is taxed, whatever came before.
        cumulative: once the bills of the year together reach this, all of them are taxed.
    """

    single: Decimal | None = None
    cumulative: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Billed:
    """What one party billed in the year before this bill.

    Arguments:
        total: the net sum of its bills.
        taxed: how much of it tax was withheld on already.
    """

    total: Decimal = Decimal(0)
    taxed: Decimal = Decimal(0)


def withholding_base(bill: Decimal, before: Billed, thresholds: Thresholds) -> Decimal:
    """The amount on which tax is withheld from a bill.

    The bill that reaches the cumulative threshold makes up for those before it: it is taxed on
    everything that was billed and not taxed yet. Without any threshold each bill is taxed. A
    credit note, which is negative, takes back as much as was taxed.
    """
    total = before.total + bill
    if bill < 0:
        # A credit note takes back what was taxed, and no more.
        return max(bill, -before.taxed)
    if thresholds.cumulative is not None and total >= thresholds.cumulative:
        return total - before.taxed
    if thresholds.single is not None and bill >= thresholds.single:
        return bill
    if thresholds.single is None and thresholds.cumulative is None:
        return bill
    return Decimal(0)


def withheld(
    bill: Decimal, before: Billed, thresholds: Thresholds, *, rate: Decimal, unit: Decimal
) -> Decimal:
    """What is kept back from a bill, positive.

    Arguments:
        rate: percent.
        unit: what the currency is rounded to, such as 0.01.
    """
    return rounded(
        Fraction(withholding_base(bill, before, thresholds)) * Fraction(rate) / 100, unit
    )
