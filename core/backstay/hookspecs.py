"""Every hook of core. A plugin implements those it needs in its ``plugin.py`` with ``hookimpl``.

All are *collecting* hooks: core calls each plugin's implementation on its own while it builds a
generation of the application, so a plugin that raises is listed as failed and the others go on.
None is given the application: what a plugin does not return, it does not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import click
    from sqlalchemy.orm import DeclarativeBase

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
    from backstay.navigation.declare import Page
    from backstay.resources.declare import Resource
    from backstay.web.blueprint import PluginBlueprint

hookspec = pluggy.HookspecMarker("backstay")
hookimpl = pluggy.HookimplMarker("backstay")


@hookspec
def backstay_models() -> DeclarativeBase:
    """Return the plugin's declarative base; its models declare scope, audit policy and guards."""
    raise NotImplementedError


@hookspec
def backstay_permissions() -> Sequence[Permission]:
    """Return every permission that the plugin's routes, resources and services use."""
    raise NotImplementedError


@hookspec
def backstay_field_groups() -> Sequence[FieldGroup]:
    """Return groups of fields that only some may read."""
    raise NotImplementedError


@hookspec
def backstay_role_templates() -> Sequence[RoleTemplate]:
    """Return proposals for roles; merged by code, made once, then the administrator's own."""
    raise NotImplementedError


@hookspec
def backstay_resources() -> Sequence[Resource]:
    """Return the declarations from which lists, record pages, forms and exports are made."""
    raise NotImplementedError


@hookspec
def backstay_blueprints() -> Sequence[PluginBlueprint]:
    """Return the pages that are not made from a resource."""
    raise NotImplementedError


@hookspec
def backstay_navigation() -> Sequence[Page]:
    """Return the pages for the sidebar and the palette."""
    raise NotImplementedError


@hookspec
def backstay_jobs() -> Sequence[JobKind]:
    """Return the kinds of background jobs."""
    raise NotImplementedError


@hookspec
def backstay_schedules() -> Sequence[Schedule]:
    """Return which of the plugin's jobs run at which times by themselves."""
    raise NotImplementedError


@hookspec
def backstay_events() -> Sequence[type[DomainEvent]]:
    """Return the classes of the events that the plugin emits: frozen dataclasses."""
    raise NotImplementedError


@hookspec
def backstay_subscriptions() -> Sequence[Subscription[Any]]:
    """Return what the plugin does after events, its own or those of others."""
    raise NotImplementedError


@hookspec
def backstay_imports() -> Sequence[ImportKind]:
    """Return the kinds of files that can be imported."""
    raise NotImplementedError


@hookspec
def backstay_services() -> Mapping[type[Any], Any]:
    """Return implementations of contracts: the Protocol and the object that provides it."""
    raise NotImplementedError


@hookspec
def backstay_approvables() -> Sequence[Approvable]:
    """Return the actions on records that may need the approval of others."""
    raise NotImplementedError


@hookspec
def backstay_commands() -> Sequence[click.Command]:
    """Return commands for ``backstay <command>``; groups are named as the plugin."""
    raise NotImplementedError


@hookspec
def backstay_close_tasks() -> Sequence[CloseTask]:
    """Return what has to be in order before a period is closed; the close cockpit asks for it."""
    raise NotImplementedError


@hookspec
def backstay_account_roles() -> Sequence[AccountRole]:
    """Return what the plugin's postings need accounts for; rules of a company name the accounts."""
    raise NotImplementedError


@hookspec
def backstay_dimension_types() -> Sequence[DimensionType]:
    """Return dimensions of the ledger whose values the plugin keeps: projects, employees, ...

    The ledger calls each one's ``values`` every night, and whenever the plugin says through the
    contract ``Dimensions`` what has changed.
    """
    raise NotImplementedError


@hookspec
def backstay_audit_file_formats() -> Sequence[AuditFileFormat]:
    """Return the forms of audit files that the plugin can make of a company's books."""
    raise NotImplementedError


@hookspec
def backstay_company_setup() -> Sequence[SetupChoice]:
    """Return the questions that creating a company asks on the plugin's behalf."""
    raise NotImplementedError


@hookspec
def backstay_demo() -> Sequence[DemoData]:
    """Return what fills the demo company."""
    raise NotImplementedError
