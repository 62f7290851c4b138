"""Control queries as files: CSV that is exact, and a workbook whose figures are numbers."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import request

from backstay.spi import (
    authorize,
    company_of,
    neutral,
    requires,
    session,
)
from backstay_ledger.audit.control_pages import PAGE, asked_of, place_of, plain
from backstay_ledger.audit.controls import Asked, control_of
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.files import csv_file
from backstay_ledger.pages.workbooks import workbook_file
from backstay_ledger.permissions import AUDIT_VIEW, BOOKS_EXPORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.audit.controls import Control
    from backstay_ledger.pages.report_dates import Span


@blueprint.get("/audit/controls/<name>.csv", endpoint="control_csv")
@requires(BOOKS_EXPORT)
def control_as_csv(name: str) -> Response:
    """What a control query finds as a file: all, or with ``rows=shown`` what the page has."""
    control, span, asked, place = _wanted(name)

    def rows(reading: Session) -> Iterator[tuple[str, ...]]:
        for row in _found(control, reading, asked, place):
            cells = zip(control.columns, row[1:], strict=True)
            yield tuple(neutral(plain(one, value)) for one, value in cells)

    return csv_file(
        _file_name(name, span, "csv"),
        [one.name for one in control.columns],
        rows,
        entity="ledger.control",
        parameters=_parameters(name, asked, place),
    )


@blueprint.get("/audit/controls/<name>.xlsx", endpoint="control_xlsx")
@requires(BOOKS_EXPORT)
def control_as_workbook(name: str) -> Response:
    """The same as a workbook, written to disk row by row and sent from there."""
    control, span, asked, place = _wanted(name)

    def rows(reading: Session) -> Iterator[tuple[Any, ...]]:
        for row in _found(control, reading, asked, place):
            yield row[1:]

    return workbook_file(
        _file_name(name, span, "xlsx"),
        str(control.label),
        (
            span.label,
            ", ".join(f"{one.label} {asked.values[one.name]}" for one in control.parameters),
        ),
        [(str(one.label), one.kind) for one in control.columns],
        rows,
        entity="ledger.control",
        parameters=_parameters(name, asked, place),
    )


def _wanted(name: str) -> tuple[Control, Span, Asked, int | None]:
    db = session()
    authorize(db, AUDIT_VIEW)
    control = control_of(name)
    span, values, _notes = asked_of(db, control)
    place = place_of(request.args) if request.args.get("rows") == "shown" else None
    return control, span, Asked(span.start, span.end, values), place


def _found(
    control: Control, reading: Session, asked: Asked, place: int | None
) -> Iterable[tuple[Any, ...]]:
    found = control.find(reading, asked)
    return found if place is None else islice(found, place, place + PAGE)


def _file_name(name: str, span: Span, form: str) -> str:
    return f"{name}-{company_of(session()).code}-{span.start}-{span.end}.{form}"


def _parameters(name: str, asked: Asked, place: int | None) -> dict[str, Any]:
    return {
        "control": name,
        "from": asked.first.isoformat(),
        "to": asked.last.isoformat(),
        **asked.values,
        **({} if place is None else {"rows": f"{place + 1} to {place + PAGE}"}),
    }
