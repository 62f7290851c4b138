"""The list of imports of a company, and where it stands in the sidebar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, has_request_context, url_for

from backstay.access.permissions import SIGNED_IN
from backstay.i18n import lazy as _
from backstay.imports.models import Import, ImportState
from backstay.imports.services import permitted_kinds
from backstay.navigation.declare import Area, Page
from backstay.resources.declare import Choice, Column, Empty, Filter, Kind, Resource
from backstay.web.page import Button

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission
    from backstay.kernel.suite import Suite

STATES = (
    Choice(ImportState.UPLOADED.value, _("Being checked"), "info"),
    Choice(ImportState.REFUSED.value, _("Refused"), "bad"),
    Choice(ImportState.READY.value, _("Ready"), "warn"),
    Choice(ImportState.COMMITTING.value, _("Being imported"), "info"),
    Choice(ImportState.DONE.value, _("Imported"), "ok"),
    Choice(ImportState.UNDONE.value, _("Undone"), "neutral"),
    Choice(ImportState.DISCARDED.value, _("Discarded"), "neutral"),
)


def _visible(session: Session) -> Sequence[ColumnElement[bool]]:
    return (Import.kind.in_([kind.name for kind in permitted_kinds(session)]),)


def _label(name: Any) -> str:
    suite: Suite | None = g.get("suite") if has_request_context() else None
    kind = suite.imports.get(name) if suite else None
    return str(kind.label) if kind else str(name)


def _buttons(session: Session) -> Sequence[Button]:
    if not permitted_kinds(session):
        return ()
    return (
        Button(
            _("Import a file"),
            url_for("core_imports.choose"),
            icon="upload",
            kind="primary",
            shortcut="n",
        ),
    )


def _permissions(suite: Suite) -> Iterable[Permission]:
    return [kind.permission for kind in suite.imports.values()]


IMPORTS = Resource(
    name="core.import",
    path="imports",
    model=Import,
    view=SIGNED_IN,
    label=_("Import"),
    label_many=_("Imports"),
    icon="file-import",
    help=_("Files that were brought into this company. A whole import can be undone."),
    columns=(
        Column("file_name", _("File"), Import.file_name, link=True),
        Column("kind", _("Kind"), Import.kind, format=_label),
        Column("state", _("State"), Import.state, Kind.STATE, choices=STATES),
        Column("new", _("New"), Import.new, Kind.NUMBER),
        Column("present", _("Already there"), Import.present, Kind.NUMBER),
        Column("problem_count", _("Problems"), Import.problem_count, Kind.NUMBER),
        Column("created_by", _("By"), Import.created_by),
        Column("created_at", _("Uploaded"), Import.created_at, Kind.INSTANT),
        Column("notes", _("Notes"), Import.notes, in_list=False, format=" ".join),
    ),
    filters=(Filter("state", _("State"), Import.state, STATES, kind="select"),),
    search=(Import.file_name, Import.created_by),
    search_label=_("Search by file or person"),
    criteria=_visible,
    state="state",
    record_endpoint="core_imports.show",
    buttons=_buttons,
    empty=Empty(
        _("Nothing was imported yet"),
        _(
            "Bring in records from a file: it is checked first, nothing is made before you"
            " confirm, and all of it can be undone."
        ),
        "file-import",
    ),
)

PAGES = (
    Page(
        Area.HOME,
        _("Imports"),
        "core.import.list",
        "file-import",
        SIGNED_IN,
        order=80,
        keywords=_("import files csv upload"),
        any_of=_permissions,
    ),
    Page(
        Area.HOME,
        _("Import a file"),
        "core_imports.choose",
        "upload",
        SIGNED_IN,
        order=81,
        in_palette_only=True,
        keywords=_("import csv upload"),
        any_of=_permissions,
    ),
)
