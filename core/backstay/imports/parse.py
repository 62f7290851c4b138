"""From the bytes of an uploaded file to rows of text, or to the reasons why not.

Cells stay text: what a date or an amount is, the kind of import knows. Refused are files that are
not what they seem: a spreadsheet saved as such, a file that was cut off, columns that are missing.
Rows are counted as a spreadsheet counts them; the header is row 1.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from backstay.errors import Invalid, Problem
from backstay.i18n import gettext as _
from backstay.imports.columns import Layout, sniff
from backstay.imports.declare import ImportColumn, StagedRow
from backstay.imports.encoding import decode
from backstay.imports.numbers import Exact

MAX_ROWS: Final = 500_000
MAX_CELL: Final = 32_767
"""As in a spreadsheet; longer ones come from a quote that is never closed."""
MAX_PROBLEMS: Final = 1000
# The limit of the csv module is one for the whole process and would name no row.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as it was read.

    Arguments:
        rows: with an empty text for optional columns that the file lacks.
        notes: what was assumed, in sentences.
    """

    rows: tuple[StagedRow, ...]
    notes: tuple[str, ...]


def parse(content: bytes, columns: Sequence[ImportColumn]) -> Parsed:
    """Read a CSV file with the columns of an import kind.

    Arguments:
        content: UTF-8 (with or without BOM) or Windows-1252; commas, semicolons or tabs.

    Raises:
        Invalid: with one problem for each row or column that is wrong.
    """
    text, notes = decode(content)
    layout = sniff(text, columns)
    rows = tuple(table_rows(text, layout))
    if not rows:
        raise Invalid(_("The file has a header but no rows."), row=2)
    return Parsed(rows, (*notes, *whole_note(text), *layout.notes))


def whole_note(text: str) -> tuple[str, ...]:
    """A warning where the last row might have been cut off."""
    if is_whole(text):
        return ()
    return (_("The last row has no line end: make sure that the file was not cut off there."),)


def table_rows(text: str, layout: Layout) -> Iterator[StagedRow]:
    """The rows of a CSV text one by one.

    Raises:
        Invalid: at the end, with every row that is not as it should be.
    """
    return rows_of(read_records(text, layout.delimiter), layout, whole=is_whole(text))


def is_whole(text: str) -> bool:
    """Whether a text ends with the end of a line."""
    return text.endswith(("\n", "\r"))


def rows_of(
    records: Iterator[tuple[int, list[str]]], layout: Layout, *, whole: bool
) -> Iterator[StagedRow]:
    """The rows of numbered records, the first of which is the header.

    Arguments:
        whole: the last record is known to be complete.

    Raises:
        Invalid: at the end, with every row that is not as it should be.
    """
    problems: list[Problem] = []
    header = next(records)
    absent = dict.fromkeys(layout.absent, "")
    last: tuple[int, int] | None = None
    for number, cells in records:
        if number - 1 > MAX_ROWS:
            raise Invalid(
                _(
                    "The file has more than %(most)s rows. Split it into several files.",
                    most=MAX_ROWS,
                ),
                row=number,
            )
        last = (number, len(cells))
        if len(cells) != layout.width:
            cells = _fitted(cells, layout.width)  # noqa: PLW2901
            if len(cells) != layout.width:
                problems.append(_wrong_width(number, len(cells), layout.width))
                continue
        long = next((i for i, cell in enumerate(cells) if len(cell) > MAX_CELL), None)
        if long is not None:
            problems.append(_too_long(number, header[1][long]))
            continue
        if not problems:
            yield StagedRow(
                number,
                {name: _cell(cells[place]) for name, place in layout.places.items()} | absent,
            )
    if last is not None and not whole and last[1] < layout.width:
        problems = [one for one in problems if one.row != last[0]]
        problems.append(_cut_off(last[0]))
    if problems:
        raise Invalid(_("The file can't be read."), problems=tuple(problems[:MAX_PROBLEMS]))


def _cell(text: str) -> str:
    return text if isinstance(text, Exact) else text.strip()


def read_records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV text that are not blank, each with its number.

    Raises:
        Invalid: a quote is not closed, or text follows one.
    """
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=False
    )
    number = 0
    try:
        for cells in reader:
            number += 1
            if any(cells):
                yield number, cells
    except csv.Error as error:
        raise _unreadable(number + 1, str(error)) from error


def _unreadable(row: int, error: str) -> Invalid:
    if "unexpected end" in error:
        return Invalid(
            _(
                "The file ends in the middle of row %(row)s, inside a quoted cell: it was cut off,"
                " or a closing quote is missing in that row.",
                row=row,
            ),
            row=row,
        )
    return Invalid(
        _(
            "A quote in this row is followed by text. Write a quote inside a quoted cell twice"
            ' ("").'
        ),
        row=row,
    )


def _fitted(cells: list[str], width: int) -> list[str]:
    """Without empty cells beyond the last column, which spreadsheets like to add."""
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _wrong_width(row: int, found: int, expected: int) -> Problem:
    if found > expected:
        return Problem(
            _(
                "The row has %(found)s cells, but there are %(expected)s columns. A cell that"
                " contains the separator must be in quotes.",
                found=found,
                expected=expected,
            ),
            row=row,
        )
    return Problem(
        _(
            "The row has %(found)s cells, but there are %(expected)s columns.",
            found=found,
            expected=expected,
        ),
        row=row,
    )


def _too_long(row: int, column: str) -> Problem:
    return Problem(
        _(
            "The cell has more than %(most)s characters; probably a quote is not closed.",
            most=MAX_CELL,
        ),
        field=column,
        row=row,
    )


def _cut_off(row: int) -> Problem:
    return Problem(
        _(
            "The file ends in the middle of row %(row)s: it was cut off. Export or copy it again.",
            row=row,
        ),
        row=row,
    )
