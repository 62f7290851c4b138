"""Reports as CSV files: streamed, exact, safe in a spreadsheet, and noted in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, stream_with_context

from backstay.spi import Event, audit_now, context, csv_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def csv_file(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[str]], entity: str
) -> Response:
    """Send rows as a file while they are read.

    Arguments:
        name: the file's name.
        rows: texts that are already neutralised where people typed them.
        entity: what is exported, for the audit trail.
    """
    company = context().company
    audit_now(
        Event(
            action="export",
            entity=entity,
            label=name,
            plugin="ledger",
            company_id=company.id if company else None,
        )
    )

    def lines() -> Iterator[str]:
        yield csv_line(columns)
        for row in rows:
            yield csv_line(row)

    return Response(
        stream_with_context(lines()),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
