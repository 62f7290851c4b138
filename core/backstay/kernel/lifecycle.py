"""Taking a step with a module: planned first, done by one process at a time, audited.

A transition runs in a process of its own (``backstay plugin enable NAME``), since it imports
Alembic and the plugin's code; the web process that asked for it only waits. The commit that ends it
raises the generation, and every process follows on its next request. One that is killed leaves
things as they were before it, and a lease that runs out within seconds.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from backstay.access.role_templates import (
    Proposal,
    chosen_of,
    give_chosen,
    install_role_templates,
    note_decided,
    proposals,
)
from backstay.clock import now
from backstay.db.database import busy_message, is_busy
from backstay.errors import ConfigurationError, Conflict, Invalid, Problem, Unavailable
from backstay.i18n import gettext as _
from backstay.jobs.services import cancel_jobs_of
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
from backstay.kernel.step_log import note_end, noted
from backstay.search.rebuild import build_missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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

    def finish(
        self,
        state: PluginState,
        said: str,
        *,
        failed: bool = False,
        suite: Suite | None = None,
        chosen: tuple[Proposal, ...] = (),
    ) -> None:
        """The one commit that ends it: state, roles and the next generation."""
        with self.database.write(self.context, suite) as session:
            self.duty.secure(session.connection())
            message = said if failed else ""
            write_down(session, self.name, state, message=message, suite=suite)
            if suite is not None:
                give_chosen(session, chosen)
                note_decided(session, suite, self.name)
            if self.step is Step.RETIRE:
                cancel_jobs_of(session, self.name)
            note_end(session.connection(), self.name, said, failed=failed)


def transition(
    database: Database, name: str, step: Step, context: Context, give: Sequence[str] = ()
) -> Result:
    """Take any step but the purge with a module now, in this process.

    Arguments:
        give: which permissions that a new version proposes for roles are given to them, each as
            ``ROLE:PERMISSION``, or ``ROLE`` for all of one role; nothing else is given.

    Raises:
        Conflict: the plan has blockers, or another step is being taken.
        Invalid: what is to be given is not proposed; nothing changed.
        Forbidden: the actor may not give it; nothing changed.
        ConfigurationError: a migration or the plugin's own code failed; nothing changed but the
            plugin's state, which says why.
        Unavailable: somebody else held a lock for too long; nothing changed.
    """
    with lease(database, DUTY, note=f"{step.value} {name}", alone=True) as duty:
        planned = plan(database, name, step)
        refuse_blocked(planned.blockers, planned.title)
        version = discover()[name].version if name in discover() else ""
        done = _done(step, planned.title, version)
        taking = _Taking(database, context, name, step, duty)
        with noted(database, name, step, context.actor.label):
            if step in {Step.DISABLE, Step.RETIRE}:
                refuse_giving(give)
                taking.finish(LEADS_TO[step], done)
            else:
                _run(taking, done, give)
    return Result(ok=True, message=done)


def _run(taking: _Taking, done: str, give: Sequence[str]) -> None:
    """Enable or upgrade."""
    with _failing(taking):
        suite = _load(taking)
    chosen = _chosen(taking, suite, give)
    with _failing(taking):
        _prepare(taking, suite)
    taking.finish(LEADS_TO[taking.step], done, suite=suite, chosen=chosen)


@contextmanager
def _failing(taking: _Taking) -> Iterator[None]:
    """Let a plugin whose code or migration raises be known as failed."""
    try:
        yield
    except Exception as error:
        if _was_busy(error):
            raise Unavailable(busy_message()) from error
        taking.finish(PluginState.FAILED, str(error), failed=True)
        raise


def _chosen(taking: _Taking, suite: Suite, give: Sequence[str]) -> tuple[Proposal, ...]:
    """What is to be given to roles, refused before anything changes where it may not be."""
    if not give:
        return ()
    parts = [part for part in suite.parts if part.plugin == taking.name]
    with taking.database.open(taking.context, suite, write=True) as session:
        chosen = chosen_of(proposals(session.connection(), taking.name, parts), give)
        give_chosen(session, chosen)
        session.rollback()
    return chosen


def refuse_giving(give: Sequence[str]) -> None:
    """Refuse to give permissions in a step that brings none.

    Raises:
        Invalid: something is to be given.
    """
    if give:
        raise Invalid(_("Only switching on and updating bring permissions."), field="give")


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


def _load(taking: _Taking) -> Suite:
    """Load the plugin with all that is enabled."""
    suite = load(in_force(taking.database).enabled | {taking.name})
    if taking.name in suite.failed:
        message = f"{taking.name}: {suite.failed[taking.name]}"
        raise ConfigurationError(message)
    return suite


def _prepare(taking: _Taking, suite: Suite) -> None:
    """Bring the plugin's tables up to date, and the index of the search."""
    from backstay.kernel.migrate import plugin_schema, upgrade

    part = suite.part(taking.name)
    if part.base is not None:
        schema = plugin_schema(suite.found[taking.name], part.base.metadata)
        upgrade(taking.database.engine, schema, at_last=taking.duty.secure)
    build_missing(taking.database, suite)


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
        *({"name": kind.name, "label": str(kind.label)} for part in parts for kind in part.jobs),
        *(
            {"name": one.name, "label": str(one.label), "event": one.event.name}
            for part in parts
            for one in part.subscriptions
        ),
    ]
