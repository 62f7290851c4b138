"""Reading a spreadsheet (XLSX) without trusting it: measured before it is opened, never computed.

An XLSX file is a ZIP archive: a few kilobytes can unpack to gigabytes, and a sheet with one cell in
its last corner spans seventeen thousand million cells. Both are found by unpacking in small pieces
and counting, before the reader sees the file. Cells come as the text of what they show; a formula
gives the value that was saved with it, and is never computed.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.imports.numbers import Exact

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

SIGNATURE: Final = b"PK\x03\x04"
MAX_UNPACKED: Final = 150 * 1024 * 1024
MAX_PARTS: Final = 2000
MAX_CELLS: Final = 4_000_000
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    EOFError,
    OSError,
    RuntimeError,
)
_CHUNK: Final = 64 * 1024
_MARKER: Final = "[Content_Types].xml"
_REFERENCE: Final = re.compile(rb'<c [^>]*?r="([A-Z]{1,3})(\d{1,7})"')
_TAIL: Final = 200


def open_workbook(content: bytes) -> CalamineWorkbook:
    """Open a spreadsheet after measuring what it unpacks to.

    Raises:
        Invalid: it is no XLSX file, is damaged or locked, or would need too much memory.
    """
    # Late: a process that shows pages alone need not hold the library.
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _measure(archive)
    except _UNREADABLE as error:
        raise _damaged() from error
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (CalamineError, ValueError, OSError) as error:
        raise _damaged() from error


def sheets_of(workbook: CalamineWorkbook) -> list[str]:
    """The names of the sheets that people see."""
    from python_calamine import SheetVisibleEnum

    return [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == SheetVisibleEnum.Visible
    ]


def sheet_records(workbook: CalamineWorkbook, sheet: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet that are not blank, as text, each with its number in the sheet."""
    from python_calamine import CalamineError

    try:
        opened = workbook.get_sheet_by_name(sheet)
        first = opened.start[0] if opened.start else 0
        for number, cells in enumerate(opened.iter_rows(), first + 1):
            shown = [_text(cell) for cell in cells]
            if any(shown):
                yield number, shown
    except (CalamineError, ValueError, OSError) as error:
        raise _damaged() from error


def _measure(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise _too_large()
    if _MARKER not in {part.filename for part in parts}:
        raise Invalid(
            _("This is a ZIP archive, not a spreadsheet. Unpack it and import the files in it."),
            row=1,
        )
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise _too_large()
    left = MAX_UNPACKED
    for part in parts:
        left = _measure_part(archive, part, left)


def _measure_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    """Unpack a part in pieces; what its header says of its size may be untrue."""
    is_sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
    rows = columns = 0
    tail = b""
    with archive.open(part) as stream:
        while piece := stream.read(_CHUNK):
            left -= len(piece)
            if left < 0:
                raise _too_large()
            if is_sheet:
                for letters, row in _REFERENCE.findall(tail + piece):
                    rows = max(rows, int(row))
                    columns = max(columns, _column(letters))
                tail = piece[-_TAIL:]
    if rows * columns > MAX_CELLS:
        raise Invalid(
            _(
                "A sheet reaches to row %(rows)s and column %(columns)s: more than %(most)s cells."
                " Delete the empty rows and columns beyond the table.",
                rows=rows,
                columns=columns,
                most=MAX_CELLS,
            ),
            row=1,
        )
    return left


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _text(cell: object) -> str:
    """What a cell holds, as it would be written in a CSV file."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return Exact(f"{Decimal(repr(cell)):f}".removesuffix(".0"))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


def _too_large() -> Invalid:
    return Invalid(
        _(
            "The spreadsheet unpacks to more than %(most)s MB. Save the table alone, without"
            " pictures and other sheets, or as CSV.",
            most=MAX_UNPACKED // 1024 // 1024,
        ),
        row=1,
    )


def _damaged() -> Invalid:
    return Invalid(
        _(
            "The spreadsheet can't be opened: it is damaged, was cut off, or is protected by a"
            " password. Open and save it again as XLSX or CSV."
        ),
        row=1,
    )
