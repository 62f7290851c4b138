"""Reading a grid of lines as it was typed, without losing anything that can't be understood.

The editor shows what people typed again after a refusal, so the grid is kept as text beside the
values that were understood. Amounts become Decimals here; whether accounts exist and entries
balance is the services' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from backstay.spi import Problem, plain_money, read_decimal
from backstay.spi import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from backstay.spi import CompanyRef

MAX_LINES: Final = 500
_LONGEST_CELL: Final = 1_000
_LARGEST: Final = Decimal(10) ** 13


@dataclass(frozen=True, slots=True)
class TypedLine:
    """One row of the grid, exactly as it was sent or is to be shown.

    Arguments:
        n: the row's number in the names of its inputs.
        account_id: what the picker chose, or empty.
        account_text: what stands in the picker's text field, such as ``1000 Cash at bank``.
    """

    n: int
    account_id: str = ""
    account_text: str = ""
    text: str = ""
    debit: str = ""
    credit: str = ""
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing was entered that matters."""
        return not (self.account_id or self.account_text or self.debit or self.credit)

    def cell(self, field: str) -> str:
        """The cell in which a field of a line is shown."""
        if field == "amount":
            return "credit" if self.credit and not self.debit else "debit"
        return field or "account"

    def error(self, cell: str) -> str | None:
        """What is wrong with one of its cells: ``account``, ``text``, ``debit`` or ``credit``."""
        return next((message for name, message in self.errors if name == cell), None)


def read_grid(form: Mapping[str, str], prefix: str = "lines") -> tuple[TypedLine, ...]:
    """The rows that were sent, in their order on the page, empty ones left out.

    One more than an entry may have is read, so that the surplus is refused, not dropped.
    """
    pattern = re.compile(rf"{re.escape(prefix)}-([0-9]{{1,6}})-(account|typed|text|debit|credit)")
    rows: dict[int, dict[str, str]] = {}
    for name in form:
        if found := pattern.fullmatch(name):
            rows.setdefault(int(found[1]), {})[found[2]] = form[name].strip()[:_LONGEST_CELL]
    typed = (
        TypedLine(
            n,
            cells.get("account", ""),
            cells.get("typed", ""),
            cells.get("text", ""),
            cells.get("debit", ""),
            cells.get("credit", ""),
        )
        for n, cells in sorted(rows.items())
    )
    return tuple(line for line in typed if not line.empty)[: MAX_LINES + 1]


@dataclass(frozen=True, slots=True)
class Amount:
    """What the two amount cells of a row mean: debit positive, credit negative, 0 for neither."""

    value: Decimal
    problems: tuple[Problem, ...] = ()


def read_amount(line: TypedLine, company: CompanyRef, locale: str, field: str) -> Amount:
    """Understand the debit and credit of a row, naming the cell that is wrong.

    A negative debit is a credit and the other way round, as on paper.
    """
    problems: list[Problem] = []
    values: dict[str, Decimal] = {}
    for side, text in (("debit", line.debit), ("credit", line.credit)):
        if not text:
            continue
        try:
            amount = read_decimal(text, locale)
        except ValueError:
            message = _("“%(text)s” is not an amount. Write it as 1250.00.", text=text[:40])
            problems.append(Problem(message, f"{field}.{side}"))
            continue
        if round(amount, company.minor_units) != amount:
            message = _(
                "%(text)s has more decimals than %(currency)s allows (%(n)s).",
                text=text[:40],
                currency=company.currency,
                n=company.minor_units,
            )
            problems.append(Problem(message, f"{field}.{side}"))
        elif abs(amount) >= _LARGEST:
            problems.append(Problem(_("That amount is too large."), f"{field}.{side}"))
        elif amount:
            values[side] = amount
    if len(values) > 1:
        message = _("A line is either a debit or a credit: clear one of the two amounts.")
        problems.append(Problem(message, f"{field}.credit"))
    return Amount(
        values.get("debit", Decimal(0)) - values.get("credit", Decimal(0)), tuple(problems)
    )


def with_problems(
    lines: Sequence[TypedLine], problems: Iterable[Problem], prefix: str = "lines"
) -> tuple[TypedLine, ...]:
    """The rows with their errors, for problems whose field is ``lines.<position>.<cell>``.

    ``amount`` is shown at the side that was filled in.
    """
    found: dict[int, list[tuple[str, str]]] = {}
    for problem in problems:
        head, _dot, rest = (problem.field or "").partition(".")
        position, _dot, cell = rest.partition(".")
        if head == prefix and position.isdecimal():
            found.setdefault(int(position), []).append((cell, problem.message))
    return tuple(
        replace(
            line,
            errors=tuple((line.cell(name), message) for name, message in found.get(position, ())),
        )
        for position, line in enumerate(lines)
    )


def split_amount(amount: Decimal, minor_units: int) -> tuple[str, str]:
    """Debit and credit text of a signed amount, as typed into the grid."""
    text = plain_money(abs(amount), minor_units)
    if amount == 0:
        return "", ""
    return (text, "") if amount > 0 else ("", text)
