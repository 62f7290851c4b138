"""Which form a file has, and its rows one by one: a table, a spreadsheet, a text of the kind's own.

A file is read twice: once to find what is wrong with it as a whole, once to keep its rows. So no
list of all rows is ever in memory, and a file of 200,000 rows needs little more than its own size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.imports.columns import Layout, fits, folded, header_of, layout_of, matched, sniff
from backstay.imports.dates import DateForms, with_iso_dates
from backstay.imports.encoding import decode
from backstay.imports.numbers import DECIMALS, Decimals, NumberForms, with_plain_numbers
from backstay.imports.parse import read_records, rows_of, table_rows, whole_note
from backstay.imports.spreadsheet import SIGNATURE, open_workbook, sheet_records, sheets_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.errors import Problem
    from backstay.imports.declare import ImportKind, StagedRow


@dataclass(frozen=True, slots=True)
class Options:
    """What a person said about how a file is to be read.

    Arguments:
        sheet: of a spreadsheet; empty for the first whose columns fit.
        columns: key of a header -> column of the kind, empty for “not used”.
        dates: separator of a form of dates -> ``dmy`` or ``mdy``.
        decimals: ``point`` or ``comma``; empty to go by what the numbers show.
    """

    sheet: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    decimals: Decimals = ""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Options:
        """From what is kept with an import."""
        return cls(
            str(stored.get("sheet", "")),
            dict(stored.get("columns", {})),
            dict(stored.get("dates", {})),
            decimals_of(stored.get("decimals")),
        )

    def stored(self) -> dict[str, Any]:
        """To be kept with an import."""
        return {
            "sheet": self.sheet,
            "columns": dict(self.columns),
            "dates": dict(self.dates),
            "decimals": self.decimals,
        }


@dataclass(frozen=True, slots=True)
class Surface:
    """What a file shows before its columns are known: for the page that matches them.

    Arguments:
        header: the cells of its first row; empty for a text that is no table.
        records: the numbered records below the header, each time it is called.
    """

    sheets: tuple[str, ...]
    sheet: str
    header: tuple[str, ...]
    records: Callable[[], Iterator[tuple[int, list[str]]]] = field(default=lambda: iter(()))

    @property
    def fingerprint(self) -> str:
        """The same for all files with these columns."""
        return hashlib.sha256("\n".join(map(folded, self.header)).encode()).hexdigest()


@dataclass(slots=True)
class OpenFile:
    """A file whose form is known; ``rows`` reads it from the top each time it is called.

    Arguments:
        late_notes: what was assumed or left aside, known once the rows were read.
        own_form: the rows come from a form of the kind's own, whose numbers are plain already.
        columns: those of the kind that the file has; None where its form has no columns.
        dates / decimals: how dates and numbers are read, as it was said or as they show.
    """

    rows: Callable[[], Iterable[StagedRow]]
    notes: tuple[str, ...]
    late_notes: Callable[[], tuple[str, ...]] = tuple
    own_form: bool = False
    columns: tuple[str, ...] | None = None
    dates: Mapping[str, str] = field(default_factory=dict)
    decimals: Decimals = ""

    def found(self) -> dict[str, Any]:
        """What was found out about the file, to be kept with its import."""
        return {"columns": self.columns, "dates": dict(self.dates), "decimals": self.decimals}


def surface(kind: ImportKind, content: bytes, options: Options) -> Surface:
    """Look at the first row.

    Raises:
        Invalid: the file can't be opened.
    """
    if content.startswith(SIGNATURE):
        workbook = open_workbook(content)
        sheets = sheets_of(workbook)
        sheet = _choose(workbook, sheets, kind, options)
        _number, header = next(sheet_records(workbook, sheet), (1, []))
        return Surface(
            tuple(sheets), sheet, tuple(header), lambda: _below(sheet_records(workbook, sheet))
        )
    text, _notes = decode(content)
    if _other_form(kind, text, options) is not None:
        return Surface((), "", ())
    delimiter, first = header_of(text, kind.columns, options.columns)
    return Surface((), "", tuple(first), lambda: _below(read_records(text, delimiter)))


def open_file(session: Session, kind: ImportKind, content: bytes, options: Options) -> OpenFile:
    """Find the form of a file and its columns, and read it once.

    Raises:
        Invalid: with one problem for each row, line or column that is wrong.
    """
    opened = _open(session, kind, content, options)
    dates = DateForms.of(kind.columns)
    numbers = NumberForms.of(() if opened.own_form else kind.columns)
    count = 0
    for row in opened.rows():
        count += 1
        dates.see(row)
        numbers.see(row)
    if not count:
        raise Invalid(_("The file has no rows that could be imported."), row=2)
    orders = dates.guess() | dict(options.dates)
    if asked := (*dates.problems(orders), *numbers.problems(options.decimals)):
        raise Invalid(_("Say what the dates and numbers mean."), problems=asked)
    decimals = options.decimals or numbers.guess()

    def rows() -> Iterable[StagedRow]:
        read = opened.rows()
        return read if opened.own_form else as_kinds_read(read, kind, orders, decimals)

    return OpenFile(
        rows,
        (
            *opened.notes,
            *opened.late_notes(),
            *dates.notes(options.dates),
            *numbers.notes(options.decimals),
        ),
        columns=opened.columns,
        dates=orders,
        decimals=decimals,
    )


def as_kinds_read(
    rows: Iterable[StagedRow], kind: ImportKind, dates: Mapping[str, str], decimals: Decimals
) -> Iterable[StagedRow]:
    """The rows with dates as year-month-day and plain numbers; what is neither stays as it is."""
    return with_plain_numbers(with_iso_dates(rows, kind.columns, dates), kind.columns, decimals)


def is_about_reading(kind: ImportKind, problems: Sequence[Problem]) -> bool:
    """Whether a file that can't be opened may be, once somebody says how it is to be read.

    Before its rows are known, only what its columns, dates and numbers mean is about a column.
    """
    names = {column.name for column in kind.columns}
    return any(problem.field in names for problem in problems)


def decimals_of(said: object) -> Decimals:
    """What somebody said of decimals, if it is an answer."""
    return next((one for one in DECIMALS if one == said), "")


def _below(records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """The records without the header."""
    next(records, None)
    return records


def _open(session: Session, kind: ImportKind, content: bytes, options: Options) -> OpenFile:
    if content.startswith(SIGNATURE):
        return _spreadsheet(kind, content, options)
    text, notes = decode(content)
    other = _other_form(kind, text, options)
    if other is None:
        layout = sniff(text, kind.columns, options.columns)
        return OpenFile(
            lambda: table_rows(text, layout),
            (*notes, *whole_note(text), *layout.notes),
            columns=tuple(layout.places),
        )
    reading = other.read(session, text)

    def rows() -> Iterator[StagedRow]:
        yield from reading.rows()
        if reading.problems:
            # Its lines have no columns, so saying what columns mean would not help.
            lines = tuple(replace(one, field=None) for one in reading.problems)
            raise Invalid(_("The file can't be read."), problems=lines)

    return OpenFile(rows, notes, lambda: tuple(reading.notes), own_form=True)


def _other_form(kind: ImportKind, text: str, options: Options) -> Any:
    if options.columns or fits(text, kind.columns):
        return None
    return next((one for one in kind.formats if one.recognises(text)), None)


def _spreadsheet(kind: ImportKind, content: bytes, options: Options) -> OpenFile:
    workbook = open_workbook(content)
    sheets = sheets_of(workbook)
    sheet = _choose(workbook, sheets, kind, options)
    _number, header = next(sheet_records(workbook, sheet), (1, []))
    layout: Layout = layout_of(header, kind.columns, options.columns)
    said = (
        (
            _(
                "Read was the sheet “%(sheet)s” of %(n)s; choose another under “Columns and"
                " formats”.",
                sheet=sheet,
                n=len(sheets),
            ),
        )
        if len(sheets) > 1
        else ()
    )
    return OpenFile(
        lambda: rows_of(sheet_records(workbook, sheet), layout, whole=True),
        (*said, *layout.notes),
        columns=tuple(layout.places),
    )


def _choose(workbook: Any, sheets: list[str], kind: ImportKind, options: Options) -> str:
    if options.sheet in sheets:
        return options.sheet
    if not sheets:
        raise Invalid(_("The spreadsheet has no sheet."), row=1)
    known: dict[str, tuple[int, int]] = {}
    for sheet in sheets:
        _number, header = next(sheet_records(workbook, sheet), (1, []))
        try:
            layout_of(header, kind.columns, options.columns)
        except Invalid:
            names = matched(header, kind.columns, options.columns)
            known[sheet] = (sum(map(bool, names)), len(header))
            continue
        return sheet
    # None fits: the one that looks most like the table, for the page that asks about it.
    return max(sheets, key=known.__getitem__)


__all__ = [
    "OpenFile",
    "Options",
    "Surface",
    "decimals_of",
    "is_about_reading",
    "open_file",
    "surface",
]
