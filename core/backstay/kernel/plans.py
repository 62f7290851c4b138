"""The dry run of a step with a module: what it would do, to what, and what stands in the way.

Nothing here changes anything, imports a plugin or Alembic. What only the plugin's own code can say
(pending migrations with their SQL, permissions, roles) is added by backstay.kernel.forecast, in a
process of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.version import InvalidVersion, Version
from sqlalchemy import select

from backstay.access.role_templates import Proposal
from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.jobs.models import JobState
from backstay.kernel.discovery import discover
from backstay.kernel.followed import will_miss
from backstay.kernel.holdings import (
    Belonging,
    TableSize,
    belongings,
    foreign_references,
    table_sizes,
    waiting_jobs,
)
from backstay.kernel.models import PluginDeclared, PluginRow, PluginState
from backstay.kernel.states import FROM, ModuleState, Step, state_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from backstay.db.database import Database
    from backstay.kernel.discovery import Found

DUTY: Final = "lifecycle"
"""What the one process that takes steps holds (backstay.kernel.leases)."""


@dataclass(frozen=True, slots=True)
class PlannedMigration:
    """A migration that has not run yet.

    Arguments:
        sql: what it would send to the database; empty where that is known only when it runs.
        unknown: why, then.
    """

    revision: str
    text: str
    sql: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class PlannedPermission:
    """A permission that the step brings or takes away."""

    name: str
    label: str
    risk: str


@dataclass(frozen=True, slots=True)
class PlannedRole:
    """A role that the step makes, or adds permissions to."""

    code: str
    name: str
    new: bool
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a step would do.

    Arguments:
        version: of the installed package; ``migrated`` is the one whose migrations have run.
        actions: what would be done, in words, in order.
        blockers: why it can't be done; empty when it can.
        dependents: titles of the enabled modules that need this one.
        belongings: rows of core that speak of the module; counted for a purge only.
        jobs: how many of its jobs wait or were given up.
        migrations: those that would run; like the next three known to a full plan only.
        gained: permissions that it brings, and ``lost`` those that its new version gave up.
        proposals: what roles that there are could get besides, if it is chosen.
        full: whether the plugin's own code was asked.
    """

    plugin: str
    title: str
    step: Step
    state: ModuleState
    version: str
    migrated: str
    actions: tuple[str, ...] = ()
    blockers: tuple[str, ...] = ()
    dependents: tuple[str, ...] = ()
    tables: tuple[TableSize, ...] = ()
    belongings: tuple[Belonging, ...] = ()
    jobs: int = 0
    migrations: tuple[PlannedMigration, ...] = ()
    gained: tuple[PlannedPermission, ...] = ()
    lost: tuple[PlannedPermission, ...] = ()
    roles: tuple[PlannedRole, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    full: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """How a transition ended, with a message for the administrator.

    Arguments:
        ended: False while it is still being done, for who did not want to wait any longer.
    """

    ok: bool
    message: str
    ended: bool = True


@dataclass(frozen=True, slots=True)
class _Scene:
    """All that a plan looks at."""

    connection: Connection
    found: dict[str, Found]
    rows: dict[str, PluginRow]
    name: str
    step: Step

    @property
    def package(self) -> Found | None:
        return self.found.get(self.name)

    @property
    def row(self) -> PluginRow | None:
        return self.rows.get(self.name)

    @property
    def title(self) -> str:
        return self.package.title if self.package else self.name

    @property
    def enabled(self) -> frozenset[str]:
        return frozenset(
            name for name, row in self.rows.items() if row.state is PluginState.ENABLED
        )

    @property
    def dependents(self) -> tuple[str, ...]:
        return tuple(
            sorted(
                self.found[other].title
                for other in self.enabled
                if other in self.found and self.name in self.found[other].requires
            )
        )


def plan(database: Database, name: str, step: Step) -> Plan:
    """The dry run of a step. Writes nothing."""
    with database.reading_connection() as connection:
        return plan_on(connection, name, step)


def plan_on(connection: Connection, name: str, step: Step) -> Plan:
    """The dry run of a step, as one transaction sees the database."""
    rows = {
        row.name: PluginRow(name=row.name, state=row.state, version=row.version)
        for row in connection.execute(select(PluginRow.name, PluginRow.state, PluginRow.version))
    }
    scene = _Scene(connection, discover(), rows, name, step)
    jobs = waiting_jobs(connection, name)
    forward = step in {Step.ENABLE, Step.UPGRADE}
    is_on = scene.row is not None and scene.row.state is PluginState.ENABLED
    return Plan(
        plugin=name,
        title=scene.title,
        step=step,
        state=state_of(scene.package, scene.row),
        version=scene.package.version if scene.package else "",
        migrated=scene.row.version if scene.row else "",
        actions=_actions(scene, jobs),
        blockers=tuple(_blockers(scene, jobs)),
        dependents=() if forward else scene.dependents,
        tables=table_sizes(connection, name, exactly=step is Step.PURGE),
        belongings=belongings(connection, name) if step is Step.PURGE else (),
        jobs=jobs.get(JobState.READY, 0) + jobs.get(JobState.DEAD, 0),
        lost=declared(connection, name) if is_on and not forward else (),
        full=not forward,
    )


def declared(connection: Connection, name: str) -> tuple[PlannedPermission, ...]:
    """The permissions that a plugin asked for when it was last brought up to date."""
    found = connection.scalar(select(PluginDeclared.permissions).where(PluginDeclared.name == name))
    return tuple(PlannedPermission(one["name"], one["label"], one["risk"]) for one in found or ())


def _blockers(scene: _Scene, jobs: dict[JobState, int]) -> list[str]:
    package, row, step = scene.package, scene.row, scene.step
    if package is None and row is None:
        known = ", ".join(sorted(scene.found)) or _("none")
        return [
            _("There is no plugin “%(name)s”. Installed: %(known)s.", name=scene.name, known=known)
        ]
    state = state_of(package, row)
    if state not in FROM[step]:
        return [_not_from(scene, state)]
    if step in {Step.ENABLE, Step.UPGRADE}:
        return _in_the_way_of_running(scene)
    found = [
        _("%(other)s needs it. Switch that off first.", other=other) for other in scene.dependents
    ]
    if step is Step.PURGE:
        found += _in_the_way_of_purging(scene, jobs)
    return found


def _not_from(scene: _Scene, state: ModuleState) -> str:
    """Why a step makes no sense in this state, and what would."""
    title = scene.title
    version = scene.package.version if scene.package else ""
    is_on = state in {ModuleState.ENABLED, ModuleState.UPGRADE_DUE}
    is_gone = state in {ModuleState.RETIRED, ModuleState.PURGED}
    return {
        Step.ENABLE: _("%(title)s is already on.", title=title) if is_on else _not_installed(title),
        Step.UPGRADE: _(
            "%(title)s is up to date: its data is at version %(version)s, which is installed.",
            title=title,
            version=version,
        )
        if is_on
        else _("%(title)s is not on. Switching it on brings its data up to date.", title=title),
        Step.DISABLE: _("%(title)s is not on.", title=title),
        Step.RETIRE: _("%(title)s is uninstalled already.", title=title)
        if is_gone
        else _("%(title)s was never on, so there is nothing to uninstall.", title=title),
        Step.PURGE: _("%(title)s is on. Switch it off or uninstall it first.", title=title)
        if is_on
        else _("%(title)s has no data here.", title=title),
    }[scene.step]


def _not_installed(title: str) -> str:
    return _("The package of %(title)s is not installed. Install it first.", title=title)


def _in_the_way_of_running(scene: _Scene) -> list[str]:
    package = scene.package
    if package is None:
        return [_not_installed(scene.title)]
    found = [package.broken] if package.broken else []
    found += [
        _(
            "It needs %(other)s, which is off. Switch that on first.",
            other=scene.found[other].title,
        )
        for other in sorted(package.requires - scene.enabled)
    ]
    if scene.row is not None and is_older(package.version, scene.row.version):
        found.append(
            _(
                "Version %(version)s is installed, but its data was already brought to"
                " %(migrated)s, which older code does not know. Install %(migrated)s or newer.",
                version=package.version,
                migrated=scene.row.version,
            )
        )
    return found


def is_older(version: str, than: str) -> bool:
    """Whether a version comes before another one; False where one of them can't be read."""
    try:
        return Version(version) < Version(than)
    except InvalidVersion:
        return False


def _in_the_way_of_purging(scene: _Scene, jobs: dict[JobState, int]) -> list[str]:
    found = []
    if scene.row is not None and scene.row.state is PluginState.ENABLED:
        found.append(_("%(title)s is on. Switch it off or uninstall it first.", title=scene.title))
    found += [
        _(
            "The table %(table)s of another module refers to %(own)s. Purge that module first.",
            table=table,
            own=own,
        )
        for table, own in foreign_references(scene.connection, scene.name)
    ]
    if jobs.get(JobState.RUNNING):
        found.append(_("One of its jobs is running. Wait until it has ended."))
    return found


def _actions(scene: _Scene, jobs: dict[JobState, int]) -> tuple[str, ...]:
    match scene.step:
        case Step.ENABLE | Step.UPGRADE:
            return _actions_of_running(scene)
        case Step.DISABLE:
            return (
                _("Take its pages out of the navigation; their addresses say that it is off"),
                _("Leave its jobs waiting until it is on again"),
                *will_miss(scene.connection, scene.name),
                _("Keep all its data, roles and settings"),
            )
        case Step.RETIRE:
            count = jobs.get(JobState.READY, 0) + jobs.get(JobState.DEAD, 0)
            return (
                _("Take its pages out of the navigation; their addresses say that it is off"),
                *(
                    (
                        ngettext(
                            "Cancel %(n)s job that waits or was given up",
                            "Cancel %(n)s jobs that wait or were given up",
                            count,
                        ),
                    )
                    if count
                    else ()
                ),
                *will_miss(scene.connection, scene.name),
                _("Keep all its tables and files; switching it on again finds them as they are"),
                _("After that its package may be removed from the machine"),
            )
    return (
        _("Export its tables and files into the data folder, and read the export back"),
        _("Drop its tables, if what they hold is exactly what was exported"),
        _("Delete its attached files, imports, saved views, jobs and search index"),
        _("Take its permissions out of all roles; the roles themselves stay"),
        _("Keep the audit trail as it is"),
    )


def _actions_of_running(scene: _Scene) -> tuple[str, ...]:
    package = scene.package
    if package is None:
        return ()
    upgrading = scene.step is Step.UPGRADE
    return (
        _("Load %(title)s %(version)s", title=package.title, version=package.version),
        _("Bring its tables up to date, in one transaction: all of it or nothing"),
        _("Make roles from templates that are new; what you changed in others stays")
        if upgrading
        else _("Make the roles that it brings, unless they were made before"),
        _("Let every process follow; one that has imported older code needs a restart for the new")
        if upgrading
        else _("Show its pages to everybody who may use them, without a restart"),
    )
