"""The page Processes: which processes live and what each runs; modules that are paused."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, url_for

from backstay.access.core_permissions import PLUGIN_MANAGE, PLUGIN_VIEW
from backstay.clock import now
from backstay.i18n import current_locale, lazy, ngettext
from backstay.i18n import gettext as _
from backstay.kernel.pause_views import pause_panel
from backstay.kernel.pauses import resume_plugin
from backstay.kernel.process_models import Process, ProcessKind
from backstay.kernel.processes import Life, life, pauses
from backstay.resources.formats import instant_text
from backstay.web.blueprint import requires
from backstay.web.page import Cell, Crumb, Head, Note, PanelView, RecordPage, Row
from backstay.web.render import page, redirect_to
from backstay.web.request import context, flash_done, session, suite

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.i18n import Text

blueprint = Blueprint("processes", __name__, url_prefix="/admin/processes")
_KINDS: dict[ProcessKind, Text] = {
    ProcessKind.WEB: lazy("Web server"),
    ProcessKind.RUNNER: lazy("Job runner"),
}


@blueprint.get("")
@requires(PLUGIN_VIEW)
def overview() -> Response:
    """The living processes, and what stands still."""
    found = life(session())
    paused = pauses(session())
    count = len(found.processes)
    shown = RecordPage(
        title=_("Processes"),
        subtitle=ngettext("%(n)s process", "%(n)s processes", count),
        help=_(
            "The programs that this installation consists of now. Each looks for a newer generation"
            " by itself; only newer code of a module needs a restart."
        ),
        notes=_notes(found),
        panels=(
            *(pause_panel(one, with_button=True) for one in paused),
            PanelView(_("Running now"), "admin/table_panel.html", _table(found), flush=True),
            *_troubles(found),
        ),
    )
    crumbs = (Crumb(_("Administration")), Crumb(_("Processes")))
    return page("resources/record.html", page=shown, crumbs=crumbs)


@blueprint.post("/resume/<name>")
@requires(PLUGIN_MANAGE)
def resume(name: str) -> Response:
    """Let a paused module run again."""
    resume_plugin(session(), name)
    flash_done(_("%(name)s runs again.", name=_title(name)))
    from_module = request.form.get("back") == "module"
    there = url_for("modules.module", name=name) if from_module else url_for("processes.overview")
    return redirect_to(there)


def _title(name: str) -> str:
    package = suite().found.get(name)
    return package.title if package else name


def _when(at: datetime) -> str:
    return instant_text(at, context().time_zone, current_locale())


def _ago(at: datetime) -> str:
    seconds = max(0, int((now() - at).total_seconds()))
    return ngettext("%(n)s second ago", "%(n)s seconds ago", seconds)


def _where(one: Process) -> str:
    return f"{one.host}, {one.pid}"


def module_notes(session: Session, name: str) -> tuple[Note, ...]:
    """What a module's own page says of the processes: which of them must start anew."""
    return _restart_notes(life(session), (name,))


def _notes(found: Life) -> tuple[Note, ...]:
    needing = tuple(sorted({plugin for one in found.processes for plugin in one.restart}))
    stuck = tuple(
        Note(one.reason, "bad", _("%(process)s can't follow:", process=_where(one)))
        for one in found.processes
        if one.failed_generation
    )
    return (*stuck, *_restart_notes(found, needing))


def _restart_notes(found: Life, plugins: tuple[str, ...]) -> tuple[Note, ...]:
    return tuple(
        Note(
            "; ".join(
                _("%(process)s: %(reason)s", process=_where(one), reason=reason)
                for one, reason in needing
            )
            + ".",
            "warn",
            _("Restart needed for “%(title)s”.", title=_title(plugin)),
        )
        for plugin in plugins
        if (needing := found.restart_needed(plugin))
    )


def _table(found: Life) -> dict[str, Any]:
    heads = (
        Head("kind", _("Process")),
        Head("where", _("Machine and number")),
        Head("generation", _("Generation"), "end"),
        Head("state", _("State")),
        Head("code", _("Code of modules")),
        Head("seen", _("Heard of")),
        Head("started", _("Started")),
    )
    return {
        "heads": heads,
        "rows": tuple(_row(found, one) for one in found.processes),
        "empty": _("No process has been heard of within the last minute."),
        "links": (),
    }


def _row(found: Life, one: Process) -> Row:
    if one.failed_generation:
        state = Cell(_("can't follow"), "state", tone="bad")
    elif one.restart:
        state = Cell(_("restart needed"), "state", tone="warn")
    elif one.safe_mode:
        state = Cell(_("safe mode"), "state", tone="warn")
    elif found.behind(one):
        words = (
            _("follows at its next request")
            if one.kind is ProcessKind.WEB
            else _("follows with its next job")
        )
        state = Cell(words, "state", tone="info")
    else:
        state = Cell(_("up to date"), "state", tone="ok")
    return Row(
        (
            Cell(str(_KINDS[one.kind])),
            Cell(_where(one), "code"),
            Cell(str(one.generation), "number"),
            state,
            Cell(", ".join(f"{name} {version}" for name, version in one.versions.items()), "prose"),
            Cell(_ago(one.seen_at), "muted"),
            Cell(_when(one.started_at), "muted"),
        )
    )


def _troubles(found: Life) -> tuple[PanelView, ...]:
    """What does not run in some process, or was slow to load there."""
    rows = [
        Row((Cell(_title(name)), Cell(_where(one), "code"), Cell(str(reason), "prose")))
        for one in found.processes
        for name, reason in one.failed.items()
    ]
    rows += [
        Row(
            (
                Cell(_title(name)),
                Cell(_where(one), "code"),
                Cell(_("it took %(count)s s to load", count=f"{float(seconds):.1f}"), "prose"),
            )
        )
        for one in found.processes
        for name, seconds in one.slow.items()
    ]
    if not rows:
        return ()
    heads = (Head("module", _("Module")), Head("where", _("Process")), Head("why", _("Why")))
    values = {"heads": heads, "rows": tuple(rows), "empty": "", "links": ()}
    return (PanelView(_("Not running, or slow"), "admin/table_panel.html", values, flush=True),)


__all__ = ["blueprint", "module_notes"]
