"""What audit files add to Backstay: each hook returns what a module declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backstay.spi import hookimpl
from backstay_auditfiles.commands import COMMANDS
from backstay_auditfiles.formats.making import FORMATS
from backstay_auditfiles.guards import DECLARED
from backstay_auditfiles.jobs import JOBS
from backstay_auditfiles.models import AuditFilesBase
from backstay_auditfiles.navigation import PAGES
from backstay_auditfiles.pages import BLUEPRINTS
from backstay_auditfiles.permissions import PERMISSIONS, ROLE_TEMPLATES
from backstay_auditfiles.resources import RESOURCES

if TYPE_CHECKING:
    import click

    from backstay.contracts.audit_files import AuditFileFormat
    from backstay.spi import (
        JobKind,
        Page,
        Permission,
        PluginBlueprint,
        Resource,
        RoleTemplate,
    )


@hookimpl
def backstay_models() -> type[AuditFilesBase]:
    """Files, and what they say of the company."""
    if not DECLARED:
        message = "audit files never run without their guards"
        raise RuntimeError(message)
    return AuditFilesBase


@hookimpl
def backstay_permissions() -> Sequence[Permission]:
    """Functions that a role may hold."""
    return PERMISSIONS


@hookimpl
def backstay_role_templates() -> Sequence[RoleTemplate]:
    """Accountants make files, auditors take them."""
    return ROLE_TEMPLATES


@hookimpl
def backstay_resources() -> Sequence[Resource]:
    """Files, and what they say of the company."""
    return RESOURCES


@hookimpl
def backstay_blueprints() -> Sequence[PluginBlueprint]:
    """Downloads."""
    return BLUEPRINTS


@hookimpl
def backstay_jobs() -> Sequence[JobKind]:
    """The making of a file."""
    return JOBS


@hookimpl
def backstay_navigation() -> Sequence[Page]:
    """Pages of the work area Money."""
    return PAGES


@hookimpl
def backstay_commands() -> Sequence[click.Command]:
    """``backstay auditfiles ...``."""
    return COMMANDS


@hookimpl
def backstay_audit_file_formats() -> Sequence[AuditFileFormat]:
    """The forms of audit files."""
    return FORMATS
