"""Taking a step with a module: planned first, done by one process at a time, audited.

A transition runs in a process of its own (``backstay plugin enable NAME``), since it imports
Alembic and the plugin's code; the web process that asked for it only waits. The commit that ends it
raises the generation, and every process follows on its next request. One that is killed leaves
things as they were before it, and a lease that runs out within seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from backstay.clock import now
from backstay.db.database import busy_message, is_busy
from backstay.errors import ConfigurationError, Conflict, Problem, Unavailable
from backstay.i18n import gettext as _
from backstay.jobs.models import Job, JobState
from backstay.kernel.discovery import discover
from backstay.kernel.leases import lease
from backstay.kernel.load import load
from backstay.kernel.models import (
    PluginDeclared,
    PluginRow,
    PluginState,
)
from backstay.kernel.plans import DUTY, Result, plan
from backstay.kernel.state import in_force, next_generation
from backstay.kernel.states import LEADS_TO, Step
from backstay.search.rebuild import build_missing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.kernel.leases import Duty
    from backstay.kernel.suite import Suite


@dataclass(frozen=True, slots=True)
class _Taking:
    """A step under way."""

    database: Database
    context: Context
    name: str
    step: Step
    duty: Duty

    def finish(self, state: PluginState, *, message: str = "", suite: Suite | None = None) -> None:
        """The one commit that ends it: state, roles and the next generation."""
        with self.database.write(self.context, suite) as session:
            self.duty.secure(session.connection())
            write_down(session, self.name, state, message=message, suite=suite)
            if self.step is Step.RETIRE:
                _cancel_jobs(session, self.name)


def transition(database: Database, name: str, step: Step, context: Context) -> Result:
    """Take any step but the purge with a module now, in this process.

    Raises:
        Conflict: the plan has blockers, or another step is being taken.
        ConfigurationError: a migration or the plugin's own code failed; nothing changed but the
            plugin's state, which says why.
        Unavailable: somebody else held a lock for too long; nothing changed.
    """
    with lease(database, DUTY, note=f"{step.value} {name}", alone=True) as duty:
        planned = plan(database, name, step)
        refuse_blocked(planned.blockers, planned.title)
        taking = _Taking(database, context, name, step, duty)
        if step in {Step.DISABLE, Step.RETIRE}:
            taking.finish(LEADS_TO[step])
        else:
            try:
                suite = _prepare(taking)
            except Exception as error:
                if _was_busy(error):
                    raise Unavailable(busy_message()) from error
                taking.finish(PluginState.FAILED, message=str(error))
                raise
            taking.finish(LEADS_TO[step], suite=suite)
        version = discover()[name].version if name in discover() else ""
    return Result(ok=True, message=_done(step, planned.title, version))


def refuse_blocked(blockers: tuple[str, ...], title: str) -> None:
    """Refuse a step that its plan says can't be taken.

    Raises:
        Conflict: names every blocker.
    """
    if blockers:
        raise Conflict(
            _("%(name)s stays as it is.", name=title),
            problems=tuple(Problem(blocker, "name") for blocker in blockers),
        )


def _was_busy(error: BaseException) -> bool:
    """Whether it failed for a lock alone, which says nothing about the plugin."""
    reason: BaseException | None = error
    while reason is not None:
        if isinstance(reason, OperationalError) and is_busy(reason):
            return True
        reason = reason.__cause__
    return False


def _done(step: Step, title: str, version: str) -> str:
    return {
        Step.ENABLE: _("%(name)s is on.", name=title),
        Step.UPGRADE: _("%(name)s is at version %(version)s now.", name=title, version=version),
        Step.DISABLE: _("%(name)s is off. Its data is kept.", name=title),
        Step.RETIRE: _(
            "%(name)s is uninstalled. Its data is kept; its package may be removed now.",
            name=title,
        ),
    }[step]


def _prepare(taking: _Taking) -> Suite:
    """Load the plugin with all that is enabled, and bring its tables up to date."""
    from backstay.kernel.migrate import plugin_schema, upgrade

    name, database = taking.name, taking.database
    suite = load(in_force(database).enabled | {name})
    if name in suite.failed:
        message = f"{name}: {suite.failed[name]}"
        raise ConfigurationError(message)
    part = suite.part(name)
    if part.base is not None:
        schema = plugin_schema(suite.found[name], part.base.metadata)
        upgrade(database.engine, schema, at_last=taking.duty.secure)
    build_missing(database, suite)
    return suite


def write_down(
    session: Session,
    name: str,
    state: PluginState,
    *,
    message: str = "",
    suite: Suite | None = None,
) -> None:
    """Note where a plugin stands now, and let every process follow if that concerns them.

    Arguments:
        suite: what was loaded, when it was brought up to date: its version and its roles.
    """
    from backstay.access.roles import install_role_templates

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
        remember_declared(session, suite, name)
    if state is PluginState.ENABLED or was_enabled:
        next_generation(session)


def remember_declared(session: Session, suite: Suite, name: str) -> None:
    """Keep what a plugin asks for: shown while it is off, compared with its next version."""
    parts = [part for part in suite.parts if part.plugin == name]
    row = session.get(PluginDeclared, name)
    if row is None:
        row = PluginDeclared(name=name)
        session.add(row)
    row.permissions = [
        {
            "name": one.name,
            "label": str(one.label),
            "risk": one.risk.value,
            "explanation": str(one.explanation),
        }
        for part in parts
        for one in part.permissions
    ]
    row.jobs = [
        {"name": kind.name, "label": str(kind.label)} for part in parts for kind in part.jobs
    ]


def _cancel_jobs(session: Session, name: str) -> None:
    """What waited for a module that is uninstalled must not run years later."""
    session.execute(
        update(Job)
        .where(Job.kind.startswith(f"{name}."), Job.state.in_((JobState.READY, JobState.DEAD)))
        .values(state=JobState.CANCELLED, finished_at=now()),
        execution_options={"synchronize_session": False},
    )
