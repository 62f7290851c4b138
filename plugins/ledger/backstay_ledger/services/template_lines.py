"""The lines of a template as values, for all who begin with one: the editor, plans, their pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """A line of a template; what it leaves open is empty.

    Arguments:
        account: id of the account.
        label: what the account was called when the template was saved.
        debit / credit: in base currency, positive.
        foreign: in ``currency``, positive.
        tax: as it is typed: the code, and whether the amount contains it.
        dimensions: as they are typed.
    """

    account: int | None
    label: str
    text: str
    debit: Decimal | None
    credit: Decimal | None
    currency: str
    foreign: Decimal | None
    tax: str
    party: str
    due: date | None
    dimensions: str


def template_lines(content: Mapping[str, Any]) -> tuple[TemplateLine, ...]:
    """The lines of a template's content; older ones lack what came later."""
    return tuple(_line(stored) for stored in content.get("lines", ()))


def _line(stored: Mapping[str, Any]) -> TemplateLine:
    def text(name: str) -> str:
        return str(stored.get(name) or "")

    account, due = text("account"), text("due")
    return TemplateLine(
        account=int(account) if account.isdecimal() else None,
        label=text("label"),
        text=text("text"),
        debit=_amount(text("debit")),
        credit=_amount(text("credit")),
        currency=text("currency"),
        foreign=_amount(text("foreign")),
        tax=text("tax"),
        party=text("party"),
        due=date.fromisoformat(due) if due else None,
        dimensions=text("dimensions"),
    )


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None
