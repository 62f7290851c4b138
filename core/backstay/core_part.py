"""What core itself declares, in the same form as any plugin: the first user of its own interface."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

from backstay.access.permissions import SIGNED_IN
from backstay.core_base import CoreBase
from backstay.kernel.suite import Part

_AREAS = ("backstay.admin_part", "backstay.imports", "backstay.jobs", "backstay.backup.commands", "backstay.serve.commands")


def _all(name: str) -> tuple[Any, ...]:
    values: list[Any] = []
    for area in _AREAS:
        for module in (area, f"{area}.part"):
            try:
                if find_spec(module) is None:
                    continue
            except ModuleNotFoundError:
                continue
            values += getattr(importlib.import_module(module), name, ())
    return tuple(values)


def core_part() -> Part:
    """Core's models, permissions, roles, resources, pages and jobs."""
    import backstay.access.models
    import backstay.audit.models
    import backstay.companies.models
    import backstay.db.nodes
    import backstay.imports.models
    import backstay.jobs.models
    import backstay.kernel.models  # noqa: F401

    return Part(
        plugin="core",
        base=CoreBase,
        permissions=(SIGNED_IN, *_all("PERMISSIONS")),
        field_groups=_all("FIELD_GROUPS"),
        role_templates=_all("ROLE_TEMPLATES"),
        resources=_all("RESOURCES"),
        blueprints=_all("BLUEPRINTS"),
        pages=_all("PAGES"),
        jobs=_all("JOBS"),
        imports=(),
    )


def core_commands() -> tuple[Any, ...]:
    """Core's commands."""
    return _all("COMMANDS")
