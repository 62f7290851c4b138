"""Importing the enabled plugins, one at a time, each inside its own try and within its own time.

A plugin that fails to import or to register, or takes too long for it, is listed with its reason;
the others run.
"""

from __future__ import annotations

import importlib
import logging
import threading
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from graphlib import CycleError, TopologicalSorter
from time import monotonic
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, Final

import pluggy
from sqlalchemy.orm import DeclarativeBase

from backstay import hookspecs
from backstay.db.acting import CORE, write_as
from backstay.db.base import Audit, check_declarations, guards_of
from backstay.db.guards import require_audit_context
from backstay.errors import ConfigurationError
from backstay.i18n import add_translations
from backstay.kernel.boundaries import guarded
from backstay.kernel.code import forget, imported, remember
from backstay.kernel.discovery import Found, discover
from backstay.kernel.shared_methods import share_methods
from backstay.kernel.suite import Part, Suite, refuse_twins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_log = logging.getLogger(__name__)
LONGEST_SECONDS: Final = 15.0
"""How long a plugin may take to be imported and to answer its hooks. Requests wait a little longer
for the next application, so one slow plugin is left out before anybody is answered without it."""
SLOW_SECONDS: Final = 2.0
"""From here on administrators are told how long it took."""
_FIELDS: Final = {
    "permissions": "backstay_permissions",
    "field_groups": "backstay_field_groups",
    "role_templates": "backstay_role_templates",
    "resources": "backstay_resources",
    "blueprints": "backstay_blueprints",
    "pages": "backstay_navigation",
    "jobs": "backstay_jobs",
    "schedules": "backstay_schedules",
    "events": "backstay_events",
    "subscriptions": "backstay_subscriptions",
    "imports": "backstay_imports",
    "approvables": "backstay_approvables",
    "commands": "backstay_commands",
    "account_roles": "backstay_account_roles",
    "close_tasks": "backstay_close_tasks",
    "dimension_types": "backstay_dimension_types",
    "audit_file_formats": "backstay_audit_file_formats",
    "company_setup": "backstay_company_setup",
    "demo": "backstay_demo",
}


def load(
    enabled: Iterable[str],
    *,
    generation: int = 0,
    safe_mode: bool = False,
    paused: Mapping[str, str] | None = None,
) -> Suite:
    """Load core and the enabled plugins.

    Arguments:
        enabled: names of the plugins that are switched on.
        safe_mode: start core alone, whatever is enabled.
        paused: those of them that stand still, and why.
    """
    wanted = frozenset(() if safe_mode else enabled)
    found = discover()
    manager = pluggy.PluginManager("backstay")
    manager.add_hookspecs(hookspecs)
    still = {name: why for name, why in (paused or {}).items() if name in wanted}
    failed: dict[str, str] = dict(still)
    slow: dict[str, float] = {}
    parts: list[Part] = [core_part()]
    for name in in_order(found, wanted, failed):
        try:
            _require_running(found[name], parts)
            part = _in_time(name, partial(_register, manager, found[name]), slow)
            refuse_twins([*parts, part])
            parts.append(part)
        except BaseException as error:  # noqa: BLE001 - whatever a plugin raises stays its own
            _refuse(manager, found[name], name, error, failed)
    running = {part.plugin for part in parts}
    parts += _bridges(manager, [found[n] for n in running if n in found], parts, failed, slow)

    def suite(some: Iterable[Part]) -> Suite:
        return Suite(
            generation=generation,
            enabled=wanted,
            found=found,
            parts=tuple(some),
            failed=failed,
            slow=slow,
            paused=frozenset(still),
            safe_mode=safe_mode,
        )

    return suite(_that_fit(parts, suite, failed))


def _that_fit(
    parts: list[Part], suite: Callable[[Iterable[Part]], Suite], failed: dict[str, str]
) -> list[Part]:
    """The parts whose declarations can be indexed together."""
    fitting: list[Part] = []
    for part in parts:
        try:
            suite([part])
            fitting.append(part)
        except Exception as error:
            if part.plugin == CORE:
                raise
            _log.exception("the declarations of plugin %s can't be used", part.plugin)
            failed[part.plugin] = f"{type(error).__name__}: {error}"
    # A bridge of a plugin that is left out goes with it.
    return [part for part in fitting if part.plugin == CORE or part.plugin not in failed]


def _require_running(plugin: Found, parts: Iterable[Part]) -> None:
    running = {part.plugin for part in parts}
    if missing := sorted(plugin.requires - running):
        message = f"it needs {', '.join(missing)}, which is not running"
        raise ConfigurationError(message)


def _refuse(
    manager: pluggy.PluginManager,
    plugin: Found,
    registered: str,
    error: BaseException,
    failed: dict[str, str],
) -> None:
    """List a plugin, or a bridge, with why it does not run."""
    if isinstance(error, KeyboardInterrupt):
        raise error
    _log.error("plugin %s could not be loaded", registered, exc_info=error)
    if manager.has_plugin(registered):
        manager.unregister(name=registered)
    plain = isinstance(error, ConfigurationError)
    reason = str(error) if plain else f"{type(error).__name__}: {error}"
    failed[registered] = reason + _place_in(plugin, error)


def _place_in(plugin: Found, error: BaseException) -> str:
    """Where in its own code the plugin failed, for whoever is to mend it."""
    package = plugin.root.name
    for frame, line in reversed(list(walk_tb(error.__traceback__))):
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] == package:
            return f" ({module}, line {line})"
    return ""


def _in_time(name: str, work: Callable[[], Part], slow: dict[str, float]) -> Part:
    """Wait for a plugin, but not for ever: a thread can't be ended, but it can be left behind.

    Raises:
        ConfigurationError: it took longer than :data:`LONGEST_SECONDS`.
    """
    done: list[Part] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - told where it is waited for
            raised.append(error)

    context = copy_context()
    thread = threading.Thread(target=context.run, args=(run,), name=f"load {name}", daemon=True)
    started = monotonic()
    thread.start()
    thread.join(LONGEST_SECONDS)
    took = monotonic() - started
    if raised:
        raise raised[0]
    if not done:
        message = f"it was not loaded within {LONGEST_SECONDS:g} s and is left out"
        raise ConfigurationError(message)
    if took >= SLOW_SECONDS:
        _log.warning("plugin %s took %.1f s to load", name, took)
        slow[name] = took
    return done[0]


def in_order(found: dict[str, Found], wanted: frozenset[str], failed: dict[str, str]) -> list[str]:
    """The wanted plugins, each after those it requires; ``failed`` gets those that can't run."""
    for name in sorted(wanted - failed.keys()):
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
    share_methods("backstay")
    _prepare(part)
    return part


def _register(manager: pluggy.PluginManager, plugin: Found) -> Part:
    package = plugin.root.name
    fresh = not imported(package)
    remember(plugin, fresh=fresh)
    try:
        module = plugin.entry_point.load()
        if fresh and (plugin.root / "api.py").exists():
            write_as(plugin.name, importlib.import_module(f"{package}.api"))
        share_methods(package)
    except BaseException:
        if fresh:
            # Half of it would be found as if it were imported, and mending it would not help.
            forget(plugin)
        raise
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
    return guarded(
        Part(
            plugin=plugin,
            base=call("backstay_models"),
            services=dict(call("backstay_services") or {}),
            **values,
        )
    )


def _prepare(part: Part) -> None:
    """Configure the plugin's own registry and give every audited table its guard."""
    from backstay.jobs.events import check_event
    from backstay.jobs.schedules import check_schedule

    for event in part.events:
        check_event(part.plugin, event)
    for schedule in part.schedules:
        check_schedule(schedule, {kind.name for kind in part.job_kinds})
    base: Any = part.base
    if base is None:
        return
    if not (isinstance(base, type) and issubclass(base, DeclarativeBase)):
        message = "backstay_models must return a declarative base"
        raise TypeError(message)
    if (owner := base.metadata.info.get("plugin")) != part.plugin:
        message = f"its models are declared as those of {owner}: plugin_metadata(“{part.plugin}”)"
        raise ConfigurationError(message)
    for name in base.metadata.tables:
        if not name.startswith(f"{part.plugin}_"):
            message = f"table {name} must be called {part.plugin}_..."
            raise ConfigurationError(message)
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
    slow: dict[str, float],
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
                part = _in_time(registered, partial(_bridge, manager, plugin, other), slow)
                refuse_twins([*loaded, *parts, part])
                parts.append(part)
            except BaseException as error:  # noqa: BLE001 - as above
                _refuse(manager, plugin, registered, error, failed)
    return parts


def _bridge(manager: pluggy.PluginManager, plugin: Found, other: str) -> Part:
    registered = f"{plugin.name}:{other}"
    module = importlib.import_module(f"{plugin.root.name}.bridges.{other}")
    manager.register(module, registered)
    manager.check_pending()
    return replace(_collect(manager, registered), base=None)


__all__ = ["core_part", "in_order", "load"]
