"""The SIREN, by which French authorities know an enterprise."""

from __future__ import annotations

from typing import Final

DIGITS: Final = 9
"""Code de commerce, art. R123-221; the SIRET adds five for the establishment."""


def is_siren(text: str) -> bool:
    """Whether it is nine digits of which the last is right (Luhn: ISO/IEC 7812-1, annex B)."""
    return len(text) == DIGITS and text.isascii() and text.isdecimal() and luhn(text)


def luhn(digits: str) -> bool:
    """Whether the check digit at the end of a number fits it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        if place % 2:
            value *= 2
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the sum of its two digits
    return total % 10 == 0
