"""Arithmetic in amount fields: ``=120*1.19``, ``120+30/2``, exact, and the same as in the browser.

``static/js/amounts.js`` is the other half. Both calculate with fractions, never with binary
floating point, and round once at the end, half away from zero, and only where something was
multiplied or divided: ``100/3*3`` is 100, ``99.99*1.19`` is 118.99, but a typed ``12.345`` stays
what it is and is refused by whoever knows the currency. docs/reference/typing.md is the published
table; the tests of both halves read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from backstay.i18n import gettext as _
from backstay.resources.formats import read_decimal, symbols

LONGEST: Final = 120
_DEEPEST: Final = 20
_MINUS: Final = re.compile("[\u2212\u2013]")
_SIGNS: Final = str.maketrans({"\u00d7": "*", "\u00f7": "/", ":": "/"})
_SPACES: Final = re.compile("[\\s\u00a0\u202f'\u2019]")


class NoAmount(ValueError):
    """A text that is no amount; the message says why, for whoever typed it."""


@dataclass(frozen=True, slots=True)
class Calculated:
    """The exact value of what was typed.

    Arguments:
        value: before any rounding.
        rounds: whether it was multiplied or divided, so that it may be rounded to the currency.
    """

    value: Fraction
    rounds: bool

    def at(self, minor_units: int) -> Decimal | None:
        """The amount with at most so many decimals; None if it was typed with more."""
        scaled = self.value * 10**minor_units
        units = scaled.numerator // scaled.denominator
        if units != scaled:
            if not self.rounds:
                return None
            units = int(abs(scaled) + Fraction(1, 2)) * (1 if scaled > 0 else -1)
        # From digits: a Decimal made by arithmetic would be cut to the context's 28 digits.
        return Decimal(f"{units}E-{minor_units}")


def calculate(text: str, locale: str) -> Calculated:
    """The value of an amount as people type it: a number, or ``+ - * /`` and brackets.

    Arguments:
        locale: whose decimal and grouping marks the numbers have; a point without groups is
            understood everywhere (:func:`backstay.resources.formats.read_decimal`).

    Raises:
        NoAmount: it can't be understood, divides by zero, or is longer than 120 characters.
    """
    if len(text) > LONGEST:
        raise NoAmount(_("That is too long to calculate."))
    typed = _SPACES.sub("", _MINUS.sub("-", text)).translate(_SIGNS).removeprefix("=")
    return _Reader(text, typed, locale).whole()


class _Reader:
    """Recursive descent over one expression."""

    def __init__(self, shown: str, text: str, locale: str) -> None:
        self.shown = shown
        self.text = text
        self.locale = locale
        self.at = 0
        self.depth = 0
        self.rounds = False
        marks = symbols(locale)
        self.number = re.compile(f"[0-9.,{re.escape(marks.group + marks.decimal)}]+")

    def whole(self) -> Calculated:
        value = self._sum()
        if self.at < len(self.text):
            raise self._nonsense()
        return Calculated(value, self.rounds)

    def _nonsense(self) -> NoAmount:
        return NoAmount(
            _("“%(text)s” is not an amount. Write it as 1250.00.", text=self.shown[:40])
        )

    def _take(self, signs: str) -> str:
        sign = self.text[self.at : self.at + 1]
        if sign and sign in signs:
            self.at += 1
            return sign
        return ""

    def _sum(self) -> Fraction:
        value = self._product()
        while sign := self._take("+-"):
            other = self._product()
            value = value + other if sign == "+" else value - other
        return value

    def _product(self) -> Fraction:
        value = self._signed()
        while sign := self._take("*/"):
            other = self._signed()
            self.rounds = True
            if sign == "/" and other == 0:
                raise NoAmount(_("“%(text)s” divides by zero.", text=self.shown[:40]))
            value = value * other if sign == "*" else value / other
        return value

    def _signed(self) -> Fraction:
        sign = self._take("+-")
        value = self._part()
        return -value if sign == "-" else value

    def _part(self) -> Fraction:
        if self._take("("):
            self.depth += 1
            if self.depth > _DEEPEST:
                raise self._nonsense()
            value = self._sum()
            if not self._take(")"):
                raise self._nonsense()
            self.depth -= 1
            return value
        found = self.number.match(self.text, self.at)
        if found is None:
            raise self._nonsense()
        self.at = found.end()
        try:
            return Fraction(read_decimal(found[0], self.locale))
        except ValueError:
            raise self._nonsense() from None
