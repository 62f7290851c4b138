"""What audit files add to Backstay: each hook returns what a module declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backstay.spi import hookimpl
from backstay_auditfiles.commands import COMMANDS
from backstay_auditfiles.formats.making import FORMATS
from backstay_auditfiles.models import AuditFilesBase
from backstay_auditfiles.navigation import PAGES
from backstay_auditfiles.permissions import PERMISSIONS, ROLE_TEMPLATES
from backstay_auditfiles.resources import RESOURCES

if TYPE_CHECKING:
    import click

    from backstay.contracts.audit_files import AuditFileFormat
    from backstay.spi import Page, Permission, Resource, RoleTemplate


@hookimpl
def backstay_models() -> type[AuditFilesBase]:
    """What files say of the company."""
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
    """What files say of the company."""
    return RESOURCES


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
