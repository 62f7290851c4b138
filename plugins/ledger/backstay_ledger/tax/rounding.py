"""Rounding money once and exactly: half up, and in parts that always sum to the whole.

Inside a computation amounts are fractions, because a price of 11.90 with 21 % in it has no exact
decimal base. They become decimals here and nowhere else.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from backstay.spi import Invalid
from backstay.spi import gettext as _

HUNDRED: Final = Decimal(100)


class RoundingPolicy(enum.Enum):
    """Where the taxes of a document are rounded; the law of the place says which it is."""

    LINE = "line"
    """Each tax of each line."""
    GROUP = "group"
    """The sum of each tax over the document; lines get shares of it."""
    DOCUMENT = "document"
    """The sum of all taxes of the document; taxes and lines get shares of it."""


def unit_of(minor_units: int) -> Decimal:
    """The smallest amount of a currency with so many decimals: 0.01 for 2."""
    return Decimal(1).scaleb(-minor_units)


def rounded(value: Fraction, unit: Decimal) -> Decimal:
    """A value at a rounding unit, halves away from zero (``ROUND_HALF_UP``).

    Arguments:
        unit: what is counted in, such as 0.01, 0.05 or 1.
    """
    steps = value / Fraction(unit)
    whole = math.floor(abs(steps) + Fraction(1, 2))
    return Decimal(whole if steps >= 0 else -whole) * unit


def apportion(whole: Decimal, exact: Sequence[Fraction], unit: Decimal) -> list[Decimal]:
    """Round amounts so that they sum to a whole, by the method of the largest remainder.

    Arguments:
        whole: a multiple of the unit.
        exact: what each share would be without rounding; there is at least one unless the whole
            is 0. Where they do not sum to about the whole, the difference is shared equally.
        unit: what is counted in, such as 0.01, 0.05 or 1.

    Source: the method of Hamilton and Hare, as in Balinski and Young, Fair Representation (1982).
    """
    steps = [value / Fraction(unit) for value in exact]
    floors = [math.floor(step) for step in steps]
    missing = int(whole / unit) - sum(floors)
    if not floors:
        return []
    each, some = divmod(missing, len(floors))
    # Of equal remainders the larger amount gets the unit, of equal amounts the first.
    order = sorted(
        range(len(floors)),
        key=lambda place: (floors[place] - steps[place], -abs(steps[place]), place),
    )
    first = frozenset(order[:some])
    return [(floor + each + (place in first)) * unit for place, floor in enumerate(floors)]


def split_by_percent(
    whole: Decimal, percentages: Sequence[Decimal], unit: Decimal
) -> list[Decimal]:
    """Split an amount by percentages, as payment terms do.

    Raises:
        Invalid: the percentages do not total exactly 100.
    """
    total = sum(percentages, Decimal(0))
    if total != HUNDRED:
        raise Invalid(_("The parts are %(total)s %% together, not 100 %%.", total=f"{total:f}"))
    exact = [Fraction(whole) * Fraction(one) / 100 for one in percentages]
    return apportion(whole, exact, unit)
