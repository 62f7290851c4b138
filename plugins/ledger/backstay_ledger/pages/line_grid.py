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

from backstay.spi import NoAmount, NoDate, Problem, calculate, editable_decimal, read_day
from backstay.spi import gettext as _
from backstay_ledger.services.currencies import LARGEST, minor_units_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from backstay.spi import CompanyRef

MAX_LINES: Final = 500
_LONGEST_CELL: Final = 1_000
_CELLS: Final = "account|typed|text|party|due|dimensions|tax|debit|credit|currency|foreign"
_NONE: Final = frozenset({"-", "\u2013", "\u2212"})
"""What spreadsheets write for nothing."""


@dataclass(frozen=True, slots=True)
class TypedLine:
    """One row of the grid, exactly as it was sent or is to be shown.

    Arguments:
        n: the row's number in the names of its inputs.
        account_id: what the picker chose, or empty.
        account_text: what stands in the picker's text field, such as ``1000 Cash at bank``.
        currency, foreign: a foreign currency (ISO 4217) and the amount in it.
        tax: what is said of tax, such as ``S20``, ``S20 gross`` or ``=S20``.
        party, due: of the open item that it becomes; the day as it was typed.
        dimensions: values of dimensions, such as ``cost_centre=100, project=X``.
    """

    n: int
    account_id: str = ""
    account_text: str = ""
    text: str = ""
    debit: str = ""
    credit: str = ""
    currency: str = ""
    foreign: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    tax: str = ""
    party: str = ""
    due: str = ""
    dimensions: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was entered that matters."""
        return not (
            self.account_id or self.account_text or self.debit or self.credit or self.foreign
        )

    def cell(self, field: str) -> str:
        """The cell in which a field of a line is shown."""
        if field == "amount":
            return "credit" if self.credit and not self.debit else "debit"
        if field == "amount_currency":
            return "foreign"
        if field == "tax_code":
            return "tax"
        if field == "due_date":
            return "due"
        return field or "account"

    def error(self, cell: str) -> str | None:
        """What is wrong with one of its cells, such as ``account`` or ``debit``."""
        return next((message for name, message in self.errors if name == cell), None)


def read_grid(form: Mapping[str, str], prefix: str = "lines") -> tuple[TypedLine, ...]:
    """The rows that were sent, in their order on the page, empty ones left out.

    One more than an entry may have is read, so that the surplus is refused, not dropped.
    """
    pattern = re.compile(rf"{re.escape(prefix)}-([0-9]{{1,6}})-({_CELLS})")
    rows: dict[int, dict[str, str]] = {}
    for name in form:
        if found := pattern.fullmatch(name):
            rows.setdefault(int(found[1]), {})[found[2]] = form[name].strip()[:_LONGEST_CELL]
    typed = (
        TypedLine(
            n,
            # An account that was emptied is none, although the picker was not left yet.
            cells.get("account", "") if cells.get("typed") != "" else "",
            cells.get("typed", ""),
            cells.get("text", ""),
            cells.get("debit", ""),
            cells.get("credit", ""),
            cells.get("currency", "").upper(),
            cells.get("foreign", ""),
            tax=cells.get("tax", ""),
            party=cells.get("party", ""),
            due=cells.get("due", ""),
            dimensions=cells.get("dimensions", ""),
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
        amount = _amount(text, company.currency, company.minor_units, locale)
        if isinstance(amount, str):
            problems.append(Problem(amount, f"{field}.{side}"))
        elif amount:
            values[side] = amount
    if len(values) > 1:
        message = _("A line is either a debit or a credit: clear one of the two amounts.")
        problems.append(Problem(message, f"{field}.credit"))
    return Amount(
        values.get("debit", Decimal(0)) - values.get("credit", Decimal(0)), tuple(problems)
    )


def read_due(line: TypedLine, today: date, field: str) -> tuple[date | None, tuple[Problem, ...]]:
    """Understand the due date of a row; None where there is none.

    Arguments:
        today: of the company, as for :func:`backstay.spi.read_day`.
    """
    if not line.due:
        return None, ()
    try:
        return read_day(line.due, today), ()
    except NoDate as problem:
        return None, (Problem(str(problem), f"{field}.due"),)


@dataclass(frozen=True, slots=True)
class Foreign:
    """The foreign currency of a row and the amount in it, positive; None where there is none."""

    currency: str | None = None
    value: Decimal | None = None
    problems: tuple[Problem, ...] = ()
    is_credit: bool = False
    """It was typed with a minus: where base amounts are empty, it says the side."""


def read_foreign(
    line: TypedLine, base: Decimal, company: CompanyRef, locale: str, field: str
) -> Foreign:
    """Understand currency and foreign amount of a row.

    Arguments:
        base: the row's amount in the company's currency, debit positive. The foreign amount is on
            the same side; it may carry the side's sign or none.
    """
    if not line.currency and not line.foreign:
        return Foreign()
    units = minor_units_of(line.currency) if line.currency else None
    if not line.currency:
        problem = Problem(_("Say in which currency this amount is."), f"{field}.currency")
    elif units is None or line.currency == company.currency:
        message = _("“%(currency)s” is not a foreign currency (ISO 4217).", currency=line.currency)
        problem = Problem(message, f"{field}.currency")
    else:
        amount = _amount(line.foreign, line.currency, units, locale)
        if isinstance(amount, str):
            problem = Problem(amount, f"{field}.foreign")
        elif not amount and not line.foreign:
            message = _("Enter the amount in %(currency)s.", currency=line.currency)
            problem = Problem(message, f"{field}.foreign")
        elif amount < 0 < base:
            message = _("Both amounts of a line are debits or both are credits.")
            problem = Problem(message, f"{field}.foreign")
        else:
            return Foreign(line.currency, abs(amount), is_credit=amount < 0)
    return Foreign(problems=(problem,))


def _amount(text: str, currency: str, minor_units: int, locale: str) -> Decimal | str:
    """The amount of a cell, 0 for an empty one, or what is wrong with it."""
    if not text or text in _NONE:
        return Decimal(0)
    try:
        found = calculate(text, locale)
    except NoAmount as problem:
        return str(problem)
    if abs(found.value) >= LARGEST:
        return _("That amount is too large.")
    amount = found.at(minor_units)
    if amount is not None:
        return amount
    return _(
        "%(text)s has more decimals than %(currency)s allows (%(n)s).",
        text=text[:40],
        currency=currency,
        n=minor_units,
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


def split_amount(amount: Decimal, minor_units: int, locale: str) -> tuple[str, str]:
    """Debit and credit text of a signed amount, as typed into the grid."""
    text = editable_decimal(abs(amount), locale, minor_units)
    if amount == 0:
        return "", ""
    return (text, "") if amount > 0 else ("", text)
