"""Amounts and dates as cells of tables, in the reader's locale and the company's decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from backstay.spi import company_of, context_of, date_text, money_formatter, plain_money
from backstay.spi import gettext as _
from backstay.spi import view as ui

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from backstay.spi import Text


class Figures:
    """Writes the amounts of one page; made once, because a report has thousands of them."""

    def __init__(self, session: Session) -> None:
        """Take locale and decimals from the session."""
        company = company_of(session)
        self.currency = company.currency
        self.minor_units = company.minor_units
        self._locale = context_of(session).locale
        self._write = money_formatter(self._locale, company.minor_units)

    def text(self, amount: Decimal) -> str:
        """An amount with its sign."""
        return self._write(amount)

    def count(self, number: int) -> str:
        """How many there are, in groups of three digits."""
        return money_formatter(self._locale, 0)(Decimal(number))

    def cell(self, amount: Decimal | None, href: str | None = None) -> ui.Cell:
        """A signed amount; None leaves the cell empty."""
        return ui.Cell("" if amount is None else self._write(amount), "money", href)

    def sides(self, amount: Decimal) -> tuple[ui.Cell, ui.Cell]:
        """A signed amount as debit and credit, the other one empty."""
        empty = ui.Cell("", "money")
        if amount == 0:
            return empty, empty
        shown = ui.Cell(self._write(abs(amount)), "money")
        return (shown, empty) if amount > 0 else (empty, shown)

    def balance(self, amount: Decimal) -> str:
        """A balance as accountants write it: ``1,250.00 Dr``, ``1,250.00 Cr``, ``0.00``."""
        text = self._write(abs(amount))
        if amount == 0:
            return text
        side = _("%(amount)s Dr") if amount > 0 else _("%(amount)s Cr")
        return side % {"amount": text}

    def day(self, day: date) -> str:
        """A business date."""
        return date_text(day, self._locale)

    def plain(self, amount: Decimal) -> str:
        """An amount for files: a point, no groups."""
        return plain_money(amount, self.minor_units)


def heads(*columns: tuple[str, Text, bool]) -> tuple[ui.Head, ...]:
    """Column headings: name, label, and whether it is a figure."""
    return tuple(
        ui.Head(name, label, "end" if figure else "start") for name, label, figure in columns
    )
