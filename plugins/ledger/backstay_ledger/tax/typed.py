"""What is typed of tax in a cell: a code, with ``net`` or ``gross``, or ``=`` before a line of tax.

``S20`` taxes the line as the code says, ``S20 gross`` takes the tax out of its amount, ``S20 net``
puts it on top, ``P20+WH`` computes two taxes in this order, and ``=S20`` marks the line of tax.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_WORDS: Final = {"net": False, "gross": True}
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True)
class TypedTax:
    """A cell as it is meant; an empty code is no tax.

    Arguments:
        included: whether the amount contains the tax; None as the code says.
        is_tax: the line is itself the tax of the code.
    """

    code: str = ""
    included: bool | None = None
    is_tax: bool = False


NO_TAX: Final = TypedTax()


def read_tax(text: str) -> TypedTax:
    """Understand a cell; whether there is such a code is found out later."""
    typed = text.strip()[:_LONGEST]
    if typed.startswith("="):
        return TypedTax("".join(typed[1:].split()), is_tax=True)
    head, _space, last = typed.rpartition(" ")
    if head and last.lower() in _WORDS:
        return TypedTax("".join(head.split()), _WORDS[last.lower()])
    return TypedTax("".join(typed.split()))


def written_tax(
    tax_code: str = "", *, tax_included: bool | None = None, tax_line: bool = False
) -> str:
    """The cell of a line, as it is typed."""
    if not tax_code or tax_line:
        return f"={tax_code}" if tax_code else ""
    word = next((name for name, value in _WORDS.items() if value is tax_included), "")
    return f"{tax_code} {word}".strip()
