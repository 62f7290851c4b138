"""Control queries as files: CSV that is exact, and a workbook whose figures are numbers."""

from __future__ import annotations

import tempfile
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from flask import Response, request

from backstay.spi import (
    Event,
    audit_now,
    authorize,
    company_of,
    context,
    database,
    neutral,
    requires,
    session,
    suite,
)
from backstay_ledger.audit.control_pages import MOST, asked_of, plain
from backstay_ledger.audit.controls import Asked, control_of
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.files import csv_file
from backstay_ledger.permissions import AUDIT_VIEW, BOOKS_EXPORT
from backstay_ledger.statements.downloads import WORKBOOK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from backstay_ledger.audit.controls import Control, ControlColumn
    from backstay_ledger.pages.report_dates import Span

ROWS_OF_A_SHEET: Final = 1_000_000
_LONGEST_CELL: Final = 32_767
_EXACT: Final = 15
"""Digits of a number that a spreadsheet keeps."""
_PIECE: Final = 64 * 1024


@blueprint.get("/audit/controls/<name>.csv", endpoint="control_csv")
@requires(BOOKS_EXPORT)
def control_as_csv(name: str) -> Response:
    """What a control query finds as a file: all, or with ``rows=shown`` what the page has."""
    control, span, asked, shown = _wanted(name)

    def rows(reading: Session) -> Iterator[tuple[str, ...]]:
        for row in _found(control, reading, asked, shown=shown):
            cells = zip(control.columns, row[1:], strict=True)
            yield tuple(neutral(plain(one, value)) for one, value in cells)

    return csv_file(
        _file_name(name, span, "csv"),
        [one.name for one in control.columns],
        rows,
        entity="ledger.control",
        parameters=_parameters(name, asked, shown=shown),
    )


@blueprint.get("/audit/controls/<name>.xlsx", endpoint="control_xlsx")
@requires(BOOKS_EXPORT)
def control_as_workbook(name: str) -> Response:
    """The same as a workbook, written to disk row by row and sent from there."""
    control, span, asked, shown = _wanted(name)
    acting, company = context(), company_of(session())
    file_name = _file_name(name, span, "xlsx")
    audit_now(
        Event(
            action="export",
            entity="ledger.control",
            label=file_name,
            plugin="ledger",
            company_id=company.id,
            after={"format": "xlsx", **_parameters(name, asked, shown=shown)},
        )
    )
    target = tempfile.TemporaryFile(prefix="backstay-")  # noqa: SIM115 - it is closed when it was sent
    try:
        with database().read(acting, suite()) as reading:
            rows = _found(control, reading, asked, shown=shown)
            title = f"{company.name}: {control.label} ({company.currency})"
            _write(target, title, control.columns, rows, company.minor_units)
    except BaseException:
        target.close()
        raise
    length = target.tell()
    target.seek(0)

    def pieces() -> Iterator[bytes]:
        while piece := target.read(_PIECE):
            yield piece

    response = Response(pieces(), mimetype=WORKBOOK)
    response.content_length = length
    response.call_on_close(target.close)
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


def _wanted(name: str) -> tuple[Control, Span, Asked, bool]:
    db = session()
    authorize(db, AUDIT_VIEW)
    control = control_of(name)
    span, values, _notes = asked_of(db, control)
    return control, span, Asked(span.start, span.end, values), request.args.get("rows") == "shown"


def _found(
    control: Control, reading: Session, asked: Asked, *, shown: bool
) -> Iterable[tuple[Any, ...]]:
    found = control.find(reading, asked)
    return islice(found, MOST) if shown else found


def _file_name(name: str, span: Span, form: str) -> str:
    return f"{name}-{company_of(session()).code}-{span.start}-{span.end}.{form}"


def _parameters(name: str, asked: Asked, *, shown: bool) -> dict[str, Any]:
    return {
        "control": name,
        "from": asked.first.isoformat(),
        "to": asked.last.isoformat(),
        **asked.values,
        **({"rows": "shown"} if shown else {}),
    }


def _write(
    target: Any,
    title: str,
    columns: Sequence[ControlColumn],
    rows: Iterable[tuple[Any, ...]],
    minor_units: int,
) -> None:
    """Write a workbook with one row in memory at a time."""
    xlsxwriter: Any = import_module("xlsxwriter")  # it says nothing of its types
    zone = ZoneInfo(context().time_zone)
    with tempfile.TemporaryDirectory(prefix="backstay-") as folder:
        # Texts are never formulas, links or numbers, whatever they look like.
        book = xlsxwriter.Workbook(
            target,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        money = "#,##0" + ("." + "0" * minor_units if minor_units else "")
        looks = {
            kind: book.add_format({"num_format": look})
            for kind, look in (
                ("money", money),
                ("percent", "0.000"),
                ("date", "yyyy-mm-dd"),
                ("instant", "yyyy-mm-dd hh:mm"),
            )
        }
        head = book.add_format({"bold": True, "bottom": 1})
        sheet, at = None, 0
        for row in rows:
            if sheet is None or at == ROWS_OF_A_SHEET:
                sheet, at = _sheet(book, title, columns, head), 1
            at += 1
            for place, (column, value) in enumerate(zip(columns, row[1:], strict=True)):
                _cell(sheet, at, place, column, value, looks.get(column.kind), zone)
        if sheet is None:
            _sheet(book, title, columns, head)
        book.close()


def _sheet(book: Any, title: str, columns: Sequence[ControlColumn], head: Any) -> Any:
    """The next sheet, with the question and the names of the columns on top."""
    sheet = book.add_worksheet()
    sheet.freeze_panes(2, 0)
    sheet.repeat_rows(0, 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, 28 if column.kind == "text" else 16)
    sheet.write_string(0, 0, title, head)
    for place, column in enumerate(columns):
        sheet.write_string(1, place, str(column.label), head)
    return sheet


def _cell(
    sheet: Any, row: int, place: int, column: ControlColumn, value: Any, look: Any, zone: ZoneInfo
) -> None:
    if value is None:
        return
    if column.kind == "date":
        sheet.write_datetime(row, place, value, look)
    elif column.kind == "instant":
        sheet.write_datetime(row, place, value.astimezone(zone).replace(tzinfo=None), look)
    elif column.kind in {"money", "number", "percent"} and _is_kept(value):
        sheet.write_number(row, place, value, look)
    else:
        sheet.write_string(row, place, plain(column, value)[:_LONGEST_CELL])


def _is_kept(value: Any) -> bool:
    """Whether a spreadsheet keeps every digit of a number."""
    text = f"{value:f}" if not isinstance(value, int) else str(value)
    return sum(one.isdigit() for one in text) <= _EXACT
