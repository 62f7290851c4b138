"""What the OpenAPI document says of modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from backstay.access.core_permissions import PLUGIN_MANAGE, PLUGIN_VIEW
from backstay.i18n import gettext as _
from backstay.kernel.states import ModuleState, Step
from backstay.kernel.step_log import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.access.permissions import Permission

MODULES: Final = "/api/v1/core/modules"
TAG: Final = "core.module"
SCHEMA: Final = "CoreModule"
STEP_FIELDS: Final[dict[Step, tuple[str, ...]]] = {
    Step.ENABLE: ("reason", "give"),
    Step.UPGRADE: ("reason", "give"),
    Step.DISABLE: ("reason",),
    Step.RETIRE: ("reason",),
    Step.PURGE: ("reason", "confirm", "password"),
}
"""What the body of each step may hold."""
_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_READING: Final = ("400", "401", "403", "404", "405", "429", "503")
_TAKING: Final = (*_READING, "409", "413", "415", "422")


def module_schema() -> dict[str, Any]:
    """A module."""
    properties: dict[str, Any] = {
        "name": _TEXT,
        "title": _TEXT,
        "state": {"type": "string", "enum": [state.value for state in ModuleState]},
        "version": {"type": "string", "description": _("Of the installed package.")},
        "migrated": {"type": "string", "description": _("The version of its data.")},
        "running": {"type": "boolean"},
        "requires": _TEXTS,
        "needed_by": _TEXTS,
        "licence": _TEXT,
        "message": {"type": "string", "description": _("Why it does not run.")},
        "steps": {
            "type": "array",
            "items": {"type": "string", "enum": [step.value for step in Step]},
            "description": _("What can be done with it now."),
        },
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def module_paths(
    may: Callable[[Permission, bool], bool], refusals: Callable[[tuple[str, ...]], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The functions that are open to a token, by path and method.

    Arguments:
        refusals: makes the descriptions of answers that refuse.
    """
    module = {"$ref": f"#/components/schemas/{SCHEMA}"}
    listed = {"type": "object", "required": ["items"], "properties": {"items": _array(module)}}
    wanted = {"type": "string", "enum": [step.value for step in Step]}
    paths: dict[str, dict[str, Any]] = {}
    in_company = False
    if may(PLUGIN_VIEW, in_company):
        paths[MODULES] = {
            "get": _operation("list", _("List: modules"), [], listed, refusals(_READING))
        }
        paths[f"{MODULES}/{{name}}"] = {
            "get": _operation("get", _("Read: module"), [_NAME], module, refusals(_READING))
        }
        paths[f"{MODULES}/{{name}}/operation"] = {
            "get": _operation(
                "operation",
                _("How far the last step with a module is"),
                [_NAME],
                _step_schema(),
                refusals(_READING),
            )
        }
        paths[f"{MODULES}/{{name}}/plan"] = {
            "get": _operation(
                "plan",
                _("The dry run of a step with a module"),
                [_NAME, {"name": "for", "in": "query", "schema": wanted}],
                {"type": "object"},
                refusals((*_READING, "422")),
            )
        }
    if may(PLUGIN_MANAGE, in_company):
        for step in Step:
            taking = _operation(
                step.value, _summary(step), [_NAME, _KEY], module, refusals(_TAKING)
            )
            taking["responses"]["202"] = _still_under_way(module)
            paths[f"{MODULES}/{{name}}/actions/{step.value}"] = {
                "post": {**taking, "requestBody": _body(step)}
            }
    return paths


def _step_schema() -> dict[str, Any]:
    """A step that was taken, or is being taken."""
    instant = {"type": "string", "format": "date-time"}
    properties: dict[str, Any] = {
        "step": {"type": "string", "enum": [step.value for step in Step]},
        "state": {"type": "string", "enum": [outcome.value for outcome in Outcome]},
        "began_at": instant,
        "ended_at": {"anyOf": [instant, {"type": "null"}]},
        "message": {"type": "string", "description": _("What was said when it ended.")},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _still_under_way(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": _("It takes longer: “Location” tells how far it is."),
        "headers": {"Location": {"schema": _TEXT}, "Retry-After": {"schema": {"type": "integer"}}},
        "content": {"application/json": {"schema": schema}},
    }


_NAME: Final = {"name": "name", "in": "path", "required": True, "schema": _TEXT}
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$"},
}


def _summary(step: Step) -> str:
    return {
        Step.ENABLE: _("Switch a module on"),
        Step.DISABLE: _("Switch a module off"),
        Step.UPGRADE: _("Bring a module's data to the installed version"),
        Step.RETIRE: _("Uninstall a module, keeping its data"),
        Step.PURGE: _("Export a module's data and delete it"),
    }[step]


def _body(step: Step) -> dict[str, Any]:
    properties: dict[str, Any] = {"reason": {"type": "string", "maxLength": 500}}
    required: list[str] = []
    if "give" in STEP_FIELDS[step]:
        properties["give"] = {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "description": _(
                "What roles get of what the plan proposes: “role:permission”, or “role” for all of"
                " one. Nothing else is given."
            ),
        }
    if step is Step.PURGE:
        properties |= {
            "confirm": {"type": "string", "description": _("The module's name once more.")},
            "password": {"type": "string", "description": _("Of the token's owner.")},
        }
        required = ["confirm", "password"]
    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _operation(
    name: str,
    summary: str,
    parameters: list[dict[str, Any]],
    schema: dict[str, Any],
    refusals: dict[str, Any],
) -> dict[str, Any]:
    good = {
        "description": _("It was done."),
        "content": {"application/json": {"schema": schema}},
    }
    return {
        "operationId": f"{TAG}.{name}",
        "summary": summary,
        "description": "",
        "tags": [TAG],
        "parameters": parameters,
        "responses": {"200": good, **refusals},
    }
