"""Bringing an installation up to date: the database's tables, and the first start's contents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, select

from backstay.core_base import CoreBase
from backstay.db.context import operator_context
from backstay.kernel.lifecycle import next_generation
from backstay.kernel.load import load
from backstay.kernel.migrate import core_schema, pending, plugin_schema, upgrade
from backstay.kernel.models import Installation, PluginRow, PluginState
from backstay.kernel.state import INSTALLATION

if TYPE_CHECKING:
    from backstay.db.database import Database

DEFAULT_THEME: Final = "harbor"


def migrate(database: Database) -> list[str]:
    """Bring core and every enabled plugin up to date.

    Each plugin is a transaction of its own: one that fails is marked as failed and the others go
    on. Safe to call at every start.

    Returns:
        what was done, in words.
    """
    from backstay.access.roles import install_role_templates

    done = [f"core: {step}" for step in upgrade(database.engine, core_schema(CoreBase.metadata))]
    context = operator_context("system:migrate")
    enabled = _enabled(database)
    suite = load(enabled)
    failed = dict(suite.failed)
    for name in suite.running:
        part = suite.part(name)
        if part.base is None:
            continue
        schema = plugin_schema(suite.found[name], part.base.metadata)
        with database.reading_connection() as connection:
            due = pending(connection, schema)
        if not due:
            continue
        try:
            done += [f"{name}: {step}" for step in upgrade(database.engine, schema)]
        except Exception as error:  # noqa: BLE001 - one plugin's migration must not stop the others
            failed[name] = str(error)
    with database.write(context, suite) as session:
        if session.get(Installation, INSTALLATION) is None:
            session.add(Installation(id=INSTALLATION, generation=1, theme=DEFAULT_THEME))
            session.flush()
            done.append("core: set up the installation")
        install_role_templates(session, suite)
        for name in enabled:
            row = session.get_one(PluginRow, name)
            if name in suite.found and name not in failed:
                row.version = suite.found[name].version
        if done:
            next_generation(session)
    done += [f"{name}: failed: {why}" for name, why in sorted(failed.items())]
    return done


def _enabled(database: Database) -> frozenset[str]:
    with database.reading_connection() as connection:
        if not inspect(connection).has_table(PluginRow.__tablename__):
            return frozenset()
        return frozenset(
            connection.scalars(select(PluginRow.name).where(PluginRow.state == PluginState.ENABLED))
        )
