"""Dates in other forms than year-month-day: told, asked about, and never guessed.

03/04/2026 is a day in March or one in April. A file may even hold three forms at once. What each
form means is for the person to say; then every date is brought into the one form that kinds read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from backstay.errors import Problem
from backstay.i18n import gettext as _
from backstay.imports.declare import ImportColumn, StagedRow

ORDERS: Final = ("dmy", "mdy")
MARKS: Final = ("/", ".", "-")
"""What may stand between day, month and year."""
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTHS: Final = 12


@dataclass(slots=True)
class Form:
    """A way of writing dates in a file, known by its separator.

    Arguments:
        orders: the orders of day and month that all dates of the form allow.
        clear: a date of it that allows one order only.
    """

    separator: str
    example: str
    row: int
    orders: set[str] = field(default_factory=lambda: set(ORDERS))
    clear: str = ""


@dataclass(slots=True)
class DateForms:
    """The forms in which the date columns of a file are written."""

    columns: tuple[str, ...]
    forms: dict[str, Form] = field(default_factory=dict)
    iso: str = ""
    iso_row: int = 0

    @classmethod
    def of(cls, columns: Sequence[ImportColumn]) -> DateForms:
        """Nothing was seen yet."""
        return cls(tuple(one.name for one in columns if one.is_date))

    def see(self, row: StagedRow) -> None:
        """Look at the dates of a row."""
        for name in self.columns:
            text = row.values.get(name, "")
            if found := _YEAR_LAST.fullmatch(text):
                form = self.forms.setdefault(found[2], Form(found[2], text, row.number))
                first, second = int(found[1]), int(found[3])
                if first > _MONTHS:
                    form.orders.discard("mdy")
                if second > _MONTHS:
                    form.orders.discard("dmy")
                if max(first, second) > _MONTHS:
                    form.clear = form.clear or text
            elif not self.iso and _ISO.fullmatch(text):
                self.iso, self.iso_row = text, row.number

    def guess(self) -> dict[str, str]:
        """What the only form of a file means, where some of its dates allow one order alone."""
        if self.iso or len(self.forms) != 1:
            return {}
        (form,) = self.forms.values()
        return {form.separator: next(iter(form.orders))} if len(form.orders) == 1 else {}

    def notes(self, chosen: Mapping[str, str]) -> tuple[str, ...]:
        """How dates are read, where it was guessed."""
        return tuple(
            _("Dates are read as day, month, year, as in “%(text)s”.", text=self.forms[mark].clear)
            if order == "dmy"
            else _(
                "Dates are read as month, day, year, as in “%(text)s”.", text=self.forms[mark].clear
            )
            for mark, order in self.guess().items()
            if chosen.get(mark) not in ORDERS
        )

    def problems(self, chosen: Mapping[str, str]) -> tuple[Problem, ...]:
        """What has to be asked: one problem for each form that nobody has explained."""
        written = [
            *([(self.iso, self.iso_row)] if self.iso else []),
            *((form.example, form.row) for form in self.forms.values()),
        ]
        listed = ", ".join(
            _("“%(example)s” in row %(row)s", example=text, row=row) for text, row in written
        )
        return tuple(
            Problem(
                _(
                    "Dates are written in %(n)s forms: %(listed)s. Say under “Columns and formats”"
                    " what “%(example)s” means, or write year-month-day.",
                    n=len(written),
                    listed=listed,
                    example=form.example,
                )
                if len(written) > 1
                else _(
                    "“%(example)s” can be read in more than one way. Say under “Columns and"
                    " formats” which is the day and which the month, or write year-month-day.",
                    example=form.example,
                ),
                self.columns[0],
                form.row,
            )
            for form in self.forms.values()
            if chosen.get(form.separator) not in ORDERS
        )


def with_iso_dates(
    rows: Iterable[StagedRow], columns: Sequence[ImportColumn], chosen: Mapping[str, str]
) -> Iterable[StagedRow]:
    """The rows with their dates as year-month-day; what is no day stays as it is written."""
    names = [one.name for one in columns if one.is_date]
    if not chosen or not names:
        return rows
    return (
        StagedRow(
            row.number,
            row.values | {name: _iso(row.values.get(name, ""), chosen) for name in names},
        )
        for row in rows
    )


def _iso(text: str, chosen: Mapping[str, str]) -> str:
    found = _YEAR_LAST.fullmatch(text)
    order = chosen.get(found[2]) if found else None
    if found is None or order not in ORDERS:
        return text
    day, month = (found[1], found[3]) if order == "dmy" else (found[3], found[1])
    try:
        return date(int(found[4]), int(month), int(day)).isoformat()
    except ValueError:
        return text
