"""Amounts as plain-text journals write them: sign, currency before or after, any separators.

``1,234`` is 1234 to one person and 1.234 to another. What the file itself shows elsewhere decides;
where nothing does, it is asked for instead of guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from backstay.spi import gettext as _

_SIGN: Final = r"[+-]?"
_SYMBOL: Final = r"\"[^\"]+\"|[^\s\d.,;:+\-@{}()\[\]=\"'*/&|<>!?%^~]+"
# Digits of other scripts are refused: journal programs read them as parts of a name.
_NUMBER: Final = r"(?:[0-9][0-9.,'\u2019]*|[.,][0-9]+)(?:[ \u00a0\u202f][0-9]{3}(?![0-9])[0-9.,]*)*"
_AMOUNT: Final = re.compile(
    rf"(?P<sign>{_SIGN})\s*(?P<before>{_SYMBOL})?\s*(?P<sign2>{_SIGN})\s*"
    rf"(?P<number>{_NUMBER})\s*(?P<after>{_SYMBOL})?"
)
_GROUPS: Final = re.compile(r"[ \u00a0\u202f'\u2019]")
_THOUSAND: Final = 3

SIGNS: Final[dict[str, frozenset[str]]] = {
    "$": frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD", "ARS", "CLP", "COP"}),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP", "FKP", "GIP", "SHP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
    "₽": frozenset({"RUB"}),
    "₩": frozenset({"KRW"}),
    "₪": frozenset({"ILS"}),
    "₺": frozenset({"TRY"}),
    "₴": frozenset({"UAH"}),
    "₱": frozenset({"PHP"}),
    "₦": frozenset({"NGN"}),
    "฿": frozenset({"THB"}),
    "₫": frozenset({"VND"}),
    "zł": frozenset({"PLN"}),
    "Kč": frozenset({"CZK"}),
    "Ft": frozenset({"HUF"}),
    "Fr": frozenset({"CHF"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "R$": frozenset({"BRL"}),
    "R": frozenset({"ZAR"}),
}
"""Signs that stand for a currency, and for which: one of a journal means the base currency if it
can (``$`` in a company that keeps its books in CAD)."""


class NotAnAmount(ValueError):
    """A text can't be read as an amount; the text of the error says why."""


@dataclass(frozen=True, slots=True)
class Written:
    """An amount as it is written: not yet known is which mark is the decimal one.

    Arguments:
        currency: the code, sign or name beside it; empty where there is none.
        number: digits with their separators, without the sign.
    """

    negative: bool
    currency: str
    number: str


def written_amount(text: str) -> Written:
    """Take an amount apart.

    Raises:
        NotAnAmount: it is none, or an expression.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None or (found["sign"] and found["sign2"]) or (found["before"] and found["after"]):
        raise NotAnAmount(
            _(
                "“%(text)s” can't be read as an amount. Write a number with its currency before or"
                " after it, such as 1234.50 or EUR -20.",
                text=text[:60],
            )
        )
    return Written(
        "-" in (found["sign"], found["sign2"]),
        (found["before"] or found["after"] or "").strip('"'),
        found["number"],
    )


def is_currency(written: str, base: str) -> bool:
    """Whether a code or sign means the base currency."""
    return written.upper() == base or base in SIGNS.get(written, frozenset())


class DecimalMark:
    """Which mark is the decimal one in a file, by what its numbers show.

    Arguments:
        fixed: the mark that the format or a directive prescribes.
    """

    def __init__(self, fixed: str = "") -> None:
        self.fixed = fixed
        self._shown: set[str] = set()

    def learn(self, number: str) -> None:
        """See what a number shows."""
        if mark := shown_mark(_GROUPS.sub("", number)):
            self._shown.add(mark)

    def value(self, number: str) -> Decimal:
        """The value of a number.

        Raises:
            NotAnAmount: it can be read in two ways, or its separators make no number.
        """
        text = _GROUPS.sub("", number)
        mark = self._mark(text)
        whole, _mark, decimals = text.rpartition(mark) if mark in text else (text, "", "")
        other = "," if mark == "." else "."
        if mark in whole or other in decimals:
            raise NotAnAmount(_("The separators of “%(text)s” make no number.", text=number))
        return Decimal(f"{whole.replace(other, '') or '0'}.{decimals or '0'}")

    def _mark(self, text: str) -> str:
        if self.fixed:
            return self.fixed
        own = shown_mark(text)
        if own:
            return own
        if len(self._shown) == 1:
            return next(iter(self._shown))
        if "," in text:
            raise NotAnAmount(
                _(
                    "“%(text)s” can be read as %(one)s or as %(other)s, and nothing else in the"
                    " file shows which. Put a line “decimal-mark .” or “decimal-mark ,” at its"
                    " top.",
                    text=text,
                    one=text.replace(",", ""),
                    other=text.replace(",", "."),
                )
            )
        return "."


def shown_mark(text: str) -> str:
    """The decimal mark that a number shows; empty where it could be either or has none."""
    marks = [mark for mark in text if mark in ".,"]
    if not marks:
        return ""
    last = marks[-1]
    if len(set(marks)) > 1:
        return last
    if len(marks) > 1:
        return "," if last == "." else "."
    whole, decimals = text.split(last)
    if len(decimals) == _THOUSAND and 0 < len(whole) <= _THOUSAND and whole != "0":
        return ""
    return last
