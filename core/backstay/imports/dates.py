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
from backstay.imports.numbers import Seen

ORDERS: Final = ("dmy", "mdy")
MARKS: Final = ("/", ".", "-")
"""What may stand between day, month and year."""
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", re.ASCII)
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MONTHS: Final = 12


@dataclass(slots=True)
class Form:
    """A way of writing dates in a file, known by its separator.

    Arguments:
        example: the first date of it.
        only: by each order of day and month, the first date that allows no other.
    """

    separator: str
    example: Seen
    only: dict[str, Seen] = field(default_factory=dict)

    @property
    def order(self) -> str:
        """The order that all dates allow and some need; empty where they show none, or two."""
        return next(iter(self.only)) if len(self.only) == 1 else ""


@dataclass(slots=True)
class DateForms:
    """The forms in which the date columns of a file are written."""

    columns: tuple[str, ...]
    forms: dict[str, Form] = field(default_factory=dict)
    iso: Seen | None = None

    @classmethod
    def of(cls, columns: Sequence[ImportColumn]) -> DateForms:
        """Nothing was seen yet."""
        return cls(tuple(one.name for one in columns if one.is_date))

    def see(self, row: StagedRow) -> None:
        """Look at the dates of a row."""
        for name in self.columns:
            text = row.values.get(name, "")
            if found := _YEAR_LAST.fullmatch(text):
                seen = Seen(text, name, row.number)
                form = self.forms.setdefault(found[2], Form(found[2], seen))
                first, second = int(found[1]), int(found[3])
                # Where both are larger than a month it is no date: the kind says so of its row.
                if (first > _MONTHS) != (second > _MONTHS):
                    form.only.setdefault("dmy" if first > _MONTHS else "mdy", seen)
            elif self.iso is None and _ISO.fullmatch(text):
                self.iso = Seen(text, name, row.number)

    def guess(self) -> dict[str, str]:
        """What the only form of a file means, where some of its dates allow one order alone."""
        if self.iso or len(self.forms) != 1:
            return {}
        (form,) = self.forms.values()
        return {form.separator: form.order} if form.order else {}

    def notes(self, chosen: Mapping[str, str]) -> tuple[str, ...]:
        """How dates are read, where it was guessed."""
        return tuple(
            _(
                "Dates are read as day, month, year, as in “%(text)s”.",
                text=self.forms[mark].only[order].text,
            )
            if order == "dmy"
            else _(
                "Dates are read as month, day, year, as in “%(text)s”.",
                text=self.forms[mark].only[order].text,
            )
            for mark, order in self.guess().items()
            if chosen.get(mark) not in ORDERS
        )

    def problems(self, chosen: Mapping[str, str]) -> tuple[Problem, ...]:
        """What has to be asked or mended: one problem for each form that nobody has explained."""
        written = [*([self.iso] if self.iso else []), *(one.example for one in self.forms.values())]
        return tuple(
            _contradiction(form) if len(form.only) > 1 else _question(form, written)
            for form in self.forms.values()
            if chosen.get(form.separator) not in ORDERS
        )


def _contradiction(form: Form) -> Problem:
    first, second = sorted(form.only.items(), key=lambda one: one[1].row)
    orders = {"dmy": _("day, month, year"), "mdy": _("month, day, year")}
    message = _(
        "Two dates contradict each other: “%(first)s” in row %(row)s can only be %(order)s, and"
        " “%(second)s” in row %(other_row)s only %(other_order)s. Write all dates of the file in"
        " one order. Or say under “Columns and formats” which order is right: the rows that have"
        " the other one are then shown, and can be mended one by one.",
        first=first[1].text,
        row=first[1].row,
        order=orders[first[0]],
        second=second[1].text,
        other_row=second[1].row,
        other_order=orders[second[0]],
    )
    return Problem(message, second[1].column, second[1].row)


def _question(form: Form, written: Sequence[Seen]) -> Problem:
    example = form.example
    if len(written) > 1:
        listed = ", ".join(
            _("“%(example)s” in row %(row)s", example=one.text, row=one.row) for one in written
        )
        message = _(
            "Dates are written in %(n)s forms: %(listed)s. Say under “Columns and formats”"
            " what “%(example)s” means, or write year-month-day.",
            n=len(written),
            listed=listed,
            example=example.text,
        )
    else:
        message = _(
            "“%(example)s” can be read in more than one way. Say under “Columns and"
            " formats” which is the day and which the month, or write year-month-day.",
            example=example.text,
        )
    return Problem(message, example.column, example.row)


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
            row.values
            | {name: _iso(row.values[name], chosen) for name in names if name in row.values},
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
