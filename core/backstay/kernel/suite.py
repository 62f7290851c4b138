"""A loaded set of plugins: everything that they declared, checked, in one immutable place.

The web application, the job runner and the command line all work on a suite. It is a pure function
of the enabled set, so a new generation is a new suite and the old one finishes its work unharmed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from backstay.errors import ConfigurationError
from backstay.search.declared import remember_core, searched_models

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import click
    from flask import Blueprint
    from sqlalchemy.orm import DeclarativeBase, Session

    from backstay.access.permissions import FieldGroup, Permission, RoleTemplate
    from backstay.companies.declare import DemoData, SetupChoice
    from backstay.contracts.approvals import Approvable
    from backstay.contracts.audit_files import AuditFileFormat
    from backstay.contracts.closing import CloseTask
    from backstay.contracts.dimensions import DimensionType
    from backstay.contracts.ledger import AccountRole
    from backstay.imports.declare import ImportKind
    from backstay.jobs.declare import JobKind
    from backstay.jobs.events import DomainEvent, Subscription
    from backstay.jobs.schedules import Schedule
    from backstay.kernel.discovery import Found
    from backstay.navigation.declare import Page
    from backstay.resources.declare import Resource
    from backstay.search.declared import Searched

Contract = TypeVar("Contract")


@dataclass(frozen=True, slots=True)
class Part:
    """What one plugin (or core, or a bridge) declared."""

    plugin: str
    base: DeclarativeBase | type[DeclarativeBase] | None = None
    permissions: tuple[Permission, ...] = ()
    field_groups: tuple[FieldGroup, ...] = ()
    role_templates: tuple[RoleTemplate, ...] = ()
    resources: tuple[Resource, ...] = ()
    blueprints: tuple[Blueprint, ...] = ()
    """A plugin's are PluginBlueprints; core's own may lie anywhere."""
    pages: tuple[Page, ...] = ()
    jobs: tuple[JobKind, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    events: tuple[type[DomainEvent], ...] = ()
    subscriptions: tuple[Subscription[Any], ...] = ()
    imports: tuple[ImportKind, ...] = ()
    services: dict[type[Any], Any] = field(default_factory=dict)
    approvables: tuple[Approvable, ...] = ()
    commands: tuple[click.Command, ...] = ()
    account_roles: tuple[AccountRole, ...] = ()
    close_tasks: tuple[CloseTask, ...] = ()
    dimension_types: tuple[DimensionType, ...] = ()
    audit_file_formats: tuple[AuditFileFormat, ...] = ()
    company_setup: tuple[SetupChoice, ...] = ()
    demo: tuple[DemoData, ...] = ()

    @property
    def job_kinds(self) -> tuple[JobKind, ...]:
        """All kinds of jobs: those that it asks for, and those that events cause."""
        return (*self.jobs, *(one.kind for one in self.subscriptions))


@dataclass(frozen=True, slots=True)
class Suite:
    """The enabled plugins that could be loaded, and those that could not.

    Arguments:
        generation: the number of the enabled set that this was built from.
        parts: core first, then the plugins in order of their dependencies.
        failed: plugin name -> why it is not running.
        slow: plugin name -> the seconds it took to load, where that was long.
        paused: the failed ones that an administrator can resume.
    """

    generation: int
    enabled: frozenset[str]
    found: dict[str, Found]
    parts: tuple[Part, ...]
    failed: dict[str, str]
    safe_mode: bool = False
    slow: dict[str, float] = field(default_factory=dict)
    paused: frozenset[str] = frozenset()
    permissions: dict[str, Permission] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    jobs: dict[str, JobKind] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    events: dict[str, type[DomainEvent]] = field(default_factory=dict)
    subscribers: dict[str, tuple[JobKind, ...]] = field(default_factory=dict)
    """Name of an event -> the jobs that it causes."""
    imports: dict[str, ImportKind] = field(default_factory=dict)
    services: dict[type[Any], Any] = field(default_factory=dict)
    approvables: dict[str, Approvable] = field(default_factory=dict)
    """Record and action, such as ``ledger.entry.post`` -> what can need approval."""
    account_roles: dict[str, AccountRole] = field(default_factory=dict)
    searched: dict[str, Searched] = field(default_factory=dict)
    """Table -> how its records are searched."""

    def __post_init__(self) -> None:
        """Index the declarations by name."""
        for part in self.parts:
            self.permissions.update({item.name: item for item in part.permissions})
            self.resources.update({item.name: item for item in part.resources})
            self.jobs.update({item.name: item for item in part.job_kinds})
            self.schedules.update({item.name: item for item in part.schedules})
            self.events.update({item.name: item for item in part.events})
            for one in part.subscriptions:
                others = self.subscribers.get(one.event.name, ())
                self.subscribers[one.event.name] = (*others, self.jobs[one.name])
            self.imports.update({item.name: item for item in part.imports})
            self.services.update(part.services)
            self.approvables.update({item.name: item for item in part.approvables})
            self.account_roles.update({item.name: item for item in part.account_roles})
        self.searched.update(searched_models(self.resources.values()))
        remember_core(one for part in self.parts if part.plugin == "core" for one in part.resources)

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the plugins that run, without core."""
        return tuple(dict.fromkeys(p.plugin for p in self.parts if p.plugin != "core"))

    def part(self, plugin: str) -> Part:
        """What a plugin declared."""
        return next(part for part in self.parts if part.plugin == plugin)


def refuse_twins(parts: Sequence[Part]) -> None:
    """Refuse a second declaration of the same kind and name, or a second provider of a contract.

    Raises:
        ConfigurationError: names it.
    """
    seen: set[tuple[str, str]] = set()
    for part in parts:
        names = [
            *(("permission", item.name) for item in part.permissions),
            *(("resource", item.name) for item in part.resources),
            *(("job", item.name) for item in part.job_kinds),
            *(("schedule", item.name) for item in part.schedules),
            *(("event", item.name) for item in part.events),
            *(("import", item.name) for item in part.imports),
            *(("approvable action", item.name) for item in part.approvables),
            *(("contract", contract.__name__) for contract in part.services),
            *(("account role", item.name) for item in part.account_roles),
            *(("task of closing", item.name) for item in part.close_tasks),
            *(("dimension", item.name) for item in part.dimension_types),
            *(("code of a dimension", item.code) for item in part.dimension_types),
            *(("form of audit file", item.name) for item in part.audit_file_formats),
            *(("group of pages", item.name) for item in part.blueprints),
            *(("command", str(item.name)) for item in part.commands),
            *(("table", name) for name in (part.base.metadata.tables if part.base else ())),
        ]
        for kind, name in names:
            if (kind, name) in seen:
                message = f"the {kind} {name} is declared twice"
                raise ConfigurationError(message)
            seen.add((kind, name))


def suite_of(session: Session) -> Suite:
    """The suite that a session works with.

    Raises:
        ConfigurationError: the session was opened without one.
    """
    suite = session.info.get("suite")
    if not isinstance(suite, Suite):
        message = "this session was opened without the loaded plugins"
        raise ConfigurationError(message)
    return suite


def close_tasks(session: Session) -> Sequence[CloseTask]:
    """The tasks of closing a period that the running plugins declare, in their order."""
    return [task for part in suite_of(session).parts for task in part.close_tasks]


def dimension_types(session: Session) -> Mapping[str, DimensionType]:
    """The dimensions whose values running plugins keep, by name."""
    parts = suite_of(session).parts
    return {one.name: one for part in parts for one in part.dimension_types}


def audit_file_formats(session: Session) -> Sequence[AuditFileFormat]:
    """The forms of audit files that the running plugins declare."""
    return [one for part in suite_of(session).parts for one in part.audit_file_formats]


def account_roles(session: Session) -> Mapping[str, AccountRole]:
    """The account roles that the running plugins declare, by name."""
    return suite_of(session).account_roles


def find(session: Session, contract: type[Contract]) -> Contract | None:
    """The provider of a contract, or None while no enabled plugin provides it."""
    provider: Contract | None = suite_of(session).services.get(contract)
    return provider


def approvables(session: Session) -> Mapping[str, Approvable]:
    """What can need approval among the running plugins, by name (``ledger.entry.post``)."""
    return suite_of(session).approvables


def require(session: Session, contract: type[Contract]) -> Contract:
    """The provider of a contract.

    Raises:
        ConfigurationError: no enabled plugin provides it.
    """
    provider = find(session, contract)
    if provider is None:
        message = f"no enabled plugin provides {contract.__name__}"
        raise ConfigurationError(message)
    return provider
