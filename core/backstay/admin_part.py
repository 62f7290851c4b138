"""What the administration of core declares: users, roles, companies, modules, the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.access.commands import COMMANDS as ACCESS_COMMANDS
from backstay.access.core_permissions import FIELD_GROUPS, PERMISSIONS, ROLE_TEMPLATES
from backstay.audit.commands import COMMANDS as AUDIT_COMMANDS
from backstay.companies.commands import COMMANDS as COMPANY_COMMANDS
from backstay.kernel.commands import COMMANDS as PLUGIN_COMMANDS

if TYPE_CHECKING:
    import click

    from backstay.navigation.declare import Page
    from backstay.resources.declare import Resource
    from backstay.web.blueprint import PluginBlueprint

RESOURCES: tuple[Resource, ...] = ()
BLUEPRINTS: tuple[PluginBlueprint, ...] = ()
PAGES: tuple[Page, ...] = ()
COMMANDS: tuple[click.Command, ...] = (
    *PLUGIN_COMMANDS,
    *ACCESS_COMMANDS,
    *COMPANY_COMMANDS,
    *AUDIT_COMMANDS,
)

__all__ = [
    "BLUEPRINTS",
    "COMMANDS",
    "FIELD_GROUPS",
    "PAGES",
    "PERMISSIONS",
    "RESOURCES",
    "ROLE_TEMPLATES",
]
