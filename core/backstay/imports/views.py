"""The pages of imports: choose, upload, look at what was found, confirm, undo."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from flask import Response, request, send_file, url_for
from wtforms import FileField, Form, TextAreaField

from backstay.access.permissions import SIGNED_IN
from backstay.audit.capture import Event
from backstay.db.context import authorize
from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.imports.buttons import counted
from backstay.imports.models import ImportState
from backstay.imports.page import import_page, progress_of
from backstay.imports.services import (
    UndoImport,
    check_again,
    confirm_import,
    create_import,
    discard_import,
    permitted_kinds,
    undo_import,
    visible_import,
)
from backstay.imports.store import MAX_BYTES, content_of, kind_of
from backstay.resources.fields import Upload
from backstay.resources.serialize import Reader
from backstay.web.blueprint import PluginBlueprint, requires
from backstay.web.page import Button, Crumb, EmptyState, FormPage, FormProblem, FormSection
from backstay.web.render import fragment, page, redirect_to
from backstay.web.request import audit_now, context, flash_done, session, suite

if TYPE_CHECKING:
    from backstay.i18n import Text
    from backstay.imports.declare import ImportKind
    from backstay.imports.models import Import

blueprint = PluginBlueprint("core", __name__, name="core_imports")


class UploadForm(Form):
    """The file."""

    file = FileField(render_kw={"required": True})


class UndoForm(Form):
    """Why."""

    reason = TextAreaField(render_kw={"required": True, "maxlength": 500, "data-wide": True})


def _crumbs(*more: tuple[Text, str | None]) -> list[Crumb]:
    return [
        Crumb(_("Imports"), url_for("core.import.list")),
        *(Crumb(label, href) for label, href in more),
    ]


def crumbs_of(row: Import, here: Text) -> list[Crumb]:
    """The way to a page of an import."""
    return _crumbs((row.file_name, _show_href(row)), (here, None))


def _permitted(name: str) -> ImportKind:
    kind = kind_of(session(), name)
    authorize(session(), kind.permission)
    return kind


def _show_href(row: Import) -> str:
    return url_for("core_imports.show", id=row.id)


@blueprint.get("/imports/new")
@requires(SIGNED_IN)
def choose() -> Response:
    """What can be imported, each with its columns and a sample."""
    return page(
        "imports/choose.html",
        title=_("Import a file"),
        kinds=permitted_kinds(session()),
        empty=EmptyState(
            _("Nothing to import here"),
            _("Your roles in this company do not let you import any kind of file."),
            icon="file-import",
        ),
        crumbs=_crumbs((_("Import a file"), None)),
    )


@blueprint.get("/imports/new/<kind>")
@requires(SIGNED_IN)
def upload(kind: str) -> Response:
    """The form that takes a file of one kind."""
    return _upload_page(_permitted(kind))


@blueprint.post("/imports/new/<kind>")
@requires(SIGNED_IN)
def receive(kind: str) -> Response:
    """Keep the file and have it checked."""
    wanted = _permitted(kind)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _upload_page(wanted, Invalid(_("Choose a file first."), field="file"))
    try:
        row = create_import(session(), kind, Upload(sent.filename, sent.read(MAX_BYTES + 1)))
    except Invalid as refused:
        return _upload_page(wanted, refused)
    return redirect_to(_show_href(row))


def _upload_page(kind: ImportKind, refused: Invalid | None = None) -> Response:
    form = UploadForm()
    form.file.label.text = _("File")
    most = MAX_BYTES // 1024 // 1024
    form.file.description = " ".join(
        (
            _("A CSV file or a spreadsheet (XLSX) of at most %(most)s MB.", most=most),
            *(_("Also: %(form)s.", form=one.label) for one in kind.formats),
        )
    )
    errors: tuple[FormProblem, ...] = ()
    if refused is not None:
        form.file.errors = [problem.message for problem in refused.problems]
        errors = tuple(
            FormProblem("file", form.file.label.text, problem.message)
            for problem in refused.problems
        )
    shown = FormPage(
        title=_("Import: %(label)s", label=kind.label),
        help=kind.help,
        form=form,
        sections=(
            FormSection(
                _("The file"),
                ("file",),
                _("It is checked first. Nothing is imported before you have seen what was found."),
            ),
        ),
        submit=Button(_("Upload and check"), icon="upload", kind="primary"),
        cancel_href=url_for("core_imports.choose"),
        action=url_for("core_imports.receive", kind=kind.name),
        errors=errors,
        multipart=True,
    )
    return page(
        "imports/upload.html",
        status=422 if refused else 200,
        page=shown,
        kind=kind,
        sample_href=url_for("core_imports.sample", kind=kind.name),
        crumbs=_crumbs((_("Import a file"), url_for("core_imports.choose")), (kind.label, None)),
    )


@blueprint.get("/imports/new/<kind>/sample.csv")
@requires(SIGNED_IN)
def sample(kind: str) -> Response:
    """A small file that works."""
    found = _permitted(kind)
    return send_file(
        io.BytesIO(found.sample.encode()),
        mimetype="text/csv",
        as_attachment=True,
        download_name=f"{found.name.replace('.', '-')}-sample.csv",
    )


@blueprint.get("/imports/<int:id>")
@requires(SIGNED_IN)
def show(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """Where an import stands, and what can be done now."""
    row = visible_import(session(), id)
    kind = kind_of(session(), row.kind)
    shown = import_page(session(), suite(), kind, row, Reader.of(context(), suite()))
    return page(
        "imports/import.html",
        page=shown.record,
        figures=shown.figures,
        particulars=shown.facts,
        progress=shown.progress,
        crumbs=_crumbs((row.file_name, None)),
    )


@blueprint.get("/imports/<int:id>/progress")
@requires(SIGNED_IN)
def progress(id: int) -> Response:  # noqa: A002
    """How far the job is; when it has ended, the way back to the page."""
    row = visible_import(session(), id)
    found = progress_of(session(), row)
    if found is None or found.state == "failed":
        return redirect_to(_show_href(row))
    return fragment("components/progress_live.html", progress=found)


@blueprint.get("/imports/<int:id>/file")
@requires(SIGNED_IN)
def original(id: int) -> Response:  # noqa: A002
    """The file as it was uploaded; the audit trail notes who took it."""
    row = visible_import(session(), id)
    content = content_of(session(), row.id)
    audit_now(Event("export", "core_import", str(row.id), row.file_name, company_id=row.company_id))
    return send_file(
        io.BytesIO(content),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=row.file_name,
    )


@blueprint.post("/imports/<int:id>/confirm")
@requires(SIGNED_IN)
def confirm(id: int) -> Response:  # noqa: A002
    """Have the records made."""
    return redirect_to(_show_href(confirm_import(session(), id)))


@blueprint.post("/imports/<int:id>/check")
@requires(SIGNED_IN)
def check(id: int) -> Response:  # noqa: A002
    """Have the same file checked once more."""
    return redirect_to(_show_href(check_again(session(), id)))


@blueprint.post("/imports/<int:id>/discard")
@requires(SIGNED_IN)
def discard(id: int) -> Response:  # noqa: A002
    """Give it up."""
    discard_import(session(), id)
    flash_done(_("The import was discarded; nothing was imported."))
    return redirect_to(url_for("core.import.list"))


@blueprint.get("/imports/<int:id>/undo")
@requires(SIGNED_IN)
def undo(id: int) -> Response:  # noqa: A002
    """Ask why."""
    return _undo_page(visible_import(session(), id), UndoForm())


@blueprint.post("/imports/<int:id>/undo")
@requires(SIGNED_IN)
def take_back(id: int) -> Response:  # noqa: A002
    """Take back all that the import made."""
    row = visible_import(session(), id)
    form = UndoForm(request.form)
    try:
        undo_import(session(), UndoImport(id, form.reason.data or ""))
    except Invalid as refused:
        return _undo_page(row, form, refused)
    return redirect_to(_show_href(row))


def _undo_page(row: Import, form: UndoForm, refused: Invalid | None = None) -> Response:
    kind = kind_of(session(), row.kind)
    form.reason.label.text = _("Reason")
    form.reason.description = _("Kept in the audit trail with everything that is taken back.")
    errors: tuple[FormProblem, ...] = ()
    if refused is not None:
        form.reason.errors = [one.message for one in refused.problems if one.field == "reason"]
        errors = tuple(
            FormProblem(
                "reason" if one.field == "reason" else "",
                form.reason.label.text if one.field == "reason" else "",
                one.message,
            )
            for one in refused.problems
        )
    possible = row.state is ImportState.DONE and row.new
    shown = FormPage(
        title=_("Undo the import of %(file)s", file=row.file_name),
        help=_("Takes back %(what)s that it made, all or none.", what=counted(kind, row.new))
        if possible
        else _("This import can't be undone: it was not carried out, or is undone already."),
        form=form,
        sections=(FormSection(_("Why"), ("reason",)),),
        submit=Button(_("Undo the import"), icon="arrow-back-up", kind="danger"),
        cancel_href=_show_href(row),
        action=url_for("core_imports.take_back", id=row.id),
        errors=errors,
    )
    return page(
        "resources/form.html",
        status=422 if refused else 200,
        page=shown,
        crumbs=crumbs_of(row, _("Undo")),
    )
