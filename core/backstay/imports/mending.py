"""The pages that mend an import: rows fixed in place, columns and dates, bad rows in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flask import Response, request, url_for
from wtforms import Form, SelectField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from backstay.access.permissions import SIGNED_IN
from backstay.audit.capture import Event
from backstay.errors import Invalid, NotFound
from backstay.i18n import gettext as _
from backstay.imports.columns import folded, names_of
from backstay.imports.dates import ORDERS
from backstay.imports.models import ImportState
from backstay.imports.reading import Options, Surface, surface
from backstay.imports.services import (
    FixRow,
    ReadImport,
    cancel_import,
    fix_row,
    leave_out,
    read_otherwise,
    visible_import,
)
from backstay.imports.staging import rows_with_problems, unit_batches
from backstay.imports.store import content_of, kind_of
from backstay.imports.views import blueprint
from backstay.resources.serialize import csv_line, neutral
from backstay.web.blueprint import requires
from backstay.web.page import Button, Crumb, FormPage, FormSection
from backstay.web.render import page, redirect_to
from backstay.web.request import audit_now, flash_done, session

if TYPE_CHECKING:
    from backstay.imports.declare import ImportKind
    from backstay.imports.models import Import

_SHOWN: Final = 25
_PLAIN_NUMBER: Final = re.compile(r"[+-]?[\d.,]+")
_DATES: Final = ("/", ".", "-")


def _crumbs(row: Import, here: str) -> list[Crumb]:
    return [
        Crumb(_("Imports"), url_for("core.import.list")),
        Crumb(row.file_name, url_for("core_imports.show", id=row.id)),
        Crumb(here, None),
    ]


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
        rows=found[:_SHOWN],
        more=url_for("core_imports.rows", id=id, after=found[_SHOWN - 1][0].number)
        if len(found) > _SHOWN
        else None,
        after=after,
        crumbs=_crumbs(row, _("Mend the rows")),
    )


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
    return redirect_to(url_for("core_imports.rows", id=id, after=after, _anchor=f"row-{number}"))


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


@blueprint.get("/imports/<int:id>/layout")
@requires(SIGNED_IN)
def layout(id: int) -> Response:  # noqa: A002
    """Ask which column is which, which sheet is meant and how dates are written."""
    row = visible_import(session(), id)
    kind = kind_of(session(), row.kind)
    options = Options.of(row.options or {})
    if sheet := request.args.get("sheet"):
        options = Options(sheet, options.columns, options.dates)
    return _layout_page(row, kind, _surface(row, kind, options), options)


@blueprint.post("/imports/<int:id>/layout")
@requires(SIGNED_IN)
def read(id: int) -> Response:  # noqa: A002
    """Have the file read as it was said."""
    row = visible_import(session(), id)
    kind = kind_of(session(), row.kind)
    known = Options.of(row.options or {})
    shown = _surface(row, kind, Options(request.form.get("sheet", known.sheet), known.columns))
    names = {column.name for column in kind.columns}
    columns = {
        folded(cell): chosen if chosen in names else ""
        for place, cell in enumerate(shown.header)
        if (chosen := request.form.get(f"column-{place}")) is not None
    }
    dates = {
        mark: order
        for place, mark in enumerate(_DATES)
        if (order := request.form.get(f"dates-{place}")) in ORDERS
    }
    options = Options(shown.sheet, columns, dates)
    read_otherwise(session(), ReadImport(id, options))
    return redirect_to(url_for("core_imports.show", id=id))


def _surface(row: Import, kind: ImportKind, options: Options) -> Surface:
    try:
        return surface(kind, content_of(session(), row.id), options)
    except Invalid as refused:
        raise NotFound(refused.message) from refused


def _layout_page(row: Import, kind: ImportKind, shown: Surface, options: Options) -> Response:
    known = names_of(kind.columns) | dict(options.columns)
    fields: dict[str, SelectField] = {}
    sections: list[FormSection] = []
    if len(shown.sheets) > 1:
        fields["sheet"] = SelectField(
            _("Sheet"),
            choices=[SelectChoice(name, name) for name in shown.sheets],
            default=shown.sheet,
        )
        sections.append(FormSection(_("Sheet"), ("sheet",)))
    columns = [
        SelectChoice("", _("(not used)")),
        *(SelectChoice(one.name, str(one.label)) for one in kind.columns),
    ]
    for place, cell in enumerate(shown.header):
        fields[f"column-{place}"] = SelectField(
            cell.strip() or _("Column %(n)s, without header", n=place + 1),
            choices=columns,
            default=known.get(folded(cell), ""),
        )
    if shown.header:
        sections.append(
            FormSection(
                _("Columns of the file"),
                tuple(f"column-{place}" for place in range(len(shown.header))),
                _("Say what each column holds. It is remembered for files with the same columns."),
            )
        )
    if any(one.is_date for one in kind.columns):
        for place, mark in enumerate(_DATES):
            fields[f"dates-{place}"] = SelectField(
                _("Dates such as %(example)s", example=mark.join(("03", "04", "2026"))),
                choices=[
                    SelectChoice("", _("ask, if there are any")),
                    SelectChoice("dmy", _("3 April: day, month, year")),
                    SelectChoice("mdy", _("March 4: month, day, year")),
                ],
                default=options.dates.get(mark, ""),
            )
        sections.append(
            FormSection(
                _("Dates"),
                tuple(f"dates-{place}" for place in range(len(_DATES))),
                _("Year-month-day (2026-04-03) needs no answer."),
            )
        )
    form = type("LayoutForm", (Form,), fields)()
    return page(
        "resources/form.html",
        page=FormPage(
            title=_("Columns and dates of %(file)s", file=row.file_name),
            help=_("The file is read and checked again as you say here."),
            form=form,
            sections=tuple(sections),
            submit=Button(_("Check again"), icon="refresh", kind="primary"),
            cancel_href=url_for("core_imports.show", id=row.id),
            action=url_for("core_imports.read", id=row.id),
        ),
        crumbs=_crumbs(row, _("Columns and dates")),
    )


__all__ = ["blueprint"]
