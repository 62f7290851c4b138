"""Modules as administrators see them: state, version, what they ask for and what data they hold.

“Module” is the word for people; the code says plugin.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, inspect, select

from backstay.access.core_permissions import PLUGIN_VIEW
from backstay.access.permissions import Permission, Risk
from backstay.access.roles import PermissionWords, in_words
from backstay.db.context import authorize
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.jobs.models import Job, JobState
from backstay.kernel.changelog import Release, read_changelog
from backstay.kernel.checks import CheckResult, check_of
from backstay.kernel.discovery import Found, discover
from backstay.kernel.followed import Followed, events_since
from backstay.kernel.holdings import TableSize, table_sizes, version_table, waiting_jobs
from backstay.kernel.leases import held
from backstay.kernel.models import PluginDeclared, PluginRow, PluginState
from backstay.kernel.plans import DUTY
from backstay.kernel.process_models import Pause
from backstay.kernel.states import FROM, ModuleState, Step, state_of
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from backstay.i18n import Text
    from backstay.kernel.suite import Suite
    from backstay.web.page import Tone

_FAILURES: Final = 5
STATE_LABELS: Final[dict[ModuleState, tuple[Text, Tone]]] = {
    ModuleState.AVAILABLE: (lazy("Available"), "neutral"),
    ModuleState.ENABLED: (lazy("On"), "ok"),
    ModuleState.DISABLED: (lazy("Off"), "neutral"),
    ModuleState.UPGRADE_DUE: (lazy("Update due"), "warn"),
    ModuleState.PAUSED: (lazy("Paused"), "bad"),
    ModuleState.FAILED: (lazy("Failed"), "bad"),
    ModuleState.MISSING: (lazy("Package missing"), "bad"),
    ModuleState.RETIRED: (lazy("Uninstalled, data kept"), "neutral"),
    ModuleState.PURGED: (lazy("Uninstalled, data deleted"), "neutral"),
}


@dataclass(frozen=True, slots=True)
class Module:
    """One module.

    Arguments:
        version: of the installed package; ``migrated`` is the one whose migrations have run.
        requires: names of the modules that it can't live without.
        needed_by: names of the enabled modules that need it.
        state: as it is shown; ``standing`` leaves aside whether this process could load it.
        message: why it does not run, or an empty text.
    """

    name: str
    title: str
    summary: str
    category: str
    icon: str
    version: str
    migrated: str
    licence: str
    state: ModuleState
    standing: ModuleState
    running: bool
    requires: tuple[str, ...]
    needed_by: tuple[str, ...]
    message: str

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that can be taken from where it stands, whatever their plans say."""
        # Data outlive their package; nothing can be switched on without one.
        possible = set(Step) if self.version else set(Step) - {Step.ENABLE}
        return tuple(step for step in Step if step in possible and self.standing in FROM[step])


@dataclass(frozen=True, slots=True)
class Summary:
    """What a card shows of a module beside the module itself.

    Arguments:
        permissions: how many it asks for, as far as is known.
        tables: how many it owns.
        waiting: jobs that wait or run; ``given_up`` those that failed for good.
    """

    permissions: int
    tables: int
    waiting: int
    given_up: int
    check: CheckResult | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A job that was given up."""

    at: datetime | None
    kind: str
    error: str


@dataclass(frozen=True, slots=True)
class ModuleDetails:
    """What a module asks for and holds.

    Arguments:
        known: whether it was ever brought up to date, so that permissions and jobs are known.
        missed: the events that it follows, and those it was not told of since ``missed_since``,
            when it stopped running.
    """

    permissions: tuple[PermissionWords, ...]
    tables: tuple[TableSize, ...]
    jobs: tuple[tuple[str, str], ...]
    """Name and label of its kinds of background jobs."""
    waiting: int
    given_up: int
    failures: tuple[Failure, ...]
    changes: tuple[Release, ...]
    check: CheckResult | None
    known: bool
    missed: tuple[Followed, ...] = ()
    missed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A step that is being taken, or was interrupted: then nothing of it is half done."""

    step: Step
    plugin: str
    since: datetime
    alive: bool


def list_modules(session: Session) -> list[Module]:
    """All modules that are installed or were once enabled, by title."""
    authorize(session, PLUGIN_VIEW)
    suite = suite_of(session)
    found = discover()
    rows = {row.name: row for row in session.scalars(select(PluginRow))}
    modules = [_module(name, found, rows, suite) for name in sorted(found.keys() | rows.keys())]
    return sorted(modules, key=lambda module: module.title.casefold())


def get_module(session: Session, name: str) -> Module:
    """One module.

    Raises:
        NotFound: it is neither installed nor was it ever enabled.
    """
    for module in list_modules(session):
        if module.name == name:
            return module
    raise NotFound(_("There is no module “%(name)s”.", name=name), field="name")


def summaries(session: Session, modules: Sequence[Module]) -> dict[str, Summary]:
    """What the cards show, by module: a few statements for all of them."""
    authorize(session, PLUGIN_VIEW)
    found = discover()
    connection = session.connection()
    tables = inspect(connection).get_table_names()
    kinds = session.execute(
        select(Job.kind, Job.state, func.count())
        .where(Job.state.in_((JobState.READY, JobState.RUNNING, JobState.DEAD)))
        .group_by(Job.kind, Job.state)
    ).all()
    asked = {row.name: len(row.permissions) for row in session.scalars(select(PluginDeclared))}

    def jobs(name: str, *, dead: bool) -> int:
        return sum(
            count
            for kind, state, count in kinds
            if kind.startswith(f"{name}.") and (state is JobState.DEAD) is dead
        )

    return {
        one.name: Summary(
            permissions=asked.get(one.name, 0),
            tables=sum(
                table.startswith(f"{one.name}_") and table != version_table(one.name)
                for table in tables
            ),
            waiting=jobs(one.name, dead=False),
            given_up=jobs(one.name, dead=True),
            check=check_of(session, one.name, _root(found.get(one.name))),
        )
        for one in modules
    }


def module_details(session: Session, name: str) -> ModuleDetails:
    """What a module asks for, what it holds and what it has to do."""
    authorize(session, PLUGIN_VIEW)
    connection = session.connection()
    counts = waiting_jobs(connection, name)
    package = _root(discover().get(name))
    declared = _declared(session, name)
    stopped = _stopped_at(session, name)
    failures = session.execute(
        select(Job.finished_at, Job.kind, Job.error)
        .where(Job.kind.startswith(f"{name}.", autoescape=True), Job.state == JobState.DEAD)
        .order_by(Job.id.desc())
        .limit(_FAILURES)
    )
    return ModuleDetails(
        permissions=declared[0] if declared else (),
        tables=table_sizes(connection, name),
        jobs=declared[1] if declared else (),
        waiting=counts.get(JobState.READY, 0) + counts.get(JobState.RUNNING, 0),
        given_up=counts.get(JobState.DEAD, 0),
        failures=tuple(Failure(*row) for row in failures),
        changes=read_changelog(package) if package is not None else (),
        check=check_of(session, name, package),
        known=declared is not None,
        missed=events_since(connection, name, stopped) if stopped else (),
        missed_since=stopped,
    )


def _stopped_at(session: Session, name: str) -> datetime | None:
    """Since when a module that was on does not run; None for one that runs or never was on."""
    suite = suite_of(session)
    row = session.get(PluginRow, name)
    if row is None or name in suite.running or suite.safe_mode or row.state is PluginState.PURGED:
        return None
    if row.state is not PluginState.ENABLED:
        return row.changed_at
    pause = session.get(Pause, name)
    return pause.at if pause is not None and name in suite.paused else None


def under_way(session: Session) -> UnderWay | None:
    """The step that is being taken now, or that was interrupted last."""
    authorize(session, PLUGIN_VIEW)
    found = held(session.connection(), DUTY)
    verb, _space, plugin = found.note.partition(" ") if found else ("", "", "")
    if found is None or verb not in {step.value for step in Step}:
        return None
    return UnderWay(Step(verb), plugin, found.taken_at, found.alive)


def _root(package: Found | None) -> Path | None:
    return package.root if package is not None and not package.broken else None


def _declared(
    session: Session, name: str
) -> tuple[tuple[PermissionWords, ...], tuple[tuple[str, str], ...]] | None:
    """Permissions and jobs: as the running module says, else as it said last."""
    parts = [part for part in suite_of(session).parts if part.plugin == name]
    if parts:
        return (
            in_words(one for part in parts for one in part.permissions),
            tuple(
                (kind.name, str(kind.label))
                for part in parts
                for kind in (*part.jobs, *(one.kind for one in part.subscriptions))
            ),
        )
    row = session.get(PluginDeclared, name)
    if row is None:
        return None
    return (
        in_words(
            Permission(one["name"], one["label"], Risk(one["risk"]), one["explanation"])
            for one in row.permissions
        ),
        tuple((one["name"], one["label"]) for one in row.jobs),
    )


def _module(name: str, found: dict[str, Found], rows: dict[str, PluginRow], suite: Suite) -> Module:
    package = found.get(name)
    row = rows.get(name)
    enabled = row is not None and row.state is PluginState.ENABLED
    trouble = suite.failed.get(name, "") if enabled and not suite.safe_mode else ""
    message = trouble or (row.message if row else "") or (package.broken if package else "")
    return Module(
        name=name,
        title=package.title if package else name,
        summary=package.summary if package else "",
        category=package.category if package else "",
        icon=package.icon if package else "plug",
        version=package.version if package else "",
        migrated=row.version if row else "",
        licence=package.licence if package else "",
        state=state_of(package, row, trouble, paused=name in suite.paused),
        standing=state_of(package, row),
        running=name in suite.running,
        requires=tuple(sorted(package.requires)) if package else (),
        needed_by=tuple(
            sorted(
                other
                for other, one in found.items()
                if name in one.requires
                and other in rows
                and rows[other].state is PluginState.ENABLED
            )
        ),
        message=message,
    )
