"""The pages that mend an import: rows fixed in place or left out, bad rows in a file, cancel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flask import Response, request, url_for

from backstay.access.permissions import SIGNED_IN
from backstay.audit.capture import Event
from backstay.i18n import gettext as _
from backstay.imports.models import ImportState
from backstay.imports.services import (
    FixRow,
    cancel_import,
    fix_row,
    leave_out,
    visible_import,
)
from backstay.imports.staging import rows_with_problems, unit_batches
from backstay.imports.store import kind_of
from backstay.imports.views import blueprint, crumbs_of
from backstay.resources.serialize import csv_line, neutral
from backstay.web.blueprint import requires
from backstay.web.render import page, redirect_to
from backstay.web.request import audit_now, flash_done, session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from backstay.errors import Problem
    from backstay.imports.declare import ImportColumn, ImportKind, StagedRow
    from backstay.imports.models import Import

_SHOWN: Final = 25
_PLAIN_NUMBER: Final = re.compile(r"[+-]?[\d.,]+")


@blueprint.get("/imports/<int:id>/rows")
@requires(SIGNED_IN)
def rows(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """The rows that something is wrong with, each with its cells to be changed."""
    row = visible_import(session(), id)
    if row.state is not ImportState.REFUSED:
        return redirect_to(url_for("core_imports.show", id=id))
    kind = kind_of(session(), row.kind)
    after = request.args.get("after", 0, type=int)
    found = rows_with_problems(session(), id, after, _SHOWN + 1)
    return page(
        "imports/rows.html",
        title=_("Mend the rows of %(file)s", file=row.file_name),
        import_row=row,
        kind=kind,
        rows=[(one, _columns_of(kind, row, one, said), said) for one, said in found[:_SHOWN]],
        more=url_for("core_imports.rows", id=id, after=found[_SHOWN - 1][0].number)
        if len(found) > _SHOWN
        else None,
        after=after,
        crumbs=crumbs_of(row, _("Mend the rows")),
    )


def _columns_of(
    kind: ImportKind, row: Import, staged: StagedRow, problems: Sequence[Problem]
) -> list[ImportColumn]:
    """What can be changed in a row: what the file has, what it must have, what is wrong.

    A file whose form has no columns has those that its row fills.
    """
    found = (row.options or {}).get("found", {}).get("columns")
    there = {name for name, text in staged.values.items() if text} if found is None else set(found)
    wrong = {one.field for one in problems}
    return [
        one
        for one in kind.columns
        if one.name in there | wrong or (one.required and one.unless not in there)
    ]


@blueprint.post("/imports/<int:id>/rows/<int:number>")
@requires(SIGNED_IN)
def fix(id: int, number: int) -> Response:  # noqa: A002
    """Take other values for a row and check what belongs to it."""
    row = visible_import(session(), id)
    kind = kind_of(session(), row.kind)
    values = {
        column.name: request.form[f"cell-{column.name}"]
        for column in kind.columns
        if f"cell-{column.name}" in request.form
    }
    row = fix_row(session(), FixRow(id, number, values))
    if row.state is not ImportState.REFUSED:
        flash_done(_("All rows are right now."))
        return redirect_to(url_for("core_imports.show", id=id))
    after = request.args.get("after", 0, type=int)
    left = rows_with_problems(session(), id, number - 1, 1)
    at = left[0][0].number if left else None
    if at != number:
        flash_done(_("Row %(n)s is right now.", n=number))
    anchor = f"row-{at}" if at else None
    return redirect_to(url_for("core_imports.rows", id=id, after=after or None, _anchor=anchor))


@blueprint.post("/imports/<int:id>/leave-out")
@requires(SIGNED_IN)
def partial(id: int) -> Response:  # noqa: A002
    """Have the good rows made and leave the others out."""
    leave_out(session(), id)
    return redirect_to(url_for("core_imports.show", id=id))


@blueprint.post("/imports/<int:id>/cancel")
@requires(SIGNED_IN)
def cancel(id: int) -> Response:  # noqa: A002
    """Stop what is under way."""
    cancel_import(session(), id)
    flash_done(_("The import was cancelled; nothing was imported."))
    return redirect_to(url_for("core_imports.show", id=id))


@blueprint.get("/imports/<int:id>/left-out.csv")
@requires(SIGNED_IN)
def left_out(id: int) -> Response:  # noqa: A002
    """The rows that can't be imported, with the reasons, as a file that can be imported again."""
    row = visible_import(session(), id)
    kind = kind_of(session(), row.kind)
    audit_now(Event("export", "core_import", str(row.id), row.file_name, company_id=row.company_id))
    text = "".join(_failures(kind, id))
    name = quote(f"{row.file_name.rsplit('.', 1)[0]}-left-out.csv", safe="")
    return Response(
        text.encode("utf-8-sig"),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


def _failures(kind: ImportKind, import_id: int) -> Iterator[str]:
    columns = [column.name for column in kind.columns]
    yield csv_line([*columns, "problem"])
    for batch in unit_batches(session(), import_id, "bad"):
        said = {
            one.number: problems
            for one, problems in rows_with_problems(
                session(), import_id, batch[0].number - 1, len(batch)
            )
        }
        for one in batch:
            reasons = " ".join(problem.message for problem in said.get(one.number, ()))
            yield csv_line(
                [*(_cell(one.values.get(name, "")) for name in columns), neutral(reasons)]
            )


def _cell(text: str) -> str:
    """A cell that no spreadsheet computes; amounts stay amounts."""
    return text if _PLAIN_NUMBER.fullmatch(text) else neutral(text)


__all__ = ["blueprint"]
