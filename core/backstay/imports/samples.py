"""What the first rows of a file show of its columns: for the page that asks how to read it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from backstay.errors import Invalid
from backstay.imports.columns import matched
from backstay.imports.dates import DateForms
from backstay.imports.declare import StagedRow
from backstay.imports.numbers import NumberForms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay.imports.declare import ImportKind
    from backstay.imports.reading import Options, Surface

_LOOKED_AT: Final = 2000
_EACH: Final = 3
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Samples:
    """The first rows of a file.

    Arguments:
        values: the first distinct values of each column, by its place.
        dates: the forms of dates in the columns that hold dates.
        numbers: the forms of numbers in the columns that hold numbers.
    """

    values: tuple[tuple[str, ...], ...]
    dates: DateForms
    numbers: NumberForms


def samples_of(kind: ImportKind, shown: Surface, options: Options) -> Samples:
    """Look at the first 2,000 rows, or at those before one that can't be read."""
    names = matched(shown.header, kind.columns, options.columns)
    values: list[dict[str, None]] = [{} for _ in shown.header]
    dates, numbers = DateForms.of(kind.columns), NumberForms.of(kind.columns)
    for number, cells in _readable(shown):
        row = {}
        for place, cell in enumerate(cells[: len(values)]):
            if names[place]:
                row[names[place]] = cell
            if cell.strip() and len(values[place]) < _EACH:
                values[place][_short(cell.strip())] = None
        dates.see(StagedRow(number, row))
        numbers.see(StagedRow(number, row))
    return Samples(tuple(map(tuple, values)), dates, numbers)


def _readable(shown: Surface) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from islice(shown.records(), _LOOKED_AT)
    except Invalid:
        return  # the page of the import says where and why


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
