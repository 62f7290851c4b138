"""Spreading an amount over days or months so that the parts are exactly the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from backstay_ledger.closing.plan_models import ReleaseBy
from backstay_ledger.services.fiscal_years import add_months


@dataclass(frozen=True, slots=True)
class Share:
    """What belongs to a month of a span.

    Arguments:
        day: the last day of the month, or of the span.
        amount: at the minor unit of the currency.
    """

    day: date
    amount: Decimal


def split(amount: Decimal, weights: Sequence[int], minor_units: int) -> list[Decimal]:
    """Split an amount by weights at a currency's minor unit; the parts add up to it exactly.

    Each part is rounded towards zero, and the units left over go to the parts that lost most, of
    equals to the first (method of the largest remainder, Hamilton 1792).

    Arguments:
        weights: positive.
        minor_units: decimals of the currency.
    """
    units = int(amount.scaleb(minor_units))
    if Decimal(units) != amount.scaleb(minor_units):
        message = f"{amount} is finer than {minor_units} decimals"
        raise ValueError(message)
    sign, size, total = (-1 if units < 0 else 1), abs(units), sum(weights)
    parts = [size * weight // total for weight in weights]
    lost = [size * weight % total for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-lost[place], place))
    for place in order[: size - sum(parts)]:
        parts[place] += 1
    return [Decimal(sign * part).scaleb(-minor_units) for part in parts]


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
