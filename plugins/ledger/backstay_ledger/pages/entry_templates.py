"""Saving what stands in the editor as a template, and putting a template into the editor."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from flask import jsonify, request

from backstay.spi import Conflict, Invalid, company_of, requires, session
from backstay.spi import gettext as _
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.entry_form import typed_lines
from backstay_ledger.pages.typed_content import CELLS, as_template, from_template
from backstay_ledger.permissions import ENTRY_DRAFT
from backstay_ledger.services.templates import SaveTemplate, load_template, save_template

if TYPE_CHECKING:
    from flask import Response


@blueprint.post("/entries/templates", endpoint="template_save")
@requires(ENTRY_DRAFT)
def save() -> Response:
    """Save the editor's content as a template; the entry itself stays as it is, unsaved."""
    db = session()
    form = request.form
    content, problems = as_template(db, form, typed_lines(form), company_of(db))
    if problems:
        return _refused(problems[0].message, Invalid.status)
    try:
        template = save_template(
            db,
            SaveTemplate(
                name=form.get("template_name", ""),
                shared=bool(form.get("template_shared")),
                content=content,
            ),
        )
    except (Conflict, Invalid) as problem:
        return _refused(problem.message, problem.status)
    return jsonify({"message": _("Template “%(name)s” saved.", name=template.name)})


@blueprint.get("/entries/templates/<int:id>", endpoint="template_lines")
@requires(ENTRY_DRAFT)
def lines(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """A template's header and lines, as texts for the editor."""
    db = session()
    content = load_template(db, id).content
    shown = from_template(db, content, company_of(db))
    return jsonify(
        {
            **{name: content.get(name, "") for name in ("journal", "reference", "memo")},
            "lines": [
                {name: value for name, value in asdict(line).items() if name in CELLS}
                for line in shown
            ],
        }
    )


def _refused(message: str, status: int) -> Response:
    answer = jsonify({"message": message})
    answer.status_code = status
    return answer
