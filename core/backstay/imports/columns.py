"""Which column of a file is which: by its header, whatever the separator and the order."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from backstay.errors import Invalid, Problem
from backstay.i18n import gettext as _
from backstay.imports.declare import ImportColumn

_DELIMITERS: Final = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out.

    Arguments:
        places: name of the column -> its place in a record.
        width: how many cells a record has.
        absent: optional columns that the file lacks.
        notes: what is left aside, in sentences.
    """

    delimiter: str
    places: dict[str, int]
    width: int
    absent: tuple[str, ...]
    notes: tuple[str, ...]


def sniff(
    text: str, columns: Sequence[ImportColumn], chosen: Mapping[str, str] | None = None
) -> Layout:
    """Find the separator and the columns by the header.

    Arguments:
        chosen: key of a header (see :func:`keys_of`) -> name of the column, or empty where it is
            not to be used.

    Raises:
        Invalid: required columns are missing (names them and those that were found), or a column
            is there twice.
    """
    delimiter, header = header_of(text, columns, chosen)
    return layout_of(header, columns, chosen, delimiter)


def header_of(
    text: str, columns: Sequence[ImportColumn], chosen: Mapping[str, str] | None = None
) -> tuple[str, list[str]]:
    """The separator, and the cells of the first row, whatever they are."""
    line = next((line for line in io.StringIO(text, newline=None) if line.strip()), "").rstrip("\n")
    known = names_of(columns) | dict(chosen or {})
    delimiter = max(_DELIMITERS, key=lambda mark: _quality(_header(line, mark), known))
    return delimiter, _header(line, delimiter)


def keys_of(header: Sequence[str]) -> list[str]:
    """What each cell of a header is known by: folded, and counted where it comes again."""
    seen: Counter[str] = Counter()
    keys = []
    for cell in header:
        key = folded(cell)
        seen[key] += 1
        # No folded header has a space, so none is taken for the second of another.
        keys.append(key if seen[key] == 1 else f"{key} {seen[key]}")
    return keys


def matched(
    header: Sequence[str],
    columns: Sequence[ImportColumn],
    chosen: Mapping[str, str] | None = None,
) -> list[str]:
    """The column that each cell of a header stands for, as it was chosen or by its name."""
    told = chosen or {}
    known = names_of(columns)
    return [
        told[key] if key in told else known.get(folded(cell), "")
        for cell, key in zip(header, keys_of(header), strict=True)
    ]


def layout_of(
    header: list[str],
    columns: Sequence[ImportColumn],
    chosen: Mapping[str, str] | None = None,
    delimiter: str = ",",
) -> Layout:
    """Find the columns by the cells of a header (see :func:`sniff`).

    Raises:
        Invalid: required columns are missing, or a column is there twice.
    """
    header = list(header)
    while len(header) > 1 and not header[-1].strip():
        header.pop()
    places: dict[str, int] = {}
    problems: list[Problem] = []
    unused: list[str] = []
    for place, (cell, name) in enumerate(
        zip(header, matched(header, columns, chosen), strict=True)
    ):
        if not name:
            unused.append(cell.strip() or _("(no header, column %(n)s)", n=place + 1))
        elif name in places:
            problems.append(_twice(name, header[places[name]], places[name], cell, place))
        else:
            places[name] = place
    missing = [
        one.name for one in columns if one.required and not {one.name, one.unless} & places.keys()
    ]
    if missing:
        problems += _missing(missing, header, columns, none_known=not places)
    if problems:
        raise Invalid(_("The columns of the file are not as expected."), problems=tuple(problems))
    return Layout(
        delimiter=delimiter,
        places=places,
        width=len(header),
        absent=tuple(one.name for one in columns if one.name not in places),
        notes=(
            (_("Columns that are not used: %(names)s.", names=", ".join(unused)),) if unused else ()
        ),
    )


def fits(text: str, columns: Sequence[ImportColumn]) -> bool:
    """Whether a text has all required columns, to tell which kind of file it might be."""
    try:
        sniff(text, columns)
    except Invalid:
        return False
    return True


def names_of(columns: Sequence[ImportColumn]) -> dict[str, str]:
    """Folded header or alias -> name of the column."""
    return {
        folded(header): column.name
        for column in columns
        for header in (column.name, *column.aliases)
    }


def folded(header: str) -> str:
    """A header as it is compared: without case, spaces, hyphens and underscores."""
    return "".join(header.casefold().replace("_", " ").replace("-", " ").split())


def _header(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [""])
    except csv.Error:
        return [line]


def _quality(header: list[str], known: dict[str, str]) -> tuple[int, int]:
    return sum(folded(cell) in known for cell in header), len(header)


def _twice(name: str, first: str, at: int, second: str, place: int) -> Problem:
    if folded(first) == folded(second):
        message = _(
            "The column “%(name)s” is there twice: as columns %(first)s and %(second)s. Leave"
            " one out, or say under “Columns and formats” which of them is not used.",
            name=first.strip(),
            first=at + 1,
            second=place + 1,
        )
    else:
        message = _(
            "The columns “%(first)s” and “%(second)s” mean the same. Leave one out, or say under"
            " “Columns and formats” which of them is not used.",
            first=first.strip(),
            second=second.strip(),
        )
    return Problem(message, field=name, row=1)


def _missing(
    missing: list[str], header: list[str], columns: Sequence[ImportColumn], *, none_known: bool
) -> list[Problem]:
    found = ", ".join(cell.strip() for cell in header if cell.strip()) or _("none")
    if none_known:
        expected = ", ".join(column.name for column in columns if column.required)
        return [
            Problem(
                _(
                    "None of the columns is known. Expected: %(expected)s. Found: %(found)s."
                    " Say under “Columns and formats” which column is which. If the first row is"
                    " already data, write a row with the names of the columns above it.",
                    expected=expected,
                    found=found[:200],
                ),
                field=missing[0],
                row=1,
            )
        ]
    return [
        Problem(
            _(
                "The column “%(name)s” is missing. Columns found: %(found)s. If one of them is"
                " meant, rename it, or say so under “Columns and formats”.",
                name=name,
                found=found[:200],
            ),
            field=name,
            row=1,
        )
        for name in missing
    ]
