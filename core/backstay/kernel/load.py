"""Importing the enabled plugins, one at a time, each inside its own try.

A plugin that fails to import or to register is listed with its reason; the others run.
"""

from __future__ import annotations

import importlib
import logging
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Final

import pluggy
from sqlalchemy.orm import DeclarativeBase

from backstay import hookspecs
from backstay.db.base import Audit, check_declarations, guards_of
from backstay.db.guards import require_audit_context
from backstay.i18n import add_translations
from backstay.kernel.discovery import Found, discover
from backstay.kernel.suite import Part, Suite, refuse_twins

if TYPE_CHECKING:
    from collections.abc import Iterable

_log = logging.getLogger(__name__)
_FIELDS: Final = {
    "permissions": "backstay_permissions",
    "field_groups": "backstay_field_groups",
    "role_templates": "backstay_role_templates",
    "resources": "backstay_resources",
    "blueprints": "backstay_blueprints",
    "pages": "backstay_navigation",
    "jobs": "backstay_jobs",
    "imports": "backstay_imports",
    "commands": "backstay_commands",
    "company_setup": "backstay_company_setup",
    "demo": "backstay_demo",
}


def load(enabled: Iterable[str], *, generation: int = 0, safe_mode: bool = False) -> Suite:
    """Load core and the enabled plugins.

    Arguments:
        enabled: names of the plugins that are switched on.
        safe_mode: start core alone, whatever is enabled.
    """
    wanted = frozenset(() if safe_mode else enabled)
    found = discover()
    manager = pluggy.PluginManager("backstay")
    manager.add_hookspecs(hookspecs)
    failed: dict[str, str] = {}
    parts: list[Part] = [core_part()]
    for name in in_order(found, wanted, failed):
        try:
            part = _register(manager, found[name])
            refuse_twins([*parts, part])
            parts.append(part)
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises stays its own
            _log.exception("plugin %s could not be loaded", name)
            if manager.has_plugin(name):
                manager.unregister(name=name)
            failed[name] = f"{type(error).__name__}: {error}"
    running = {part.plugin for part in parts}
    parts += _bridges(manager, [found[n] for n in running if n in found], parts, failed)
    return Suite(
        generation=generation,
        enabled=wanted,
        found=found,
        parts=tuple(parts),
        failed=failed,
        safe_mode=safe_mode,
    )


def in_order(found: dict[str, Found], wanted: frozenset[str], failed: dict[str, str]) -> list[str]:
    """The wanted plugins, each after those it requires; ``failed`` gets those that can't run."""
    for name in sorted(wanted):
        if name not in found:
            failed[name] = "its package is not installed; its data is kept"
        elif found[name].broken:
            failed[name] = found[name].broken
    graph = {name: sorted(found[name].requires) for name in sorted(wanted) if name not in failed}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        for name in error.args[1]:
            failed[name] = "it and its requirements need one another in a circle"
        graph = {name: needs for name, needs in graph.items() if name not in failed}
        order = list(TopologicalSorter(graph).static_order())
    usable: list[str] = []
    for name in order:
        if name not in graph:
            continue
        missing = sorted(need for need in found[name].requires if need not in usable)
        if missing:
            failed[name] = f"it needs {', '.join(missing)}, which is not running"
        else:
            usable.append(name)
    return usable


def core_part() -> Part:
    """What core itself declares, in the same form as a plugin."""
    from backstay.core_part import core_part as declared

    part = declared()
    _prepare(part)
    return part


def _register(manager: pluggy.PluginManager, plugin: Found) -> Part:
    module = plugin.entry_point.load()
    manager.register(module, plugin.name)
    manager.check_pending()
    part = _collect(manager, plugin.name)
    _prepare(part)
    add_translations(plugin.root / "translations")
    return part


def _collect(manager: pluggy.PluginManager, registered: str) -> Part:
    """Call each hook of one plugin alone, so that a failure is its own."""
    plugin = registered.partition(":")[0]
    values: dict[str, Any] = {}

    def call(hook: str) -> Any:
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin_name == registered:
                return implementation.function()
        return None

    for field, hook in _FIELDS.items():
        values[field] = tuple(call(hook) or ())
    return Part(
        plugin=plugin,
        base=call("backstay_models"),
        services=dict(call("backstay_services") or {}),
        **values,
    )


def _prepare(part: Part) -> None:
    """Configure the plugin's own registry and give every audited table its guard."""
    base: Any = part.base
    if base is None:
        return
    if not (isinstance(base, type) and issubclass(base, DeclarativeBase)):
        message = "backstay_models must return a declarative base"
        raise TypeError(message)
    base.registry.configure()
    check_declarations(base)
    guarded = {guard.table for guard in guards_of(base.metadata) if guard.name == "audit_context"}
    for mapper in base.registry.mappers:
        table: Any = mapper.local_table
        if mapper.class_.__audit__ is not Audit.DERIVED and table.name not in guarded:
            require_audit_context(table)


def _bridges(
    manager: pluggy.PluginManager,
    plugins: list[Found],
    loaded: list[Part],
    failed: dict[str, str],
) -> list[Part]:
    """Load ``bridges/<other>.py`` of each running plugin whose other end runs too."""
    running = {part.plugin for part in loaded}
    parts: list[Part] = []
    for plugin in sorted(plugins, key=lambda plugin: plugin.name):
        for path in sorted((plugin.root / "bridges").glob("[a-z]*.py")):
            other = path.stem
            if other not in running:
                continue
            registered = f"{plugin.name}:{other}"
            try:
                module = importlib.import_module(f"{plugin.root.name}.bridges.{other}")
                manager.register(module, registered)
                manager.check_pending()
                part = replace(_collect(manager, registered), base=None)
                refuse_twins([*loaded, *parts, part])
                parts.append(part)
            except Exception as error:  # noqa: BLE001 - as above
                _log.exception("bridge %s could not be loaded", registered)
                if manager.has_plugin(registered):
                    manager.unregister(name=registered)
                failed[registered] = f"{type(error).__name__}: {error}"
    return parts


__all__ = ["core_part", "in_order", "load"]
