"""Modules as administrators see them: state, version, what they ask for and what data they hold.

“Module” is the word for people; the code says plugin.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import MetaData, Select, Table, func, inspect, literal_column, select

from backstay.access.core_permissions import PLUGIN_VIEW
from backstay.db.context import authorize
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.jobs.models import Job, JobState
from backstay.kernel.discovery import Found, discover
from backstay.kernel.models import PluginRow, PluginState
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission
    from backstay.i18n import Text
    from backstay.kernel.suite import Suite
    from backstay.web.page import Tone

COUNTED: Final = 10_000
"""Rows are counted up to here; a plugin's tables may hold millions."""


class ModuleState(enum.Enum):
    """Where a module stands, including what no row says: never enabled, package gone, outdated."""

    AVAILABLE = "available"
    ENABLED = "enabled"
    DISABLED = "disabled"
    UPGRADE_DUE = "upgrade_due"
    FAILED = "failed"
    MISSING = "missing"
    RETIRED = "retired"


STATE_LABELS: Final[dict[ModuleState, tuple[Text, Tone]]] = {
    ModuleState.AVAILABLE: (lazy("Available"), "neutral"),
    ModuleState.ENABLED: (lazy("On"), "ok"),
    ModuleState.DISABLED: (lazy("Off"), "neutral"),
    ModuleState.UPGRADE_DUE: (lazy("Update due"), "warn"),
    ModuleState.FAILED: (lazy("Failed"), "bad"),
    ModuleState.MISSING: (lazy("Package missing"), "bad"),
    ModuleState.RETIRED: (lazy("Retired"), "neutral"),
}


@dataclass(frozen=True, slots=True)
class Module:
    """One module.

    Arguments:
        version: of the installed package; ``migrated`` is the one whose migrations have run.
        requires: names of the modules that it can't live without.
        needed_by: names of the enabled modules that need it.
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
    running: bool
    requires: tuple[str, ...]
    needed_by: tuple[str, ...]
    message: str

    @property
    def may_enable(self) -> bool:
        """Whether switching on makes sense in this state."""
        return self.state not in {
            ModuleState.ENABLED,
            ModuleState.UPGRADE_DUE,
            ModuleState.MISSING,
        }

    @property
    def may_disable(self) -> bool:
        """Whether switching off makes sense in this state."""
        return self.state in {
            ModuleState.ENABLED,
            ModuleState.UPGRADE_DUE,
            ModuleState.FAILED,
            ModuleState.MISSING,
        }


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table that a module owns; ``rows`` counts up to ``COUNTED`` and one more."""

    name: str
    rows: int

    @property
    def text(self) -> str:
        """The count as people read it."""
        return f"{COUNTED:,}+" if self.rows > COUNTED else f"{self.rows:,}"


@dataclass(frozen=True, slots=True)
class ModuleDetails:
    """What a module asks for and holds; empty where only a running module can say."""

    permissions: tuple[Permission, ...]
    tables: tuple[TableSize, ...]
    jobs: tuple[tuple[str, str], ...]
    """Name and label of its kinds of background jobs."""
    waiting: int
    given_up: int


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


def module_details(session: Session, name: str) -> ModuleDetails:
    """What a module asks for, what it holds and what it has to do."""
    authorize(session, PLUGIN_VIEW)
    parts = [part for part in suite_of(session).parts if part.plugin == name]
    counts: dict[JobState, int] = dict(
        session.execute(
            select(Job.state, func.count(Job.id))
            .where(Job.kind.startswith(f"{name}."), Job.state.in_((JobState.READY, JobState.DEAD)))
            .group_by(Job.state)
        ).all()
    )
    return ModuleDetails(
        permissions=tuple(one for part in parts for one in part.permissions),
        tables=_tables(session, name),
        jobs=tuple((kind.name, str(kind.label)) for part in parts for kind in part.jobs),
        waiting=counts.get(JobState.READY, 0),
        given_up=counts.get(JobState.DEAD, 0),
    )


def _tables(session: Session, plugin: str) -> tuple[TableSize, ...]:
    connection = session.connection()
    names = sorted(
        name
        for name in inspect(connection).get_table_names()
        if name.startswith(f"{plugin}_") and not name.endswith("_alembic_version")
    )
    sizes = []
    for name in names:
        # The tables of a module that is off have no model here; a name is enough to count rows.
        few: Select[Any] = (
            select(literal_column("1")).select_from(Table(name, MetaData())).limit(COUNTED + 1)
        )
        rows = connection.scalar(select(func.count()).select_from(few.subquery()))
        sizes.append(TableSize(name, rows or 0))
    return tuple(sizes)


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
        icon=package.icon if package else "puzzle",
        version=package.version if package else "",
        migrated=row.version if row else "",
        licence=package.licence if package else "",
        state=_state(package, row, trouble),
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


def _state(package: Found | None, row: PluginRow | None, trouble: str) -> ModuleState:
    if row is None:
        broken = package is not None and bool(package.broken)
        return ModuleState.FAILED if broken else ModuleState.AVAILABLE
    if row.state is not PluginState.ENABLED:
        return ModuleState(row.state.value)
    if package is None:
        return ModuleState.MISSING
    if trouble or package.broken:
        return ModuleState.FAILED
    return ModuleState.ENABLED if row.version == package.version else ModuleState.UPGRADE_DUE
