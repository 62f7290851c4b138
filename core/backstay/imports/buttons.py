"""What can be done with an import now: one next step, what may come instead, the rest in a menu."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flask import url_for

from backstay.i18n import gettext as _
from backstay.imports.models import ImportState
from backstay.imports.reading import is_about_reading
from backstay.imports.services import can_leave_out
from backstay.imports.store import problems_of
from backstay.web.page import Button

if TYPE_CHECKING:
    from backstay.imports.declare import ImportKind
    from backstay.imports.models import Import


@dataclass(frozen=True, slots=True)
class Buttons:
    """The buttons of an import's page.

    Arguments:
        primary: the step that leads on.
        actions: the other ways on.
        menu: what is needed more rarely.
    """

    primary: Button | None = None
    actions: tuple[Button, ...] = ()
    menu: tuple[Button, ...] = ()


def buttons_of(kind: ImportKind, row: Import, *, working: bool, stuck: bool) -> Buttons:
    """What can be done with an import.

    Arguments:
        working: a job is at work on it, or waits for its turn.
        stuck: its job was given up.
    """
    if row.state is ImportState.READY or (stuck and row.state is ImportState.COMMITTING):
        confirm = Button(
            _("Import %(what)s", what=counted(kind, row.new)),
            url_for("core_imports.confirm", id=row.id),
            icon="check",
            kind="primary",
            method="post",
            shortcut="Ctrl+Enter",
        )
        return Buttons(confirm, (_discard(row),), (_layout(row), _again(row)))
    if row.state is ImportState.REFUSED:
        return _refused(kind, row)
    if working:
        cancel = Button(
            _("Cancel"), url_for("core_imports.cancel", id=row.id), icon="x", method="post"
        )
        return Buttons(actions=(cancel,))
    if row.state is ImportState.UPLOADED:
        return Buttons(replace(_again(row), kind="primary"), (_discard(row),))
    if row.state is ImportState.DONE:
        return _done(kind, row)
    return Buttons()


def counted(kind: ImportKind, count: int) -> str:
    """“1 entry”, “146 entries”."""
    noun = kind.noun if count == 1 else kind.noun_many
    return _("%(count)s %(noun)s", count=count, noun=noun)


def _refused(kind: ImportKind, row: Import) -> Buttons:
    """What is wrong decides what comes next: rows, how the file is read, or the file itself."""
    problems = problems_of(row)
    upload = Button(
        _("Upload a corrected file"),
        url_for("core_imports.upload", kind=kind.name),
        icon="upload",
    )
    if row.rows and any(one.row is not None for one in problems):
        mend = Button(
            _("Mend the rows"),
            url_for("core_imports.rows", id=row.id),
            icon="pencil",
            kind="primary",
        )
        some = can_leave_out(row)
        return Buttons(
            mend,
            (_leave_out(kind, row),) if some else (upload,),
            (
                _layout(row),
                *((_left_out(row), upload) if some else ()),
                _again(row),
                _discard(row),
            ),
        )
    if is_about_reading(kind, problems):
        return Buttons(
            replace(_layout(row), kind="primary"), (upload,), (_again(row), _discard(row))
        )
    return Buttons(replace(upload, kind="primary"), (), (_again(row), _discard(row)))


def _done(kind: ImportKind, row: Import) -> Buttons:
    undo = Button(
        _("Undo this import"),
        url_for("core_imports.undo", id=row.id),
        icon="arrow-back-up",
        disabled_reason=None if row.new else _("It made no records, so there is nothing to undo."),
    )
    opened = (
        Button(
            _("Open the %(records)s", records=kind.noun_many),
            url_for(kind.opens),
            icon="arrow-right",
            kind="primary",
        )
        if kind.opens
        else None
    )
    partly = bool((row.options or {}).get("partial")) and row.problem_count
    return Buttons(opened, (undo, _left_out(row)) if partly else (undo,))


def _layout(row: Import) -> Button:
    return Button(
        _("Columns and formats"), url_for("core_imports.layout", id=row.id), icon="table-import"
    )


def _again(row: Import) -> Button:
    return Button(
        _("Check again"), url_for("core_imports.check", id=row.id), icon="refresh", method="post"
    )


def _discard(row: Import) -> Button:
    return Button(
        _("Discard"),
        url_for("core_imports.discard", id=row.id),
        icon="x",
        method="post",
        confirm=_("The file stays in the list of imports, but can't be imported any more."),
    )


def _leave_out(kind: ImportKind, row: Import) -> Button:
    return Button(
        _("Import %(what)s, leave the rest out", what=counted(kind, row.new)),
        url_for("core_imports.partial", id=row.id),
        icon="check",
        method="post",
        confirm=_("Rows with problems are left out; they can be downloaded with the reasons."),
    )


def _left_out(row: Import) -> Button:
    return Button(
        _("Rows with problems (CSV)"),
        url_for("core_imports.left_out", id=row.id),
        icon="download",
    )
