"""The Modules pages: what is installed, what it asks for and holds, switching it on and off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request, url_for

from backstay.access.core_permissions import JOB_VIEW, PLUGIN_MANAGE, PLUGIN_VIEW
from backstay.access.roles import in_words
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.kernel.modules import (
    STATE_LABELS,
    Module,
    ModuleDetails,
    get_module,
    list_modules,
    module_details,
)
from backstay.kernel.plans import plan
from backstay.kernel.runner import run_step
from backstay.kernel.states import ModuleState, Step
from backstay.resources.urls import resource_url
from backstay.web.blueprint import requires
from backstay.web.page import (
    Button,
    Cell,
    Crumb,
    EmptyState,
    FieldView,
    Head,
    ListPage,
    Note,
    PanelView,
    PlanPage,
    PlanStep,
    RecordPage,
    RelatedView,
    Row,
    SectionView,
    Tag,
)
from backstay.web.render import page, redirect_to
from backstay.web.request import (
    context,
    database,
    flash_done,
    flash_problem,
    home,
    session,
    suite,
)
from backstay.web.transaction import outside_transaction

if TYPE_CHECKING:
    from backstay.i18n import Text

blueprint = Blueprint("modules", __name__, url_prefix="/admin/modules")
_OFFERED: Final = {Step.ENABLE, Step.DISABLE, Step.UPGRADE, Step.RETIRE}


@blueprint.get("")
@requires(PLUGIN_VIEW)
def overview() -> Response:
    """All modules with their state."""
    modules = list_modules(session())
    shown = ListPage(
        title=_("Modules"),
        url=request.path,
        help=_("What this installation can do. Switching a module off keeps its data."),
        count_text=ngettext("%(n)s module", "%(n)s modules", len(modules)),
        heads=(
            Head("title", _("Module")),
            Head("state", _("State")),
            Head("summary", _("What it does")),
            Head("version", _("Version")),
            Head("requires", _("Needs")),
            Head("message", _("Last error")),
        ),
        rows=tuple(_row(module) for module in modules),
        empty=None
        if modules
        else EmptyState(
            _("No modules are installed"),
            _("Modules are Python packages; install one beside Backstay and look again."),
            icon="plug",
        ),
    )
    return page("resources/list.html", page=shown)


@blueprint.get("/<name>")
@requires(PLUGIN_VIEW)
def module(name: str) -> Response:
    """One module: state, needs, permissions, data, jobs."""
    found = get_module(session(), name)
    details = module_details(session(), name)
    label, tone = STATE_LABELS[found.state]
    shown = RecordPage(
        title=found.title,
        subtitle=_("Module"),
        status=Tag(label, tone),
        primary=_switch_button(found, "enable") if Step.ENABLE in found.steps else None,
        actions=(_switch_button(found, "disable"),) if Step.DISABLE in found.steps else (),
        sections=(
            SectionView(_("Module"), _facts(found)),
            SectionView(_("Place among the others"), _neighbours(found)),
        ),
        panels=_panels(found, details),
        related=_related(found, details),
        notes=_notes(found),
        help=found.summary,
    )
    return page("resources/record.html", page=shown, crumbs=_crumbs(found))


@blueprint.route("/<name>/<verb>", methods=["GET", "POST"])
@requires(PLUGIN_MANAGE)
@outside_transaction
def switch(name: str, verb: str) -> Response:
    """The dry run of a transition; posted, the transition itself."""
    step = next((one for one in _OFFERED if one.value == verb), None)
    if step is None:
        raise NotFound(_("There is no such step."))
    # Closed before the other process starts: an open transaction could keep it from writing.
    with database().read(context(), suite()) as reading:
        found = get_module(reading, name)
    href = url_for("modules.module", name=name)
    if request.method == "GET":
        return _plan_page(found, step, href)
    folder = home()
    if folder is None:
        raise NotFound(_("This server has no data folder; use the command line."))
    reason = request.form.get("reason", "").strip()[:500]
    result = run_step(folder, name, step, context().actor.label, reason)
    (flash_done if result.ok else flash_problem)(result.message)
    return redirect_to(href)


def _plan_page(found: Module, step: Step, href: str) -> Response:
    planned = plan(database(), found.name, step)
    on = step is Step.ENABLE
    title = (
        _("Switch %(title)s on", title=found.title)
        if on
        else _("Switch %(title)s off", title=found.title)
    )
    shown = PlanPage(
        title=title,
        subtitle=_("Nothing has happened yet. This is what would be done."),
        steps=tuple(PlanStep(action) for action in planned.actions),
        notes=tuple(Note(blocker, "bad") for blocker in planned.blockers),
        confirm=Button(
            _("Switch on") if on else _("Switch off"),
            icon="player-play" if on else "ban",
            kind="primary" if on else "danger",
        ),
        cancel_href=href,
        action=request.path,
    )
    return page(
        "admin/module_plan.html",
        page=shown,
        blocked=bool(planned.blockers),
        crumbs=_crumbs(found, _("Plan")),
    )


def _crumbs(found: Module, last: str = "") -> tuple[Crumb, ...]:
    href = url_for("modules.module", name=found.name) if last else None
    return (
        Crumb(_("Administration")),
        Crumb(_("Modules"), url_for("modules.overview")),
        Crumb(found.title, href),
        *((Crumb(last),) if last else ()),
    )


def _row(found: Module) -> Row:
    label, tone = STATE_LABELS[found.state]
    return Row(
        (
            Cell(found.title),
            Cell(label, "state", tone=tone),
            Cell(found.summary),
            Cell(found.version, "code"),
            Cell(", ".join(found.requires), "muted"),
            Cell(found.message, tone="bad"),
        ),
        href=url_for("modules.module", name=found.name),
        id=found.name,
    )


def _switch_button(found: Module, verb: str) -> Button:
    on = verb == "enable"
    return Button(
        _("Switch on …") if on else _("Switch off …"),
        href=url_for("modules.switch", name=found.name, verb=verb),
        icon="player-play" if on else "ban",
        kind="primary" if on else "danger",
        disabled_reason=None
        if context().may(PLUGIN_MANAGE)
        else _("Your roles do not let you %(what)s.", what=PLUGIN_MANAGE.label),
    )


def _notes(found: Module) -> tuple[Note, ...]:
    if found.state is ModuleState.FAILED and found.message:
        return (Note(found.message, "bad", _("It does not run:")),)
    if found.state is ModuleState.MISSING:
        return (Note(_("Its package is not installed any more. Its data is kept."), "bad"),)
    if found.state is ModuleState.UPGRADE_DUE:
        return (
            Note(
                _("A newer version is installed. Run “backstay migrate” to bring its data along."),
                "warn",
            ),
        )
    if found.state is ModuleState.ENABLED and not found.running:
        text = (
            _("Backstay runs in safe mode, which starts no module.")
            if suite().safe_mode
            else _("It is being loaded; open this page again in a moment.")
        )
        return (Note(text, "info"),)
    return ()


def _facts(found: Module) -> tuple[FieldView, ...]:
    return (
        FieldView("name", _("Name"), found.name, "code"),
        FieldView("version", _("Installed version"), found.version),
        FieldView("migrated", _("Version of its data"), found.migrated),
        FieldView("category", _("Category"), found.category),
        FieldView("licence", _("Licence"), found.licence),
        FieldView("running", _("Runs now"), _("Yes") if found.running else _("No"), "bool"),
    )


def _neighbours(found: Module) -> tuple[FieldView, ...]:
    return (
        FieldView("requires", _("Needs"), ", ".join(found.requires) or _("nothing else")),
        FieldView("needed_by", _("Needed by"), ", ".join(found.needed_by) or _("nothing else")),
    )


def _panels(found: Module, details: ModuleDetails) -> tuple[PanelView, ...]:
    unknown = _("Known once the module runs: what is switched off is not loaded.")
    groups = [{"title": "", "permissions": in_words(details.permissions)}]
    permissions = {
        "groups": groups if details.permissions else [],
        "gone": [],
        "empty": _("It asks for no permissions.") if found.running else unknown,
    }
    tables = _table(
        (Head("table", _("Table")), Head("rows", _("Rows"), "end")),
        tuple(Row((Cell(one.name, "code"), Cell(one.text, "number"))) for one in details.tables),
        _("It holds no data."),
    )
    jobs = _table(
        (Head("job", _("Job")), Head("name", _("Name"))),
        tuple(Row((Cell(label), Cell(name, "code"))) for name, label in details.jobs),
        _("It has no background jobs.") if found.running else unknown,
    )
    return (
        PanelView(_("Permissions it asks for"), "admin/permissions_panel.html", permissions),
        PanelView(_("Data it holds"), "admin/table_panel.html", tables, flush=True),
        PanelView(_("Background jobs"), "admin/table_panel.html", jobs, flush=True),
    )


def _table(heads: tuple[Head, ...], rows: tuple[Row, ...], empty: Text) -> dict[str, object]:
    return {"heads": heads, "rows": rows, "empty": empty, "links": ()}


def _related(found: Module, details: ModuleDetails) -> tuple[RelatedView, ...]:
    may_see_jobs = context().may(JOB_VIEW)
    jobs = resource_url("core.job", q=found.name) if may_see_jobs else None
    return (
        RelatedView(_("Jobs waiting"), str(details.waiting), jobs, "clock"),
        RelatedView(_("Jobs given up"), str(details.given_up), jobs, "alert-triangle"),
    )
