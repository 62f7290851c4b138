"""What the plugin adds to Backstay: each hook returns what a module declares."""

from __future__ import annotations

from collections.abc import Sequence

from backstay.spi import DomainEvent, Page, Permission, Resource, RoleTemplate, hookimpl
from backstay_vehicles.events import EVENTS
from backstay_vehicles.models import VehiclesBase
from backstay_vehicles.permissions import PERMISSIONS, ROLE_TEMPLATES
from backstay_vehicles.resources import PAGES, RESOURCES


@hookimpl
def backstay_models() -> type[VehiclesBase]:
    """One table."""
    return VehiclesBase


@hookimpl
def backstay_permissions() -> Sequence[Permission]:
    """Functions that a role may hold."""
    return PERMISSIONS


@hookimpl
def backstay_role_templates() -> Sequence[RoleTemplate]:
    """The fleet keeper."""
    return ROLE_TEMPLATES


@hookimpl
def backstay_resources() -> Sequence[Resource]:
    """Vehicles."""
    return RESOURCES


@hookimpl
def backstay_navigation() -> Sequence[Page]:
    """Pages of the work area Supply."""
    return PAGES


@hookimpl
def backstay_events() -> Sequence[type[DomainEvent]]:
    """That a vehicle was sold."""
    return EVENTS
