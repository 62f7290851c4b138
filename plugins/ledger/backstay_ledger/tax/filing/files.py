"""Filed tax returns as files to take away: CSV, workbook, JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import Response

from backstay.spi import (
    Event,
    audit_now,
    company_of,
    neutral,
    requires,
    session,
)
from backstay.spi import gettext as _
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.files import csv_file
from backstay_ledger.permissions import BOOKS_EXPORT
from backstay_ledger.resources.figures import Figures
from backstay_ledger.statements.downloads import as_workbook
from backstay_ledger.statements.tables import Table, TableRow
from backstay_ledger.tax.filing.filing import filed_boxes, load_filing
from backstay_ledger.tax.filing.json_form import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session


@blueprint.get("/tax-return/filed/<int:id>.csv", endpoint="tax_filing_csv")
@requires(BOOKS_EXPORT)
def export_filing(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """A filed return: box, name, kind, base, tax."""
    db = session()
    filing = load_filing(db, id)

    def rows(reading: Session) -> Iterator[tuple[str, ...]]:
        figures = Figures(reading)
        for box in filed_boxes(reading, load_filing(reading, id)):
            amounts = (figures.plain(box.base), figures.plain(box.tax))
            yield neutral(box.code), neutral(box.name), box.kind.value, *amounts

    return csv_file(
        f"tax-return-{company_of(db).code}-{filing.number}.csv",
        ("box", "name", "kind", "base", "tax"),
        rows,
        entity="ledger.tax_filing",
        parameters={"number": filing.number},
    )


@blueprint.get("/tax-return/filed/<int:id>.xlsx", endpoint="tax_filing_xlsx")
@requires(BOOKS_EXPORT)
def export_filing_workbook(id: int) -> Response:  # noqa: A002
    """A filed return as a workbook."""
    db = session()
    filing = load_filing(db, id)
    rows = [
        TableRow("box", box.code, box.name or _("Without a box"), 1, (box.base, box.tax))
        for box in filed_boxes(db, filing)
    ]
    columns = (_("Base"), _("Tax"))
    return as_workbook(
        Table("tax-return", _("Tax return"), columns, tuple(rows), days=filing.label)
    )


@blueprint.get("/tax-return/filed/<int:id>.json", endpoint="tax_filing_json")
@requires(BOOKS_EXPORT)
def export_filing_json(id: int) -> Response:  # noqa: A002
    """A filed return for programs."""
    db = session()
    filing = load_filing(db, id)
    name = f"tax-return-{company_of(db).code}-{filing.number}.json"
    audit_now(
        Event(
            action="export",
            entity="ledger.tax_filing",
            label=name,
            plugin="ledger",
            company_id=filing.company_id,
            after={"format": "json", "number": filing.number},
        )
    )
    response = Response(json.dumps(as_json(db, filing), indent=2), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
