"""Converting exactly: a rate is a fraction, and there is one rounding, at the end.

The inverse of 1.0389 has no end in decimals. So rates stay fractions until an amount was
multiplied, and the product is rounded once, half up (commercial rounding), to the decimals of its
currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from backstay.spi import gettext as _


@dataclass(frozen=True, slots=True)
class Quote:
    """A rate as it is stored: one unit of ``base`` costs ``rate`` units of ``quote``."""

    base: str
    quote: str
    rate: Decimal
    day: date
    source: str = ""

    def __str__(self) -> str:
        """The rate in words: 1 EUR = 1.0389 USD."""
        return f"1 {self.base} = {plain(self.rate)} {self.quote}"


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency is worth in another on a day, and the quotes that say so.

    Arguments:
        asked: the day that was asked for; the quotes may be of a day before.
        quotes: none for a currency in itself, one for a pair, two for a pair over a third.
    """

    currency: str
    target: str
    value: Fraction
    asked: date
    quotes: tuple[Quote, ...] = ()

    def convert(self, amount: Decimal, minor_units: int) -> Decimal:
        """An amount of ``currency`` in ``target``, rounded half up to so many decimals."""
        return rounded(Fraction(amount) * self.value, minor_units)

    @property
    def decimal(self) -> Decimal:
        """The rate to ten decimals, to be shown."""
        return rounded(self.value, 10)

    @property
    def why(self) -> str:
        """Where the rate comes from, in a sentence."""
        if not self.quotes:
            return _("An amount in %(currency)s is worth itself.", currency=self.currency)
        quotes = ", ".join(str(quote) for quote in self.quotes)
        day = self.quotes[0].day
        source = ", ".join(dict.fromkeys(quote.source for quote in self.quotes if quote.source))
        first = self.quotes[0]
        if len(self.quotes) > 1:
            middle = ({first.base, first.quote} - {self.currency}).pop()
            said = _(
                "%(quotes)s of %(day)s, over %(middle)s", quotes=quotes, day=day, middle=middle
            )
        elif first.base == self.currency:
            said = _("%(quotes)s of %(day)s", quotes=quotes, day=day)
        else:
            said = _("%(quotes)s of %(day)s, the other way round", quotes=quotes, day=day)
        if day != self.asked:
            said = _("%(said)s: the last rate before %(asked)s", said=said, asked=self.asked)
        return f"{said} ({source})" if source else said


def rounded(value: Fraction, minor_units: int) -> Decimal:
    """A fraction rounded half up, away from zero, to so many decimals."""
    scaled = abs(value) * 10**minor_units
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    amount = Decimal(whole).scaleb(-minor_units)
    return -amount if value < 0 and whole else amount


def multiple(amount: Decimal, unit: Decimal) -> Decimal:
    """The multiple of a unit that is nearest to an amount; from the middle away from zero."""
    return rounded(Fraction(amount) / Fraction(unit), 0) * unit


def between(currency: str, target: str, day: date, quotes: list[Quote]) -> Rate | None:
    """The rate of a pair from the quotes of one day: as quoted, turned round, or over a third."""
    pairs = {(quote.base, quote.quote): quote for quote in quotes}
    if straight := _leg(currency, target, pairs):
        quote, value = straight
        return Rate(currency, target, value, day, (quote,))
    thirds = sorted({code for pair in pairs for code in pair} - {currency, target})
    for third in thirds:
        first, second = _leg(currency, third, pairs), _leg(third, target, pairs)
        if first and second:
            return Rate(currency, target, first[1] * second[1], day, (first[0], second[0]))
    return None


def _leg(
    currency: str, target: str, pairs: dict[tuple[str, str], Quote]
) -> tuple[Quote, Fraction] | None:
    if quote := pairs.get((currency, target)):
        return quote, Fraction(quote.rate)
    if quote := pairs.get((target, currency)):
        return quote, 1 / Fraction(quote.rate)
    return None


def plain(rate: Decimal) -> str:
    """A rate without zeros at its end."""
    text = f"{rate:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
