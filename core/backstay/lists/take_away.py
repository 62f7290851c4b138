"""A list as a file, written row by row: CSV, or a workbook; of what is shown or of everything.

Cells that a spreadsheet would take for a formula are neutralised in both. Whoever waits for a short
list and the job that makes a long one write it with the same function.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from backstay.clock import today
from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.resources import formats
from backstay.resources.declare import Kind
from backstay.resources.serialize import csv_line, file_writer
from backstay.resources.workbooks import (
    LONGEST_CELL,
    money_look,
    new_workbook,
    sheet_name,
    write_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from backstay.db.context import Context
    from backstay.i18n import Text
    from backstay.lists.filters import ListState
    from backstay.lists.query import ResourceQuery
    from backstay.resources.declare import Column, Resource
    from backstay.resources.serialize import Reader

CSV: Final = "csv"
XLSX: Final = "xlsx"
MEDIA_TYPES: Final = {
    CSV: "text/csv",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The formats, each the ending of its files, with what they are served as."""
LABELS: Final[dict[str, Text]] = {CSV: lazy("CSV"), XLSX: lazy("Excel workbook")}
ROWS_OF_A_SHEET: Final = 1_048_575
"""Rows below the head of an Excel sheet, which has 1,048,576; what is beyond has another sheet."""
TOLD_EVERY: Final = 2_000
"""Rows between two signs of progress."""


class Target(Protocol):
    """A file that is written from its beginning to its end."""

    def write(self, data: bytes, /) -> int:
        """Add bytes."""


def columns_of(query: ResourceQuery, state: ListState, *, everything: bool) -> tuple[Column, ...]:
    """The columns of the file: those that are shown, or all."""
    return query.resource.columns if everything else state.shown(query.resource)


def file_name(resource: Resource, context: Context, form: str) -> str:
    """The name of the file, such as ``entries-ACME-2026-03-05.csv``."""
    company = (context.company.code,) if context.company else ()
    return f"{'-'.join((resource.path, *company, today().isoformat()))}.{form}"


def write_list(
    target: Target,
    form: str,
    query: ResourceQuery,
    session: Session,
    state: ListState,
    reader: Reader,
    columns: tuple[Column, ...],
    told: Callable[[int], None] = lambda _rows: None,
) -> int:
    """Write a list into a file in one consistent read, with little memory; returns its rows.

    Arguments:
        form: ``csv`` or ``xlsx``.
        told: called with the number of rows so far, now and then.

    Raises:
        Invalid: it is too large for a workbook.
    """
    found, index = query.stream(session, state, reader)
    places = tuple(index.get(column.name) for column in columns)
    count = 0

    def rows() -> Iterator[list[Any]]:
        nonlocal count
        for row in found:
            yield [None if at is None else row[at] for at in places]
            count += 1
            if count % TOLD_EVERY == 0:
                told(count)

    if form == CSV:
        _write_csv(target, rows(), reader, columns)
    else:
        _write_workbook(target, rows(), reader, columns, str(query.resource.label_many))
    return count


def _write_csv(
    target: Target, rows: Iterable[Sequence[Any]], reader: Reader, columns: tuple[Column, ...]
) -> None:
    writers = [file_writer(one, reader) for one in columns]
    # The mark tells Excel that it is UTF-8.
    target.write(("\ufeff" + csv_line([one.name for one in columns])).encode())
    for row in rows:
        line = csv_line([write(value) for write, value in zip(writers, row, strict=True)])
        target.write(line.encode())


def _write_workbook(
    target: Target,
    rows: Iterable[Sequence[Any]],
    reader: Reader,
    columns: tuple[Column, ...],
    title: str,
) -> None:
    with _workbook(target) as book:
        looks = {
            Kind.MONEY: book.add_format({"num_format": money_look(reader.minor_units)}),
            Kind.DATE: book.add_format({"num_format": "yyyy-mm-dd"}),
            Kind.INSTANT: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        }
        head = book.add_format({"bold": True, "bottom": 1})
        writers = [(one, file_writer(one, reader), looks.get(one.kind)) for one in columns]
        sheet = _sheet(book, title, columns, head)
        at = 0
        for row in rows:
            if at == ROWS_OF_A_SHEET:
                sheet = _sheet(book, title, columns, head)
                at = 0
            at += 1
            for place, (value, (column, write, look)) in enumerate(zip(row, writers, strict=True)):
                _cell(sheet, at, place, value, column, write, look, reader)


@contextmanager
def _workbook(target: Target) -> Iterator[Any]:
    """A workbook that writes each row to disk when the next one begins, closed at the end."""
    from xlsxwriter.exceptions import FileSizeError  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory(prefix="backstay-") as folder:
        book = new_workbook(target, constant_memory=True, tmpdir=folder)
        yield book
        try:
            book.close()
        except FileSizeError as error:
            raise Invalid(
                _("The list is too large for a workbook. Narrow it, or take CSV, without limit.")
            ) from error


def _sheet(book: Any, title: str, columns: tuple[Column, ...], head: Any) -> Any:
    """The next sheet, with the names of the columns on top."""
    number = len(book.worksheets()) + 1
    ending = f" ({number})" if number > 1 else ""
    sheet = book.add_worksheet(sheet_name(title, ending))
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, 14 if column.kind is not Kind.TEXT else 24)
        sheet.write_string(0, place, str(column.label), head)
    return sheet


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
    plain = column.format is None and reader.may_read(column.group)
    if plain and write_value(sheet, row, place, value, look, formats.zone(reader.time_zone)):
        return
    text = write(value)
    if text:
        sheet.write_string(row, place, text[:LONGEST_CELL])
