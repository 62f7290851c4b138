"""The page that asks how a file is to be read: its columns, sheet, dates and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request, url_for
from wtforms import Form, HiddenField, SelectField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from backstay.access.permissions import SIGNED_IN
from backstay.errors import Invalid, NotFound
from backstay.i18n import gettext as _
from backstay.imports.columns import keys_of, matched
from backstay.imports.dates import MARKS, ORDERS
from backstay.imports.mending import blueprint
from backstay.imports.reading import Options, Surface, decimals_of, surface
from backstay.imports.samples import Samples, samples_of
from backstay.imports.services import ReadImport, read_otherwise, visible_import
from backstay.imports.store import content_of, kind_of
from backstay.imports.views import crumbs_of
from backstay.web.blueprint import requires
from backstay.web.page import Button, FormPage, FormSection
from backstay.web.render import page, redirect_to
from backstay.web.request import session

if TYPE_CHECKING:
    from backstay.imports.declare import ImportKind
    from backstay.imports.models import Import


@blueprint.get("/imports/<int:id>/layout")
@requires(SIGNED_IN)
def layout(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """Ask which column is which, which sheet is meant, how dates and numbers are written."""
    row = visible_import(session(), id)
    kind = kind_of(session(), row.kind)
    options = Options.of(row.options or {})
    if sheet := request.args.get("sheet"):
        options = Options(sheet, options.columns, options.dates, options.decimals)
    shown = _surface(row, kind, options)
    return _layout_page(row, kind, shown, options)


@blueprint.post("/imports/<int:id>/layout")
@requires(SIGNED_IN)
def read(id: int) -> Response:  # noqa: A002
    """Have the file read as it was said."""
    row = visible_import(session(), id)
    kind = kind_of(session(), row.kind)
    known = Options.of(row.options or {})
    sheet = request.form.get("sheet", known.sheet)
    if sheet != request.form.get("asked", sheet):
        # The answers are about the columns of the other sheet: ask about those of this one.
        return redirect_to(url_for("core_imports.layout", id=id, sheet=sheet))
    shown = _surface(row, kind, Options(sheet, known.columns))
    names = {column.name for column in kind.columns}
    columns = {
        key: chosen if chosen in names else ""
        for place, key in enumerate(keys_of(shown.header))
        if (chosen := request.form.get(f"column-{place}")) is not None
    }
    dates = {
        mark: order
        for place, mark in enumerate(MARKS)
        if (order := request.form.get(f"dates-{place}", known.dates.get(mark))) in ORDERS
    }
    decimals = decimals_of(request.form.get("decimals", known.decimals))
    read_otherwise(session(), ReadImport(id, Options(shown.sheet, columns, dates, decimals)))
    return redirect_to(url_for("core_imports.show", id=id))


def _surface(row: Import, kind: ImportKind, options: Options) -> Surface:
    try:
        return surface(kind, content_of(session(), row.id), options)
    except Invalid as refused:
        raise NotFound(refused.message) from refused


def _layout_page(row: Import, kind: ImportKind, shown: Surface, options: Options) -> Response:
    samples = samples_of(kind, shown, options)
    parts = (
        _sheet(shown),
        _columns(kind, shown, options),
        _dates(kind, shown, options, samples),
        _numbers(kind, shown, options, samples),
    )
    fields = {name: field for found, _section in parts for name, field in found.items()}
    sections = tuple(section for found, section in parts if found)
    form = type("LayoutForm", (Form,), fields)()
    return page(
        "imports/layout.html",
        page=FormPage(
            title=_("Columns and formats of %(file)s", file=row.file_name),
            help=_("The file is read and checked again as you say here."),
            form=form,
            sections=sections,
            submit=Button(_("Check again"), icon="refresh", kind="primary"),
            cancel_href=url_for("core_imports.show", id=row.id),
            action=url_for("core_imports.read", id=row.id),
        ),
        samples={f"column-{place}": values for place, values in enumerate(samples.values)},
        crumbs=crumbs_of(row, _("Columns and formats")),
    )


_Part = tuple[dict[str, SelectField | HiddenField], FormSection]


def _sheet(shown: Surface) -> _Part:
    section = FormSection(
        _("Sheet"), ("sheet",), _("Another sheet has other columns: they are asked about next.")
    )
    if len(shown.sheets) < 2:  # noqa: PLR2004
        return {}, section
    choices = [SelectChoice(name, name) for name in shown.sheets]
    chosen = SelectField(_("Sheet"), choices=choices, default=shown.sheet)
    return {"sheet": chosen, "asked": HiddenField(default=shown.sheet)}, section


def _columns(kind: ImportKind, shown: Surface, options: Options) -> _Part:
    choices = [
        SelectChoice("", _("(not used)")),
        *(
            SelectChoice(
                one.name,
                _("%(label)s (needed)", label=one.label) if one.required else str(one.label),
            )
            for one in kind.columns
        ),
    ]
    known = matched(shown.header, kind.columns, options.columns)
    fields: dict[str, SelectField | HiddenField] = {
        f"column-{place}": SelectField(
            cell.strip() or _("Column %(n)s, without header", n=place + 1),
            choices=choices,
            default=known[place],
        )
        for place, cell in enumerate(shown.header)
    }
    said = _("Say what each column holds. It is remembered for files with the same columns.")
    return fields, FormSection(_("Columns of the file"), tuple(fields), said)


def _dates(kind: ImportKind, shown: Surface, options: Options, samples: Samples) -> _Part:
    """One question for each form of dates in the file; all of them while no column is known."""
    named = set(matched(shown.header, kind.columns, options.columns))
    dated = [one for one in kind.columns if one.is_date]
    unknown = shown.header and not any(one.name in named for one in dated)
    fields: dict[str, SelectField | HiddenField] = {}
    guessed = samples.dates.guess()
    for place, mark in enumerate(MARKS):
        found = samples.dates.forms.get(mark)
        if not dated or not (found or unknown or mark in options.dates):
            continue
        label = (
            _(
                "Dates such as %(text)s in row %(row)s",
                text=found.example.text,
                row=found.example.row,
            )
            if found
            else _("Dates such as %(example)s", example=mark.join(("03", "04", "2026")))
        )
        fields[f"dates-{place}"] = SelectField(
            label,
            choices=[
                SelectChoice("", _("ask, if it is not clear")),
                SelectChoice("dmy", _("day, month, year: 03 04 is 3 April")),
                SelectChoice("mdy", _("month, day, year: 03 04 is March 4")),
            ],
            default=options.dates.get(mark, guessed.get(mark, "")),
        )
    said = _("Dates as year-month-day (2026-04-03) need no answer.")
    return fields, FormSection(_("Dates"), tuple(fields), said)


def _numbers(kind: ImportKind, shown: Surface, options: Options, samples: Samples) -> _Part:
    if not shown.header or not any(one.is_number for one in kind.columns):
        return {}, FormSection("", ())
    guessed = samples.numbers.guess()
    field = SelectField(
        _("Numbers are written"),
        choices=[
            SelectChoice("", _("as the numbers themselves show; ask, if they do not")),
            SelectChoice("point", _("1,234.56: with a decimal point")),
            SelectChoice("comma", _("1.234,56: with a decimal comma")),
        ],
        default=options.decimals or guessed,
    )
    said = _("For the whole file. Cells that a spreadsheet holds as numbers need no answer.")
    if guessed:
        example = samples.numbers.only[guessed][0]
        said = _(
            "For the whole file. Row %(row)s shows it: “%(text)s”.",
            row=example.row,
            text=example.text,
        )
    elif (unclear := samples.numbers.unclear) is not None:
        said = _(
            "For the whole file. “%(text)s” in row %(row)s can be read either way.",
            text=unclear.text,
            row=unclear.row,
        )
    return {"decimals": field}, FormSection(_("Numbers"), ("decimals",), said)


__all__ = ["blueprint"]
