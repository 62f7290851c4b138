"""Computing the taxes of a document, exactly: no database, no binary fraction, no tolerance.

Every tax of a line is a linear function of the line's net amount, whatever is compounded on what.
So a price with taxes in it has one exact net amount, and it is found by one division.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from backstay.spi import Invalid
from backstay.spi import gettext as _
from backstay_ledger.tax.rounding import RoundingPolicy, apportion, rounded

ONE: Final = (Decimal(1),)


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax as it is on a day.

    Arguments:
        key: what its amounts are summed by.
        rate: percent of the base; negative for a withholding tax. With ``fixed`` an amount in the
            document's currency for each unit of quantity.
        included: the line's amount contains it.
        feeds: it is part of the base of the taxes after it.
        fed: the taxes before it that feed are part of its base.
        factors: the parts that the amount is posted in. They sum to what the customer is charged:
            1 for most taxes, 0 for a reverse charge (+1 and -1).
    """

    key: str
    rate: Decimal
    included: bool = False
    feeds: bool = False
    fed: bool = True
    fixed: bool = False
    factors: tuple[Decimal, ...] = ONE

    @property
    def weight(self) -> Fraction:
        """How much of the tax is charged."""
        return sum(map(Fraction, self.factors), Fraction(0))


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """A line of a document.

    Arguments:
        amount: net, or gross of the taxes that are included; signed, any number of decimals.
        taxes: in the order in which they are computed.
        quantity: for taxes that are a fixed amount a unit.
    """

    amount: Decimal
    taxes: tuple[Tax, ...]
    quantity: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class TaxShare:
    """One tax of one line.

    Arguments:
        base: what the tax was computed on, rounded.
        amount: the tax, rounded, before it is split into parts.
        parts: for each factor what is posted; they sum to what is charged.
        exact_base, exact: both before rounding.
    """

    tax: Tax
    base: Decimal
    amount: Decimal
    parts: tuple[Decimal, ...]
    exact_base: Fraction
    exact: Fraction

    @property
    def charged(self) -> Decimal:
        """What the tax adds to the net amount."""
        return sum(self.parts, Decimal(0))


@dataclass(frozen=True, slots=True)
class ComputedLine:
    """A line with its taxes; ``net`` and what is charged make ``gross``, exactly."""

    net: Decimal
    shares: tuple[TaxShare, ...]
    exact_net: Fraction

    @property
    def tax(self) -> Decimal:
        """What all taxes add to the net amount."""
        return sum((share.charged for share in self.shares), Decimal(0))

    @property
    def gross(self) -> Decimal:
        """Net and taxes."""
        return self.net + self.tax


def compute(
    lines: Sequence[TaxedLine],
    policy: RoundingPolicy,
    unit: Decimal,
    amount_unit: Decimal | None = None,
) -> list[ComputedLine]:
    """Compute the taxes of a document.

    Arguments:
        policy: where it is rounded.
        unit: what is rounded to, in the document's currency: 0.01, 0.05, 1.
        amount_unit: what the lines' own amounts are rounded to, where that is finer; by default
            the same. An amount that was converted is no multiple of 0.05.

    Raises:
        Invalid: included taxes take the whole price (together -100 %).
    """
    if policy is RoundingPolicy.LINE:
        return [_line_by_line(line, unit, amount_unit or unit) for line in lines]
    amounts = _amounts(lines, amount_unit or unit)
    exact = [_exact(line, Fraction(line.amount)) for line in lines]
    rounded_taxes = _shares_of_sums(lines, exact, policy, unit)
    computed: list[ComputedLine] = []
    for place, line in enumerate(lines):
        taxes = rounded_taxes[place]
        parts = [parts_of(tax, amount, unit) for tax, amount in zip(line.taxes, taxes, strict=True)]
        inside = sum(
            (sum(part) for tax, part in zip(line.taxes, parts, strict=True) if tax.included),
            Decimal(0),
        )
        computed.append(_computed(line, exact[place], amounts[place] - inside, taxes, parts))
    return computed


@dataclass(frozen=True, slots=True)
class _Exact:
    """A line's net amount and, for each of its taxes, base and amount, all unrounded."""

    net: Fraction
    bases: tuple[Fraction, ...]
    taxes: tuple[Fraction, ...]


def _exact(line: TaxedLine, amount: Fraction) -> _Exact:
    """Solve the line for its net amount: each tax is ``slope * net + offset``."""
    terms = list(_terms(line, amount))
    slopes, offsets = Fraction(1), Fraction(0)
    for tax, (_base, (slope, offset)) in zip(line.taxes, terms, strict=True):
        if tax.included:
            slopes += tax.weight * slope
            offsets += tax.weight * offset
    if slopes == 0:
        raise Invalid(_("The taxes in this price leave no net amount: check their rates."))
    net = (amount - offsets) / slopes
    return _Exact(
        net,
        tuple(slope * net + offset for (slope, offset), _tax in terms),
        tuple(slope * net + offset for _base, (slope, offset) in terms),
    )


_Term = tuple[Fraction, Fraction]


def _terms(line: TaxedLine, amount: Fraction) -> Iterator[tuple[_Term, _Term]]:
    """Base and amount of each tax as slope and offset over the net amount."""
    fed_slope, fed_offset = Fraction(1), Fraction(0)
    for tax in line.taxes:
        base = (fed_slope, fed_offset) if tax.fed else (Fraction(1), Fraction(0))
        if tax.fixed:
            term = (Fraction(0), Fraction(_fixed(tax, line, amount)))
        else:
            rate = Fraction(tax.rate) / 100
            term = (rate * base[0], rate * base[1])
        yield base, term
        if tax.feeds:
            fed_slope += tax.weight * term[0]
            fed_offset += tax.weight * term[1]


def _fixed(tax: Tax, line: TaxedLine, amount: Fraction) -> Decimal:
    """A fixed amount goes the way of its line: a credit note takes it back."""
    value = tax.rate * line.quantity
    return -value if amount < 0 else value


def _line_by_line(line: TaxedLine, unit: Decimal, amount_unit: Decimal) -> ComputedLine:
    amount = rounded(Fraction(line.amount), amount_unit)
    exact = _exact(line, Fraction(amount))
    taxes: list[Decimal | None] = [
        rounded(value, unit) if tax.included else None
        for tax, value in zip(line.taxes, exact.taxes, strict=True)
    ]
    parts = [
        () if value is None else parts_of(tax, value, unit)
        for tax, value in zip(line.taxes, taxes, strict=True)
    ]
    net = amount - sum((sum(part) for part in parts), Decimal(0))
    # What comes on top is computed on the amounts that the document shows.
    fed = net
    done: list[Decimal] = []
    for place, tax in enumerate(line.taxes):
        value = taxes[place]
        if value is None:
            value = (
                rounded(Fraction(_fixed(tax, line, Fraction(amount))), unit)
                if tax.fixed
                else rounded(Fraction(fed if tax.fed else net) * Fraction(tax.rate) / 100, unit)
            )
            parts[place] = parts_of(tax, value, unit)
        done.append(value)
        if tax.feeds:
            fed += sum(parts[place])
    return _computed(line, exact, net, done, parts)


def _amounts(lines: Sequence[TaxedLine], unit: Decimal) -> list[Decimal]:
    """The lines' own amounts, rounded so that they sum to the rounded sum."""
    exact = [Fraction(line.amount) for line in lines]
    return apportion(rounded(sum(exact, Fraction(0)), unit), exact, unit)


def _shares_of_sums(
    lines: Sequence[TaxedLine], exact: Sequence[_Exact], policy: RoundingPolicy, unit: Decimal
) -> list[list[Decimal]]:
    """Each line's share of the rounded sums of its taxes."""
    places: dict[str, list[tuple[int, int]]] = {}
    charged_whole: dict[str, bool] = {}
    for line_place, line in enumerate(lines):
        for tax_place, tax in enumerate(line.taxes):
            places.setdefault(tax.key, []).append((line_place, tax_place))
            charged_whole[tax.key] = tax.weight == 1
    values = {key: [exact[one].taxes[two] for one, two in found] for key, found in places.items()}
    sums = {key: sum(found, Fraction(0)) for key, found in values.items()}
    wholes = {key: rounded(total, unit) for key, total in sums.items()}
    if policy is RoundingPolicy.DOCUMENT:
        # A reverse charge is in no total that anybody pays; its sum is rounded by itself.
        together = [key for key in sums if charged_whole[key]]
        total = rounded(sum((sums[key] for key in together), Fraction(0)), unit)
        shares = apportion(total, [sums[key] for key in together], unit)
        wholes.update(zip(together, shares, strict=True))
    result = [[Decimal(0)] * len(line.taxes) for line in lines]
    for key, found in places.items():
        shares = apportion(wholes[key], values[key], unit)
        for (line_place, tax_place), share in zip(found, shares, strict=True):
            result[line_place][tax_place] = share
    return result


def parts_of(tax: Tax, amount: Decimal, unit: Decimal) -> tuple[Decimal, ...]:
    """A tax split into the parts that it is posted in; they sum to what is charged."""
    exact = [Fraction(amount) * Fraction(factor) for factor in tax.factors]
    return tuple(apportion(rounded(sum(exact, Fraction(0)), unit), exact, unit))


def _computed(
    line: TaxedLine,
    exact: _Exact,
    net: Decimal,
    taxes: Sequence[Decimal],
    parts: Sequence[tuple[Decimal, ...]],
) -> ComputedLine:
    shares: list[TaxShare] = []
    fed = net
    for place, tax in enumerate(line.taxes):
        share = TaxShare(
            tax,
            fed if tax.fed else net,
            taxes[place],
            parts[place],
            exact.bases[place],
            exact.taxes[place],
        )
        shares.append(share)
        if tax.feeds:
            fed += share.charged
    return ComputedLine(net, tuple(shares), exact.net)
