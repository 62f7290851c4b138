"""Reports as CSV files: streamed, exact, safe in a spreadsheet, and noted in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response

from backstay.spi import Event, audit_now, context, csv_line, database, suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy.orm import Session


def csv_file(
    name: str,
    columns: Sequence[str],
    rows: Callable[[Session], Iterable[Sequence[str]]],
    *,
    entity: str,
    parameters: dict[str, Any],
) -> Response:
    """Send rows as a file while they are read.

    Arguments:
        name: the file's name.
        rows: reads the rows as texts that are already neutralised where people typed them. It is
            called with a session of its own: the request's is closed when the file goes out.
        entity: what is exported, and with which parameters, for the audit trail.
    """
    acting, plugins, source = context(), suite(), database()
    audit_now(
        Event(
            action="export",
            entity=entity,
            label=name,
            plugin="ledger",
            company_id=acting.company.id if acting.company else None,
            after={"format": "csv", **parameters},
        )
    )

    def lines() -> Iterator[str]:
        with source.read(acting, plugins) as reading:
            # The mark tells spreadsheets that this is UTF-8.
            yield "\ufeff" + csv_line(columns)
            for row in rows(reading):
                yield csv_line(row)

    response = Response(lines(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
