"""Spreading an amount over days or months so that the parts are exactly the whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from backstay_ledger.closing.plan_models import ReleaseBy
from backstay_ledger.services.fiscal_years import add_months
from backstay_ledger.services.splitting import split


@dataclass(frozen=True, slots=True)
class Share:
    """What belongs to a month of a span.

    Arguments:
        day: the last day of the month, or of the span.
        amount: at the minor unit of the currency.
    """

    day: date
    amount: Decimal


def spread(
    amount: Decimal, first: date, last: date, by: ReleaseBy, minor_units: int
) -> list[Share]:
    """Spread an amount over the months of a span of days, both ends included.

    Months that get nothing, because the amount has fewer units than there are months, are left out.
    """
    days: list[date] = []
    weights: list[int] = []
    start = first
    while start <= last:
        end = min(add_months(start, 1) - timedelta(days=1), last)
        days.append(end)
        weights.append((end - start).days + 1 if by is ReleaseBy.DAY else 1)
        start = end + timedelta(days=1)
    parts = split(amount, weights, minor_units)
    return [Share(day, part) for day, part in zip(days, parts, strict=True) if part]
