"""Splitting an amount so that the parts are exactly the whole."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction


def split(amount: Decimal, weights: Sequence[int | Decimal], minor_units: int) -> list[Decimal]:
    """Split an amount by weights at a currency's minor unit; the parts add up to it exactly.

    Each part is rounded towards zero, and the units left over go to the parts that lost most, of
    equals to the first (method of the largest remainder, Hamilton 1792).

    Arguments:
        minor_units: decimals of the currency.

    Raises:
        ValueError: there are no weights, one is not above zero, or the amount is finer than the
            minor unit.
    """
    if not weights or any(weight <= 0 for weight in weights):
        message = "weights are above zero"
        raise ValueError(message)
    units = int(amount.scaleb(minor_units))
    if Decimal(units) != amount.scaleb(minor_units):
        message = f"{amount} is finer than {minor_units} decimals"
        raise ValueError(message)
    sign, total = (-1 if units < 0 else 1), sum(map(Fraction, weights))
    exact = [Fraction(weight) * abs(units) / total for weight in weights]
    parts = [int(one) for one in exact]
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: abs(units) - sum(parts)]:
        parts[place] += 1
    return [Decimal(sign * part).scaleb(-minor_units) for part in parts]
