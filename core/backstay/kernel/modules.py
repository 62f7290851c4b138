"""Modules as administrators see them: state, version, what they ask for and what data they hold.

“Module” is the word for people; the code says plugin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.access.core_permissions import PLUGIN_VIEW
from backstay.db.context import authorize
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.jobs.models import JobState
from backstay.kernel.discovery import Found, discover
from backstay.kernel.holdings import TableSize, table_sizes, waiting_jobs
from backstay.kernel.models import PluginRow, PluginState
from backstay.kernel.states import FROM, ModuleState, Step, state_of
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission
    from backstay.i18n import Text
    from backstay.kernel.suite import Suite
    from backstay.web.page import Tone

STATE_LABELS: Final[dict[ModuleState, tuple[Text, Tone]]] = {
    ModuleState.AVAILABLE: (lazy("Available"), "neutral"),
    ModuleState.ENABLED: (lazy("On"), "ok"),
    ModuleState.DISABLED: (lazy("Off"), "neutral"),
    ModuleState.UPGRADE_DUE: (lazy("Update due"), "warn"),
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
        return tuple(step for step in Step if self.standing in FROM[step])


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
    counts = waiting_jobs(session.connection(), name)
    return ModuleDetails(
        permissions=tuple(one for part in parts for one in part.permissions),
        tables=table_sizes(session.connection(), name),
        jobs=tuple((kind.name, str(kind.label)) for part in parts for kind in part.jobs),
        waiting=counts.get(JobState.READY, 0),
        given_up=counts.get(JobState.DEAD, 0),
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
        icon=package.icon if package else "puzzle",
        version=package.version if package else "",
        migrated=row.version if row else "",
        licence=package.licence if package else "",
        state=state_of(package, row, trouble),
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
