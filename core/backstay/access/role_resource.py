"""The pages of roles: what each permits in words, and who has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from backstay.access.core_permissions import ROLE_EDIT, ROLE_VIEW
from backstay.access.models import Grant, Role, RolePermission
from backstay.access.roles import (
    CreateRole,
    DeleteRole,
    EditRole,
    create_role,
    delete_role,
    edit_role,
    holders,
    in_words,
    permissions_by_plugin,
    plugin_title,
)
from backstay.audit.models import AuditEvent
from backstay.i18n import gettext
from backstay.i18n import lazy as _
from backstay.kernel.suite import suite_of
from backstay.resources.declare import (
    Action,
    Column,
    Empty,
    Kind,
    Operation,
    Panel,
    Related,
    Resource,
    Section,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_HOLDERS = (
    select(func.count(Grant.user_id.distinct()))
    .where(Grant.role_id == Role.id)
    .correlate(Role)
    .scalar_subquery()
)
_SIZE = (
    select(func.count(RolePermission.permission))
    .where(RolePermission.role_id == Role.id)
    .correlate(Role)
    .scalar_subquery()
)


def _title(role: Role) -> str:
    return role.name


def _permits(session: Session, role: Role) -> dict[str, Any]:
    """The role's permissions in words, by module; those of modules that are off by name."""
    suite = suite_of(session)
    held = {row.permission for row in role.permissions}
    groups = [
        {
            "title": plugin_title(suite, plugin),
            "permissions": in_words(one for one in permissions if one.name in held),
        }
        for plugin, permissions in permissions_by_plugin(suite).items()
    ]
    return {
        "groups": [group for group in groups if group["permissions"]],
        "gone": sorted(held - suite.permissions.keys()),
        "empty": gettext("Nothing yet: its holders see only their own pages."),
    }


def _present(_session: Session, role: Role | None) -> dict[str, Any]:
    if role is None:
        return {}
    return {
        "name": role.name,
        "description": role.description,
        "permissions": tuple(row.permission for row in role.permissions),
    }


def _used(session: Session, role: Role) -> str | None:
    if holders(session, role):
        return gettext("Somebody has this role. Take it from them first.")
    return None


def _history(session: Session, role: Role) -> list[tuple[str, str]]:
    """Permissions that were added and removed since the role was made."""
    entity = RolePermission.__tablename__
    made = session.scalar(
        select(AuditEvent.request_id).where(
            AuditEvent.entity == Role.__tablename__,
            AuditEvent.entity_id == str(role.id),
            AuditEvent.action == "create",
        )
    )
    ids = session.scalars(
        select(AuditEvent.entity_id)
        .where(
            AuditEvent.entity == entity,
            AuditEvent.entity_id.startswith(f"{role.id}:"),
            AuditEvent.request_id != (made or ""),
        )
        .distinct()
    )
    return [(entity, entity_id) for entity_id in ids]


_FORM = (
    Section(_("Role"), ("code", "name", "description", "read_only", "global_only")),
    Section(
        _("Permissions"),
        ("permissions",),
        _("Each says what its holder may do. Those marked critical can harm the whole business."),
    ),
)

ROLES = Resource(
    name="core.role",
    path="roles",
    model=Role,
    view=ROLE_VIEW,
    label=_("Role"),
    label_many=_("Roles"),
    icon="shield-lock",
    help=_(
        "A role is a set of permissions. Modules bring roles to begin with; change them freely."
    ),
    columns=(
        Column("name", _("Name"), Role.name, link=True),
        Column("code", _("Code"), Role.code, Kind.CODE, sortable=True),
        Column("description", _("What it is for"), Role.description),
        Column("size", _("Permissions"), _SIZE, Kind.NUMBER),
        Column("holders", _("Users"), _HOLDERS, Kind.NUMBER),
        Column("read_only", _("Only reads"), Role.read_only, Kind.BOOL),
        Column(
            "global_only", _("For all companies only"), Role.global_only, Kind.BOOL, in_list=False
        ),
    ),
    search=(Role.name, Role.code),
    search_label=_("Search by name"),
    order=("code",),
    sections=(
        Section(_("Role"), ("name", "code", "description")),
        Section(_("Limits"), ("read_only", "global_only")),
    ),
    title=_title,
    create=Operation(create_role, CreateRole, ROLE_EDIT, _("New role"), sections=_FORM),
    update=Operation(
        edit_role,
        EditRole,
        ROLE_EDIT,
        _("Edit"),
        initial=_present,
        sections=(*_FORM, Section(_("Why"), ("reason",))),
        help=_("Whoever has the role is affected at their next click."),
    ),
    actions=(
        Action(
            "delete",
            Operation(
                delete_role, DeleteRole, ROLE_EDIT, _("Delete"), done=_("The role is deleted.")
            ),
            icon="trash",
            danger=True,
            confirm=_("The role is deleted for good. The audit trail keeps what it permitted."),
            refuses=_used,
        ),
    ),
    related=(Related(_("Who has it"), "core.grant", "role", holders, "users"),),
    panels=(Panel(_("The holder may"), "admin/permissions_panel.html", _permits),),
    history=_history,
    empty=Empty(_("No roles yet"), _("Modules bring roles; you can compose more."), "shield-lock"),
)
