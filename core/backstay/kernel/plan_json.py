"""A plan as JSON: what the command line prints, the API answers and the pages read."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from backstay.access.role_templates import Proposal
from backstay.kernel.holdings import Belonging, TableSize
from backstay.kernel.plans import (
    Plan,
    PlannedMigration,
    PlannedPermission,
    PlannedRole,
)
from backstay.kernel.states import ModuleState, Step

_PARTS: dict[str, type[Any]] = {
    "tables": TableSize,
    "belongings": Belonging,
    "migrations": PlannedMigration,
    "gained": PlannedPermission,
    "lost": PlannedPermission,
    "roles": PlannedRole,
    "proposals": Proposal,
}


def plan_values(plan: Plan) -> dict[str, Any]:
    """A plan as plain values, under the names of its fields."""
    values = asdict(plan)
    values["step"] = plan.step.value
    values["state"] = plan.state.value
    return values


def read_plan(text: str) -> Plan:
    """A plan out of the JSON that another process printed."""
    values = json.loads(text)
    values["step"] = Step(values["step"])
    values["state"] = ModuleState(values["state"])
    for name, kind in _PARTS.items():
        values[name] = tuple(kind(**_tuples(one)) for one in values[name])
    return Plan(**_tuples({one.name: values[one.name] for one in fields(Plan)}))


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
