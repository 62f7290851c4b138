"""A list as a file: CSV in a stream, or a workbook; of what is shown or of everything there is.

Cells that a spreadsheet would take for a formula are neutralised in both. The audit trail notes who
took what.
"""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Final

from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.i18n import use_locale
from backstay.resources import formats
from backstay.resources.declare import Kind
from backstay.resources.serialize import csv_line, file_writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Column
    from backstay.resources.filters import ListState
    from backstay.resources.query import ResourceQuery
    from backstay.resources.serialize import Reader

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_IN_REQUEST: Final = 10_000
"""Rows of a workbook that is made while its reader waits."""
_SPOOLED: Final = 4 * 1024 * 1024
_LONGEST_CELL: Final = 32_767
_EXACT: Final = 15
"""Digits of a number that a spreadsheet keeps."""


def columns_of(query: ResourceQuery, state: ListState, *, everything: bool) -> tuple[Column, ...]:
    """The columns of the file: those that are shown, or all."""
    return query.resource.columns if everything else state.shown(query.resource)


def csv_lines(
    query: ResourceQuery,
    state: ListState,
    reader: Reader,
    columns: tuple[Column, ...],
    *,
    source: Database,
    acting: Context,
    plugins: Suite,
) -> Iterator[str]:
    """The lines of the file, read in a session of its own: the request's is closed by then."""
    use_locale(reader.locale)
    with source.read(acting, plugins) as reading:
        rows, index = query.stream(reading, state, reader)
        writers = [(index.get(one.name), file_writer(one, reader)) for one in columns]
        yield "\ufeff" + csv_line([one.name for one in columns])
        for row in rows:
            yield csv_line([write(None if at is None else row[at]) for at, write in writers])


def workbook(
    query: ResourceQuery,
    session: Session,
    state: ListState,
    reader: Reader,
    columns: tuple[Column, ...],
    *,
    most: int = MOST_IN_REQUEST,
) -> IO[bytes]:
    """Write a list into a workbook, row by row, with little memory; the caller closes the file.

    Raises:
        Invalid: there are more than ``most`` rows.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    target: IO[bytes] = tempfile.SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115 - the caller closes
    # constant_memory writes each row to disk when the next one begins; texts are never formulas,
    # links or numbers, whatever they look like.
    book = xlsxwriter.Workbook(
        target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet(_sheet_name(str(query.resource.label_many)))
    head = book.add_format({"bold": True, "bottom": 1})
    money = book.add_format({"num_format": _money_format(reader.minor_units)})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    looks = {Kind.MONEY: money, Kind.DATE: day, Kind.INSTANT: moment}
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, 14 if column.kind is not Kind.TEXT else 24)
        sheet.write_string(0, place, str(column.label), head)
    rows, index = query.stream(session, state, reader)
    writers = [
        (index.get(one.name), one, file_writer(one, reader), looks.get(one.kind)) for one in columns
    ]
    number = 0
    for number, row in enumerate(rows, 1):
        if number > most:
            break
        for place, (at, column, write, look) in enumerate(writers):
            value = None if at is None else row[at]
            _cell(sheet, number, place, value, column, write, look, reader)
    book.close()
    if number > most:
        target.close()
        raise Invalid(
            _(
                "A workbook holds at most %(n)s rows here. Narrow the list, or take CSV, which has"
                " no limit.",
                n=formats.number(most, reader.locale),
            )
        )
    target.seek(0)
    return target


def _cell(
    sheet: Any,
    row: int,
    place: int,
    value: Any,
    column: Column,
    write: Any,
    look: Any,
    reader: Reader,
) -> None:
    if column.format is None and reader.may_read(column.group):
        match value:
            case bool():
                sheet.write_boolean(row, place, value)
                return
            case int() | Decimal() if len(Decimal(value).as_tuple().digits) <= _EXACT:
                sheet.write_number(row, place, value, look)
                return
            case datetime():
                local = value.astimezone(formats.zone(reader.time_zone)).replace(tzinfo=None)
                sheet.write_datetime(row, place, local, look)
                return
            case date():
                sheet.write_datetime(row, place, value, look)
                return
    text = write(value)
    if text:
        sheet.write_string(row, place, text[:_LONGEST_CELL])


def _sheet_name(title: str) -> str:
    return "".join(sign for sign in title if sign not in "[]:*?/\\'")[:31] or "Sheet1"


def _money_format(minor_units: int) -> str:
    return "#,##0" + ("." + "0" * minor_units if minor_units else "")
