"""Switching plugins on and off: planned first, done by one process at a time, audited.

A transition runs in a process of its own (``backstay plugin enable NAME``), since it imports
Alembic and the plugin's code; the web process that asked for it only waits. The commit that ends it
raises the generation, and every process follows on its next request.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.clock import now
from backstay.errors import ConfigurationError, Conflict, Problem
from backstay.i18n import gettext as _
from backstay.kernel.discovery import discover
from backstay.kernel.leases import lease
from backstay.kernel.load import load
from backstay.kernel.models import Installation, PluginRow, PluginState
from backstay.kernel.plans import Result, plan
from backstay.kernel.state import INSTALLATION, in_force
from backstay.search.rebuild import build_missing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

DUTY: Final = "lifecycle"
_LONGEST: Final = timedelta(minutes=10)


def transition(database: Database, name: str, target: PluginState, context: Context) -> Result:
    """Enable or disable a plugin now, in this process.

    Raises:
        Conflict: the plan has problems, or another transition is running.
        ConfigurationError: a migration or the plugin's own code failed; nothing changed but the
            plugin's state, which says why.
    """
    with lease(database, DUTY, _LONGEST):
        planned = plan(database, name, target)
        if planned.problems:
            raise Conflict(
                _("%(name)s stays as it is.", name=name),
                problems=tuple(Problem(problem, "name") for problem in planned.problems),
            )
        if target is PluginState.DISABLED:
            _finish(database, context, name, target)
            return Result(ok=True, message=_("%(name)s is off. Its data is kept.", name=name))
        try:
            suite = _prepare(database, name)
        except Exception as error:
            _finish(database, context, name, PluginState.FAILED, message=str(error))
            raise
        _finish(database, context, name, target, suite=suite)
    return Result(ok=True, message=_("%(name)s is on.", name=name))


def _prepare(database: Database, name: str) -> Suite:
    """Load the plugin with all that is enabled, and bring its tables up to date."""
    from backstay.kernel.migrate import plugin_schema, upgrade

    suite = load(in_force(database).enabled | {name})
    if name in suite.failed:
        message = f"{name}: {suite.failed[name]}"
        raise ConfigurationError(message)
    part = suite.part(name)
    if part.base is not None:
        upgrade(database.engine, plugin_schema(suite.found[name], part.base.metadata))
    build_missing(database, suite)
    return suite


def _finish(
    database: Database,
    context: Context,
    name: str,
    state: PluginState,
    *,
    message: str = "",
    suite: Suite | None = None,
) -> None:
    """The one commit that ends a transition: state, roles and the next generation."""
    from backstay.access.roles import install_role_templates

    with database.write(context, suite) as session:
        found = discover().get(name)
        row = session.get(PluginRow, name)
        if row is None:
            row = PluginRow(name=name, state=state, version="", changed_at=now())
            session.add(row)
        was_enabled = row.state is PluginState.ENABLED
        row.state = state
        row.message = message[:1000]
        row.changed_at = now()
        if suite is not None:
            row.version = found.version if found else ""
            install_role_templates(session, suite)
        if state is not PluginState.FAILED or was_enabled:
            next_generation(session)


def next_generation(session: Session) -> int:
    """Raise the generation number: after the commit every process builds itself anew."""
    row = session.scalars(
        select(Installation).where(Installation.id == INSTALLATION).with_for_update()
    ).one()
    row.generation += 1
    return row.generation
