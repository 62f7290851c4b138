"""Long reports as workbooks: written to disk row by row, figures as numbers, no formulas."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from flask import Response

from backstay.spi import (
    Event,
    Invalid,
    audit_now,
    company_of,
    context,
    database,
    money_look,
    new_workbook,
    session,
    sheet_name,
    suite,
    write_value,
)
from backstay.spi import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy.orm import Session

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS: Final = 50_000
"""What is written while its reader waits; CSV goes out while it is read and has no limit."""
_LONGEST_CELL: Final = 32_767
_PIECE: Final = 64 * 1024
_A4: Final = 9

Head = tuple[str, str]
"""What stands above a column, and the kind of its values: text, money, percent, ..."""


def workbook_file(
    name: str,
    label: str,
    said: Sequence[str],
    heads: Sequence[Head],
    rows: Callable[[Session], Iterable[Sequence[Any]]],
    *,
    entity: str,
    parameters: dict[str, Any],
) -> Response:
    """Send rows as a workbook, with one row in memory at a time.

    Arguments:
        name: the file's name.
        label: what the report is called; names the sheets.
        said: what stands above the columns besides the company and the currency: the days, and
            which part of the books, where it is not all.
        rows: reads the rows as values, in a session of its own.
        entity: what is exported, and with which parameters, for the audit trail.

    Raises:
        Invalid: there are more than ``MOST_ROWS``, or they are too large for a workbook.
    """
    acting, company = context(), company_of(session())
    target = tempfile.TemporaryFile(prefix="backstay-")  # noqa: SIM115 - closed when it was sent
    try:
        with database().read(acting, suite()) as reading:
            titles = f"{company.name}: {label}", " · ".join(one for one in said if one)
            title = f"{' '.join(titles)} ({company.currency})"
            _write(target, label, title, heads, rows(reading), company.minor_units)
        audit_now(
            Event(
                action="export",
                entity=entity,
                label=name,
                plugin="ledger",
                company_id=company.id,
                after={"format": "xlsx", **parameters},
            )
        )
    except BaseException:
        target.close()
        raise
    length = target.seek(0, 2)
    target.seek(0)

    def pieces() -> Iterator[bytes]:
        while piece := target.read(_PIECE):
            yield piece

    response = Response(pieces(), mimetype=MEDIA_TYPE)
    response.content_length = length
    response.call_on_close(target.close)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _write(
    target: Any,
    label: str,
    title: str,
    heads: Sequence[Head],
    rows: Iterable[Sequence[Any]],
    minor_units: int,
) -> None:
    file_size_error: Any = import_module("xlsxwriter.exceptions").FileSizeError
    zone = ZoneInfo(context().time_zone)
    with tempfile.TemporaryDirectory(prefix="backstay-") as folder:
        book = new_workbook(target, constant_memory=True, tmpdir=folder)
        looks = {
            kind: book.add_format({"num_format": look})
            for kind, look in (
                ("money", money_look(minor_units)),
                ("percent", "0.000"),
                ("date", "yyyy-mm-dd"),
                ("instant", "yyyy-mm-dd hh:mm"),
            )
        }
        bold = book.add_format({"bold": True, "bottom": 1})
        right = book.add_format({"bold": True, "bottom": 1, "align": "right"})
        marks = {"money": right, "percent": right, "number": right}
        sheet = _sheet(book, label, heads)
        sheet.write_string(0, 0, title, bold)
        for place, (head, kind) in enumerate(heads):
            sheet.write_string(1, place, head, marks.get(kind, bold))
        for count, row in enumerate(rows, 1):
            if count > MOST_ROWS:
                raise _too_much()
            for place, ((_label, kind), value) in enumerate(zip(heads, row, strict=True)):
                _cell(sheet, count + 1, place, value, looks.get(kind), zone)
        try:
            book.close()
        except file_size_error as error:
            raise _too_much() from error


def _too_much() -> Invalid:
    return Invalid(
        _(
            "This is too much for a workbook, which has %(n)s rows at most. Ask for fewer days, or"
            " take CSV, which has no limit.",
            n=f"{MOST_ROWS:,}",
        )
    )


def _sheet(book: Any, label: str, heads: Sequence[Head]) -> Any:
    """The sheet: printed across an A4 page, its heads on each page."""
    sheet = book.add_worksheet(sheet_name(label))
    sheet.freeze_panes(2, 0)
    sheet.set_landscape()
    print_on_a4(sheet)
    for place, (_label, kind) in enumerate(heads):
        sheet.set_column(place, place, 28 if kind == "text" else 16)
    return sheet


def print_on_a4(sheet: Any) -> None:
    """Print a sheet as wide as an A4 page, the two rows of its heads on each page."""
    sheet.repeat_rows(0, 1)
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&R&P / &N")


def _cell(sheet: Any, row: int, place: int, value: Any, look: Any, zone: ZoneInfo) -> None:
    if value is None or write_value(sheet, row, place, value, look, zone):
        return
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if text:
        sheet.write_string(row, place, text[:_LONGEST_CELL])
