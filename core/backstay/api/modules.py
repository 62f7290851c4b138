"""Modules in the API: their states and plans, and the steps that are taken with them.

They are no rows of a table, so they are no resource; the steps wait for a process of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response

from backstay.access.core_permissions import PLUGIN_MANAGE, PLUGIN_VIEW
from backstay.access.sign_in import TooManyAttempts, WrongPassword
from backstay.access.step_up import confirm_password
from backstay.api.body import MOST_PROBLEMS, read_object, read_parameters, unknown_member
from backstay.api.guard import caller
from backstay.api.idempotency import claim_of
from backstay.api.module_schemas import MODULES, STEP_FIELDS
from backstay.api.views import answer
from backstay.errors import Conflict, Invalid, NotFound, Problem
from backstay.i18n import gettext as _
from backstay.kernel.modules import Module, get_module, list_modules
from backstay.kernel.plan_json import plan_values
from backstay.kernel.plans import plan
from backstay.kernel.runner import ask_plan, run_step
from backstay.kernel.states import Step, next_step
from backstay.kernel.step_log import LastStep, last_step
from backstay.resources.formats import instant_iso
from backstay.web.blueprint import requires
from backstay.web.request import context, database, home, suite
from backstay.web.transaction import once_outside, outside_transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.kernel.plans import Plan

_LOOK_AGAIN_SECONDS: Final = 5
blueprint = Blueprint("api_modules", __name__, url_prefix=MODULES)


@blueprint.get("")
@requires(PLUGIN_VIEW)
def every() -> Response:
    """All modules."""
    read_parameters(())
    with database().read(context(), suite()) as reading:
        return answer({"items": [module_values(one) for one in list_modules(reading)]})


@blueprint.get("/<name>")
@requires(PLUGIN_VIEW)
def one(name: str) -> Response:
    """One module."""
    read_parameters(())
    return answer(module_values(_module(name)))


@blueprint.get("/<name>/operation")
@requires(PLUGIN_VIEW)
def operation(name: str) -> Response:
    """The step that was taken last with a module, or is being taken: how far it is."""
    read_parameters(())
    _module(name)
    with database().reading_connection() as connection:
        last = last_step(connection, name)
    if last is None:
        raise NotFound(_("No step was taken with this module yet."))
    return answer(operation_values(last))


@blueprint.get("/<name>/plan")
@requires(PLUGIN_VIEW)
def foretell(name: str) -> Response:
    """The dry run of a step, with what only the module's own code can say."""
    wanted = read_parameters(("for",)).get("for")
    known = {step.value: step for step in Step}
    if wanted is not None and wanted not in known:
        raise Invalid(_("It must be one of: %(values)s.", values=", ".join(known)), field="for")
    found = _module(name)
    step = known[wanted] if wanted else next_step(found.standing)
    return answer(plan_values(_plan(name, step)))


def _plan(name: str, step: Step) -> Plan:
    planned = plan(database(), name, step)
    folder = home()
    if planned.full or planned.blockers or folder is None:
        return planned
    return ask_plan(folder, name, step, context().actor.label) or planned


def _taking(step: Step) -> Callable[..., Response]:
    @requires(PLUGIN_MANAGE)
    @outside_transaction
    def take(name: str) -> Response:
        read_parameters(())
        return once_outside(lambda: _take(name, step), claim_of(caller().access.person.id))

    return take


def _take(name: str, step: Step) -> Response:
    sent = _read(step)
    found = _module(name)
    planned = plan(database(), name, step)
    if planned.blockers:
        raise Conflict(
            _("%(name)s stays as it is.", name=found.title),
            problems=tuple(Problem(one, None) for one in planned.blockers),
        )
    folder = home()
    if folder is None:
        raise NotFound(_("This server has no data folder; use the command line."))
    if step is Step.PURGE:
        _confirm(name, sent)
    result = run_step(folder, name, step, context().actor.label, sent.reason, sent.give)
    if not result.ok:
        raise Conflict(result.message)
    if not result.ended:
        place = f"{MODULES}/{name}/operation"
        told = {"message": _("It is still being done."), "operation": place}
        headers = {"Location": place, "Retry-After": str(_LOOK_AGAIN_SECONDS)}
        return answer({**told, **module_values(_module(name))}, 202, headers)
    return answer({"message": result.message, **module_values(_module(name))})


@dataclass(frozen=True, slots=True)
class Sent:
    """The members of a step's body."""

    reason: str = ""
    give: tuple[str, ...] = ()
    confirm: str = ""
    password: str = ""


def _read(step: Step) -> Sent:
    """The members of the body that this step knows.

    Raises:
        Invalid: names each that is wrong.
    """
    known = STEP_FIELDS[step]
    sent = read_object()
    problems = [unknown_member(name, known) for name in sent if name not in known][:MOST_PROBLEMS]
    problems += [
        Problem(_("It must be a text."), name)
        for name in known
        if name in sent and name != "give" and not isinstance(sent[name], str)
    ]
    given = sent.get("give", [])
    if "give" in known and not (
        isinstance(given, list) and all(isinstance(one, str) and one for one in given)
    ):
        problems.append(Problem(_("It must be a list of texts."), "give"))
    problems += [
        Problem(_("This field is missing."), name)
        for name in known
        if name not in {"reason", "give"} and name not in sent
    ]
    if problems:
        raise Invalid(problems[0].message, problems=tuple(problems))
    return Sent(
        str(sent.get("reason", ""))[:500],
        tuple(one[:200] for one in given),
        str(sent.get("confirm", "")),
        str(sent.get("password", "")),
    )


def _confirm(name: str, sent: Sent) -> None:
    """A token is not enough to delete what can't be had back: its person types the password."""
    if sent.confirm != name:
        raise Invalid(_("This is not the name of the module."), field="confirm")
    login = caller().access.person.login
    try:
        confirm_password(database(), context(), login, sent.password, session_id=None)
    except (WrongPassword, TooManyAttempts) as error:
        raise Invalid(error.message, field="password") from error


def _module(name: str) -> Module:
    with database().read(context(), suite()) as reading:
        return get_module(reading, name)


def operation_values(last: LastStep) -> dict[str, Any]:
    """A step as it is answered."""
    return {
        "step": last.step.value,
        "state": last.outcome.value,
        "began_at": instant_iso(last.began_at),
        "ended_at": instant_iso(last.ended_at) if last.ended_at else None,
        "message": last.message,
    }


def module_values(found: Module) -> dict[str, Any]:
    """A module as it is answered."""
    return {
        "name": found.name,
        "title": found.title,
        "state": found.state.value,
        "version": found.version,
        "migrated": found.migrated,
        "running": found.running,
        "requires": list(found.requires),
        "needed_by": list(found.needed_by),
        "licence": found.licence,
        "message": found.message,
        "steps": [step.value for step in found.steps],
    }


for _step in Step:
    blueprint.add_url_rule(
        f"/<name>/actions/{_step.value}", _step.value, _taking(_step), methods=["POST"]
    )

__all__ = ["blueprint", "module_values"]
