"""Which form a file has, and its rows one by one: a table, a spreadsheet, a text of the kind's own.

A file is read twice: once to find what is wrong with it as a whole, once to keep its rows. So no
list of all rows is ever in memory, and a file of 200,000 rows needs little more than its own size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.imports.columns import Layout, fits, folded, header_of, layout_of, sniff
from backstay.imports.dates import DateForms, with_iso_dates
from backstay.imports.encoding import decode
from backstay.imports.parse import rows_of, table_rows, whole_note
from backstay.imports.spreadsheet import SIGNATURE, open_workbook, sheet_records, sheets_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.imports.declare import ImportKind, StagedRow


@dataclass(frozen=True, slots=True)
class Options:
    """What a person said about how a file is to be read.

    Arguments:
        sheet: of a spreadsheet; empty for the first whose columns fit.
        columns: folded header -> column of the kind, empty for “not used”.
        dates: separator of a form of dates -> ``dmy`` or ``mdy``.
    """

    sheet: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Options:
        """From what is kept with an import."""
        return cls(
            str(stored.get("sheet", "")),
            dict(stored.get("columns", {})),
            dict(stored.get("dates", {})),
        )

    def stored(self) -> dict[str, Any]:
        """To be kept with an import."""
        return {"sheet": self.sheet, "columns": dict(self.columns), "dates": dict(self.dates)}


@dataclass(frozen=True, slots=True)
class Surface:
    """What a file shows before its columns are known: for the page that matches them.

    Arguments:
        header: the cells of its first row; empty for a text that is no table.
    """

    sheets: tuple[str, ...]
    sheet: str
    header: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """The same for all files with these columns."""
        return hashlib.sha256("\n".join(map(folded, self.header)).encode()).hexdigest()


@dataclass(slots=True)
class OpenFile:
    """A file whose form is known; ``rows`` reads it from the top each time it is called.

    Arguments:
        late_notes: what was assumed or left aside, known once the rows were read.
    """

    rows: Callable[[], Iterable[StagedRow]]
    notes: tuple[str, ...]
    late_notes: Callable[[], tuple[str, ...]] = tuple


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
        return Surface(tuple(sheets), sheet, tuple(header))
    text, _notes = decode(content)
    if _other_form(kind, text, options) is not None:
        return Surface((), "", ())
    return Surface((), "", tuple(header_of(text, kind.columns)))


def open_file(session: Session, kind: ImportKind, content: bytes, options: Options) -> OpenFile:
    """Find the form of a file and its columns, and read it once.

    Raises:
        Invalid: with one problem for each row, line or column that is wrong.
    """
    opened = _open(session, kind, content, options)
    forms = DateForms.of(kind.columns)
    count = 0
    for row in opened.rows():
        count += 1
        forms.see(row)
    if not count:
        raise Invalid(_("The file has no rows that could be imported."), row=2)
    if asked := forms.problems(options.dates):
        raise Invalid(_("Say what the dates mean."), problems=asked)
    return OpenFile(
        lambda: with_iso_dates(opened.rows(), kind.columns, options.dates),
        (*opened.notes, *opened.late_notes()),
    )


def _open(session: Session, kind: ImportKind, content: bytes, options: Options) -> OpenFile:
    if content.startswith(SIGNATURE):
        return _spreadsheet(kind, content, options)
    text, notes = decode(content)
    other = _other_form(kind, text, options)
    if other is None:
        layout = sniff(text, kind.columns, options.columns)
        return OpenFile(
            lambda: table_rows(text, layout), (*notes, *whole_note(text), *layout.notes)
        )
    reading = other.read(session, text)

    def rows() -> Iterator[StagedRow]:
        yield from reading.rows()
        if reading.problems:
            raise Invalid(_("The file can't be read."), problems=tuple(reading.problems))

    return OpenFile(rows, notes, lambda: tuple(reading.notes))


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
                " dates”.",
                sheet=sheet,
                n=len(sheets),
            ),
        )
        if len(sheets) > 1
        else ()
    )
    return OpenFile(
        lambda: rows_of(sheet_records(workbook, sheet), layout, whole=True), (*said, *layout.notes)
    )


def _choose(workbook: Any, sheets: list[str], kind: ImportKind, options: Options) -> str:
    if options.sheet in sheets:
        return options.sheet
    if not sheets:
        raise Invalid(_("The spreadsheet has no sheet."), row=1)
    for sheet in sheets:
        _number, header = next(sheet_records(workbook, sheet), (1, []))
        try:
            layout_of(header, kind.columns, options.columns)
        except Invalid:
            continue
        return sheet
    return sheets[0]


__all__ = ["OpenFile", "Options", "Surface", "open_file", "surface"]
