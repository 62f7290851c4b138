"""Bringing an installation up to date: the database's tables, and the first start's contents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, select

from backstay.clock import now
from backstay.core_base import CoreBase
from backstay.db.context import operator_context
from backstay.db.guards import guards_are_missing
from backstay.kernel.lifecycle import remember_declared
from backstay.kernel.load import load
from backstay.kernel.migrate import core_schema, pending, plugin_schema, upgrade
from backstay.kernel.models import Installation, PluginRow, PluginState
from backstay.kernel.state import INSTALLATION, next_generation
from backstay.search.rebuild import build_missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.database import Database

DEFAULT_THEME: Final = "harbor"


def migrate(
    database: Database,
    progress: Callable[[str, int], None] | None = None,
    *,
    safe_mode: bool = False,
) -> list[str]:
    """Bring core and every enabled plugin up to date, and the index of the search with them.

    Each plugin is a transaction of its own: one that fails is switched off as failed, because its
    code does not fit its tables, and the others go on. Safe to call at every start.

    Arguments:
        progress: told each table that is indexed, and how many of its records are done.
        safe_mode: leave the plugins as they are; none is imported.

    Returns:
        what was done, in words.
    """
    from backstay.access.role_templates import install_role_templates

    done = [f"core: {step}" for step in upgrade(database.engine, core_schema(CoreBase.metadata))]
    context = operator_context("system:migrate")
    enabled = _enabled(database)
    suite = load(frozenset(enabled), safe_mode=safe_mode)
    failed: dict[str, str] = {}
    for name in suite.running:
        part = suite.part(name)
        if part.base is None:
            continue
        schema = plugin_schema(suite.found[name], part.base.metadata)
        with database.reading_connection() as connection:
            due = pending(connection, schema)
            lacking = guards_are_missing(connection, schema.metadata)
        if not due and not lacking and enabled[name] == suite.found[name].version:
            continue
        try:
            done += [f"{name}: {step}" for step in upgrade(database.engine, schema)]
        except Exception as error:  # noqa: BLE001 - one plugin's migration must not stop the others
            failed[name] = str(error)
    indexed = build_missing(database, suite, progress, leave_out=frozenset(failed))
    done += [
        f"search: indexed {one.entity}, {one.records} records" for one in indexed if one.records
    ]
    with database.write(context, suite) as session:
        if session.get(Installation, INSTALLATION) is None:
            session.add(Installation(id=INSTALLATION, generation=1, theme=DEFAULT_THEME))
            session.flush()
            done.append("core: set up the installation")
        install_role_templates(session, suite)
        for name in enabled:
            row = session.get_one(PluginRow, name)
            if name in failed:
                row.state = PluginState.FAILED
                row.message = failed[name][:1000]
                row.changed_at = now()
            elif name in suite.running:
                row.version = suite.found[name].version
                remember_declared(session, suite, name)
        if done or failed:
            next_generation(session)
    trouble = sorted({**suite.failed, **failed}.items())
    done += [f"{name}: failed: {why}" for name, why in trouble]
    return done


def _enabled(database: Database) -> dict[str, str]:
    """The enabled plugins with the version whose migrations have run."""
    with database.reading_connection() as connection:
        if not inspect(connection).has_table(PluginRow.__tablename__):
            return {}
        rows = connection.execute(
            select(PluginRow.name, PluginRow.version).where(PluginRow.state == PluginState.ENABLED)
        )
        return {row.name: row.version for row in rows}
