"""Numbers with a decimal point or a decimal comma: told by the whole file, asked about if unclear.

1.234 is a little more than one, or more than a thousand. A number that can be read in one way only,
such as 1.234,56 or 0.5, says how the others of its file are meant. Where no number does, or two say
the opposite, the person is asked; then every number is brought into the one form that kinds read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from backstay.errors import Problem
from backstay.i18n import gettext as _
from backstay.imports.declare import ImportColumn, StagedRow

Decimals: TypeAlias = Literal["", "point", "comma"]
"""The decimal character of a file; empty where nothing says which."""
DECIMALS: Final[tuple[Decimals, ...]] = ("point", "comma")
_KEPT: Final = 100
_SPACES: Final = " \u00a0\u2009\u202f'\u2019"
# Digits of other scripts make no number: what one reader of a file takes for it, another does not.
_PLAIN: Final = re.compile(r"[+-]?\d+\.\d{1,2}", re.ASCII)
_MARKS: Final = re.compile(rf"[.,{_SPACES}]")
_AS_READ: Final = re.compile(r"(?:[+-]?\d+(?:\.\d{1,2})?)?", re.ASCII)
"""What needs no look: kinds read it as it is."""
_NOTHING: Final = frozenset({"-", "\u2013", "\u2014", "\u2212"})
"""What spreadsheets write for zero."""
_WRAPPED: Final = re.compile(rf"\(([\d.,{_SPACES}]+)\)|([\d.,{_SPACES}]+)[-\u2212]", re.ASCII)


def _written(decimal: str, group: str) -> re.Pattern[str]:
    """Digits with or without groups of three, divided by one character, and a fraction."""
    grouped = rf"[1-9]\d{{0,2}}([{group}{_SPACES}])\d{{3}}(?:\2\d{{3}})*"
    return re.compile(rf"([+-]?)(?:{grouped}|\d+)?(?:{decimal}\d*)?", re.ASCII)


_FORMS: Final[dict[str, tuple[re.Pattern[str], str]]] = {
    "point": (_written(r"\.", ","), "."),
    "comma": (_written(",", r"\."), ","),
}


class Exact(str):
    """A number that a spreadsheet holds as a number: nothing about it has to be guessed."""

    __slots__ = ()


def plain(text: str, decimals: Decimals) -> str | None:
    """A number of a file with a decimal point and without groups; None where it is no number so."""
    if text in _NOTHING:
        return "0"
    pattern, mark = _FORMS[decimals]
    # Brackets and a minus behind are how ledgers and spreadsheets write what is below zero.
    if wrapped := _WRAPPED.fullmatch(text):
        text = f"-{(wrapped[1] or wrapped[2]).strip()}"
    if not pattern.fullmatch(text) or not any(map(str.isdigit, text)):
        return None
    whole, _mark, fraction = text.partition(mark)
    digits = _MARKS.sub("", whole)
    return f"{digits}.{fraction}" if fraction else digits


@dataclass(frozen=True, slots=True)
class Seen:
    """A number or date of the file and where it stands."""

    text: str
    column: str
    row: int


@dataclass(slots=True)
class NumberForms:
    """How the number columns of a file are written.

    Arguments:
        only: the first hundred numbers that can be read in one way only, by that way.
        counts: how many there are.
        unclear: the first number that means one thing with a point and another with a comma.
    """

    columns: tuple[str, ...]
    only: dict[str, list[Seen]] = field(default_factory=lambda: {"point": [], "comma": []})
    counts: dict[str, int] = field(default_factory=lambda: {"point": 0, "comma": 0})
    unclear: Seen | None = None

    @classmethod
    def of(cls, columns: Sequence[ImportColumn]) -> NumberForms:
        """Nothing was seen yet."""
        return cls(tuple(one.name for one in columns if one.is_number))

    def see(self, row: StagedRow) -> None:
        """Look at the numbers of a row."""
        for name in self.columns:
            text = row.values.get(name, "")
            if isinstance(text, Exact) or not _MARKS.search(text):
                continue
            with_point = text if _PLAIN.fullmatch(text) else plain(text, "point")
            with_comma = None if with_point is text else plain(text, "comma")
            if with_point == with_comma:
                continue
            if with_point is not None and with_comma is not None:
                self.unclear = self.unclear or Seen(text, name, row.number)
                continue
            only = "point" if with_comma is None else "comma"
            self.counts[only] += 1
            if len(self.only[only]) < _KEPT:
                self.only[only].append(Seen(text, name, row.number))

    def guess(self) -> Decimals:
        """The decimal character that all numbers allow and some need."""
        needed = [one for one in DECIMALS if self.counts[one]]
        return needed[0] if len(needed) == 1 else ""

    def problems(self, chosen: Decimals) -> tuple[Problem, ...]:
        """What has to be asked or mended: each row that contradicts what was said or the others."""
        if chosen:
            return tuple(_against(one, chosen) for one in self.only[_other(chosen)])
        if all(self.counts.values()):
            common = max(DECIMALS, key=self.counts.__getitem__)
            example = self.only[common][0]
            return tuple(_mixed(one, common, example) for one in self.only[_other(common)])
        if self.unclear is None or self.guess():
            return ()
        seen = self.unclear
        return (
            Problem(
                _(
                    "“%(text)s” can be %(point)s or %(comma)s, and no number of the file shows"
                    " which. Say under “Columns and formats” how numbers are written.",
                    text=seen.text,
                    point=plain(seen.text, "point"),
                    comma=plain(seen.text, "comma"),
                ),
                seen.column,
                seen.row,
            ),
        )

    def notes(self, chosen: Decimals) -> tuple[str, ...]:
        """How numbers are read, where it was guessed and is not obvious."""
        decimals = self.guess()
        if chosen or not decimals:
            return ()
        seen = self.unclear or self.only[decimals][0]
        read = plain(seen.text, decimals)
        if self.unclear is None and read == seen.text:
            return ()
        values = {"text": seen.text, "row": seen.row, "read": read}
        return (
            _(
                "Numbers are read with a decimal comma: “%(text)s” in row %(row)s is %(read)s.",
                **values,
            )
            if decimals == "comma"
            else _(
                "Numbers are read with a decimal point: “%(text)s” in row %(row)s is %(read)s.",
                **values,
            ),
        )


def with_plain_numbers(
    rows: Iterable[StagedRow], columns: Sequence[ImportColumn], decimals: Decimals
) -> Iterable[StagedRow]:
    """The rows with numbers as kinds read them; what is no number stays as it is written."""
    names = [one.name for one in columns if one.is_number]
    return (_plain_row(row, names, decimals or "point") for row in rows) if names else rows


def _plain_row(row: StagedRow, names: Sequence[str], decimals: Decimals) -> StagedRow:
    changed = {}
    for name in names:
        text = row.values.get(name, "")
        if isinstance(text, Exact) or _AS_READ.fullmatch(text):
            continue
        changed[name] = plain(text, decimals) or text
    return StagedRow(row.number, row.values | changed) if changed else row


def _other(decimals: Decimals) -> Decimals:
    return "comma" if decimals == "point" else "point"


def _against(seen: Seen, chosen: Decimals) -> Problem:
    message = (
        _(
            "“%(text)s” is not written with a decimal comma, as was said of this file. Say"
            " otherwise under “Columns and formats”, or write all numbers of the file alike.",
            text=seen.text,
        )
        if chosen == "comma"
        else _(
            "“%(text)s” is not written with a decimal point, as was said of this file. Say"
            " otherwise under “Columns and formats”, or write all numbers of the file alike.",
            text=seen.text,
        )
    )
    return Problem(message, seen.column, seen.row)


def _mixed(seen: Seen, common: Decimals, example: Seen) -> Problem:
    values = {"text": seen.text, "example": example.text, "row": example.row}
    message = (
        _(
            "“%(text)s” has a decimal point, but “%(example)s” in row %(row)s a decimal comma."
            " Write all numbers of the file alike.",
            **values,
        )
        if common == "comma"
        else _(
            "“%(text)s” has a decimal comma, but “%(example)s” in row %(row)s a decimal point."
            " Write all numbers of the file alike.",
            **values,
        )
    )
    return Problem(message, seen.column, seen.row)
