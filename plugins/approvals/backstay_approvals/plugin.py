"""What approvals add to Backstay: each hook returns what a module declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backstay.contracts.approvals import ApprovalDecided, ApprovalRequested, Approvals
from backstay.spi import (
    DemoData,
    DomainEvent,
    Page,
    Permission,
    PluginBlueprint,
    Resource,
    RoleTemplate,
    hookimpl,
)
from backstay_approvals.contract import CompanyApprovals
from backstay_approvals.guards import DECLARED
from backstay_approvals.models import ApprovalsBase
from backstay_approvals.navigation import PAGES
from backstay_approvals.pages import BLUEPRINTS
from backstay_approvals.permissions import PERMISSIONS, ROLE_TEMPLATES
from backstay_approvals.resources import RESOURCES


@hookimpl
def backstay_models() -> type[ApprovalsBase]:
    """Rules, requests, decisions, deputies, with the guards that were declared for them."""
    if not DECLARED:
        message = "approvals never run without their guards"
        raise RuntimeError(message)
    return ApprovalsBase


@hookimpl
def backstay_permissions() -> Sequence[Permission]:
    """Functions that a role may hold."""
    return PERMISSIONS


@hookimpl
def backstay_role_templates() -> Sequence[RoleTemplate]:
    """Who works the inbox, who keeps the rules, who reads."""
    return ROLE_TEMPLATES


@hookimpl
def backstay_resources() -> Sequence[Resource]:
    """Rules, requests, deputies."""
    return RESOURCES


@hookimpl
def backstay_blueprints() -> Sequence[PluginBlueprint]:
    """The inbox and the separation of duties."""
    return BLUEPRINTS


@hookimpl
def backstay_navigation() -> Sequence[Page]:
    """Pages of the work area Compliance."""
    return PAGES


@hookimpl
def backstay_demo() -> Sequence[DemoData]:
    """A rule for the demo company."""
    from backstay_approvals.demo import DEMO

    return DEMO


@hookimpl
def backstay_events() -> Sequence[type[DomainEvent]]:
    """What others may want to follow: the classes are in the contract."""
    return (ApprovalRequested, ApprovalDecided)


@hookimpl
def backstay_services() -> Mapping[type[Any], Any]:
    """The contract of approvals."""
    return {Approvals: CompanyApprovals()}
