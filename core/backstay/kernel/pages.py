"""The Modules pages: what is installed, what it asks for and holds, and each step with its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from flask import Blueprint, Response, request, url_for

from backstay.access.core_permissions import PLUGIN_MANAGE, PLUGIN_VIEW, ROLE_EDIT
from backstay.access.sign_in import TooManyAttempts, WrongPassword
from backstay.access.step_up import confirm_password, was_confirmed
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.kernel import module_views as shown
from backstay.kernel.modules import (
    STATE_LABELS,
    Module,
    get_module,
    list_modules,
    module_details,
    summaries,
    under_way,
)
from backstay.kernel.pause_views import pause_note, pause_of, pause_panel, resume_button
from backstay.kernel.plans import plan
from backstay.kernel.process_pages import module_notes
from backstay.kernel.runner import ask_plan, run_step
from backstay.kernel.states import ModuleState, Step
from backstay.kernel.step_log import last_step
from backstay.web.blueprint import requires
from backstay.web.page import (
    Button,
    Crumb,
    EmptyState,
    Note,
    PlanPage,
    PlanStep,
    RecordPage,
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
    signed_in,
    suite,
)
from backstay.web.transaction import outside_transaction

if TYPE_CHECKING:
    from backstay.kernel.plans import Plan

_MOST_GIVEN: Final = 500
blueprint = Blueprint("modules", __name__, url_prefix="/admin/modules")


@blueprint.get("")
@requires(PLUGIN_VIEW)
def overview() -> Response:
    """All modules by category, each on a card."""
    modules = list_modules(session())
    return page(
        "admin/modules.html",
        title=_("Modules"),
        help=_("What this installation can do. Switching a module off keeps its data."),
        count=ngettext("%(n)s module", "%(n)s modules", len(modules)),
        notes=shown.under_way_notes(under_way(session())),
        groups=shown.card_groups(modules, summaries(session(), modules)),
        empty=EmptyState(
            _("No modules are installed"),
            _("Modules are Python packages; install one beside Backstay and look again."),
            icon="plug",
        ),
        crumbs=(Crumb(_("Administration")), Crumb(_("Modules"))),
    )


@blueprint.get("/<name>")
@requires(PLUGIN_VIEW)
def module(name: str) -> Response:
    """One module: state, needs, permissions, data, jobs, rules, changes."""
    found = get_module(session(), name)
    details = module_details(session(), name)
    step = under_way(session())
    label, tone = STATE_LABELS[found.state]
    buttons = {one: shown.step_button(found, one) for one in found.steps}
    forward = buttons.get(Step.UPGRADE) or buttons.get(Step.ENABLE)
    pause = pause_of(session(), name) if found.state is ModuleState.PAUSED else None
    record = RecordPage(
        title=found.title,
        subtitle=_("Module"),
        status=Tag(label, tone),
        primary=resume_button(pause) if pause else forward,
        actions=tuple(buttons[one] for one in (Step.DISABLE,) if one in buttons),
        menu=tuple(
            buttons[one]
            for one in (Step.RETIRE, Step.PURGE)
            if one in buttons and buttons[one].disabled_reason is None
        ),
        sections=(
            SectionView(_("Module"), shown.facts(found)),
            SectionView(_("Place among the others"), shown.neighbours(found)),
        ),
        panels=(*((pause_panel(pause),) if pause else ()), *shown.panels(details)),
        related=shown.related(found, details),
        notes=(
            *shown.under_way_notes(step if step and step.plugin == name else None),
            *shown.failed_step_notes(found, last_step(session().connection(), name)),
            *shown.notes(found),
            *shown.missed_notes(details),
            *((pause_note(pause),) if pause else ()),
            *module_notes(session(), name),
        ),
        help=found.summary,
    )
    return page("resources/record.html", page=record, crumbs=_crumbs(found))


class _Problems(NamedTuple):
    """What is wrong with what was typed into a plan."""

    typed: str = ""
    password: str = ""


@blueprint.route("/<name>/<verb>", methods=["GET", "POST"])
@requires(PLUGIN_MANAGE)
@outside_transaction
def take(name: str, verb: str) -> Response:
    """The dry run of a step; posted, the step itself."""
    step = next((one for one in Step if one.value == verb), None)
    if step is None:
        raise NotFound(_("There is no such step."))
    # Closed before the other process starts: an open transaction could keep it from writing.
    with database().read(context(), suite()) as reading:
        found = get_module(reading, name)
    if request.method == "GET":
        return _plan_page(found, step)
    folder = home()
    if folder is None:
        raise NotFound(_("This server has no data folder; use the command line."))
    problems = _check_purge(name) if step is Step.PURGE else _Problems()
    if any(problems):
        return _plan_page(found, step, problems)
    reason = request.form.get("reason", "").strip()[:500]
    give = request.form.getlist("give")[:_MOST_GIVEN]
    result = run_step(folder, name, step, context().actor.label, reason, give)
    said = result.message[:1].upper() + result.message[1:]
    (flash_done if result.ok else flash_problem)(said)
    return redirect_to(url_for("modules.module", name=name))


def _check_purge(name: str) -> _Problems:
    """Whether the name was typed, and the password, unless that was typed a moment ago."""
    if request.form.get("typed_name", "").strip() != name:
        return _Problems(typed=_("This is not the name of the module."))
    person = signed_in()
    assert person is not None  # noqa: S101 - the guard let nobody else in
    if was_confirmed(person.confirmed_at):
        return _Problems()
    try:
        confirm_password(
            database(),
            context(),
            person.access.person.login,
            request.form.get("password", ""),
            session_id=person.id,
        )
    except (WrongPassword, TooManyAttempts) as error:
        return _Problems(password=str(error.message))
    return _Problems()


def _plan_of(found: Module, step: Step) -> Plan:
    planned = plan(database(), found.name, step)
    folder = home()
    if planned.full or planned.blockers or folder is None:
        return planned
    return ask_plan(folder, found.name, step, context().actor.label) or planned


def _plan_page(found: Module, step: Step, problems: _Problems | None = None) -> Response:
    planned = _plan_of(found, step)
    words = shown.WORDS[step]
    person = signed_in()
    purging = step is Step.PURGE
    title = _("%(step)s: %(title)s", step=words.label, title=found.title)
    view = PlanPage(
        title=title,
        subtitle=_("Nothing has happened yet. This is what would be done."),
        steps=tuple(PlanStep(action) for action in planned.actions),
        notes=tuple(Note(blocker, "bad") for blocker in planned.blockers),
        confirm=Button(str(words.label), icon=words.icon, kind=words.kind),
        cancel_href=url_for("modules.module", name=found.name),
        action=request.path,
        typed_name=found.name if purging else None,
        typed_problem=(problems.typed if problems else "") or None,
    )
    return page(
        "admin/module_plan.html",
        status=422 if problems and any(problems) else 200,
        page=view,
        planned=planned,
        proposals=shown.by_role(planned.proposals),
        may_give=context().may(ROLE_EDIT),
        blocked=bool(planned.blockers),
        asks_password=purging and not (person is not None and was_confirmed(person.confirmed_at)),
        password_problem=problems.password if problems else "",
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
