"""What the plugin adds to Backstay: each hook returns what a module declares."""

from __future__ import annotations

from collections.abc import Sequence

from backstay.spi import JobKind, Page, Permission, Resource, RoleTemplate, hookimpl
from backstay_plugname.jobs import JOBS
from backstay_plugname.models import PlugnameBase
from backstay_plugname.permissions import PERMISSIONS, ROLE_TEMPLATES
from backstay_plugname.resources import PAGES, RESOURCES


@hookimpl
def backstay_models() -> type[PlugnameBase]:
    """One table."""
    return PlugnameBase


@hookimpl
def backstay_permissions() -> Sequence[Permission]:
    """Functions that a role may hold."""
    return PERMISSIONS


@hookimpl
def backstay_role_templates() -> Sequence[RoleTemplate]:
    """Who keeps the tasks."""
    return ROLE_TEMPLATES


@hookimpl
def backstay_resources() -> Sequence[Resource]:
    """Tasks."""
    return RESOURCES


@hookimpl
def backstay_navigation() -> Sequence[Page]:
    """Pages of a work area."""
    return PAGES


@hookimpl
def backstay_jobs() -> Sequence[JobKind]:
    """What follows the end of a task."""
    return JOBS
