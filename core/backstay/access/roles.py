"""Roles: composed by administrators, proposed by core and plugins through templates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from sqlalchemy import func, select
from sqlalchemy.orm.attributes import flag_modified

from backstay.access.administrators import administrators_kept, not_over, refuse_giving_more
from backstay.access.core_permissions import ROLE_EDIT
from backstay.access.models import Grant, Role, RolePermission
from backstay.access.permissions import SIGNED_IN, Permission, Risk
from backstay.audit.reasons import give_reason
from backstay.db.context import authorize, context_of
from backstay.db.versions import check_version
from backstay.errors import Conflict, Forbidden, Invalid, NotFound
from backstay.i18n import Text, lazy, ngettext
from backstay.i18n import gettext as _
from backstay.kernel.suite import Suite, suite_of
from backstay.resources.declare import Choice
from backstay.resources.fields import BoolField, ChoicesField, TextField
from backstay.web.page.pieces import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

CODE_PATTERN = r"[a-z][a-z0-9_\-]{1,39}"


def permissions_by_plugin(suite: Suite) -> dict[str, tuple[Permission, ...]]:
    """Every permission that a role can hold, by plugin, core last (it is the least asked for)."""
    grouped: dict[str, tuple[Permission, ...]] = {}
    for part in (*suite.parts[1:], *suite.parts[:1]):
        held = tuple(one for one in part.permissions if one is not SIGNED_IN)
        if held:
            grouped[part.plugin] = (*grouped.get(part.plugin, ()), *held)
    return grouped


def plugin_title(suite: Suite, plugin: str) -> str:
    """What people call a plugin; core is called Administration."""
    if plugin == "core":
        return _("Administration")
    found = suite.found.get(plugin)
    return found.title if found else plugin


def risk_label(risk: Risk) -> str:
    """The risk of a permission in one word."""
    return {
        Risk.READ: _("reads"),
        Risk.WRITE: _("changes"),
        Risk.SENSITIVE: _("sensitive"),
        Risk.CRITICAL: _("critical"),
    }[risk]


RISK_TONES: Final[dict[Risk, Tone]] = {
    Risk.READ: "neutral",
    Risk.WRITE: "info",
    Risk.SENSITIVE: "warn",
    Risk.CRITICAL: "bad",
}


@dataclass(frozen=True, slots=True)
class PermissionWords:
    """A permission as it is explained on a page."""

    name: str
    label: Text
    risk: str
    tone: Tone
    explanation: Text


def in_words(permissions: Iterable[Permission]) -> tuple[PermissionWords, ...]:
    """Permissions as a page explains them: what the holder may do, and the risk of it."""
    return tuple(
        PermissionWords(
            one.name, one.label, risk_label(one.risk), RISK_TONES[one.risk], one.explanation
        )
        for one in permissions
    )


def permission_choices(session: Session) -> tuple[Choice, ...]:
    """The permissions of all running plugins, grouped by plugin, with explanation and risk."""
    suite = suite_of(session)
    return tuple(
        Choice(
            one.name,
            one.label,
            RISK_TONES[one.risk],
            one.explanation,
            group=plugin_title(suite, plugin),
            tag=risk_label(one.risk),
        )
        for plugin, held in permissions_by_plugin(suite).items()
        for one in held
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRole:
    """A new role.

    Arguments:
        permissions: their names.
        read_only: it may hold nothing but reading, and is given until a day only.
        global_only: it can't be given for a single company.
    """

    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            help=lazy("What the command line calls it; it can't be changed later."),
            example="bookkeeper",
            max_length=40,
            pattern=CODE_PATTERN,
            pattern_help=lazy("2 to 40 small letters, digits, - and _, beginning with a letter."),
        ),
    ]
    name: Annotated[str, TextField(label=lazy("Name"), max_length=120)]
    description: Annotated[
        str, TextField(label=lazy("What it is for"), max_length=500, multiline=True, wide=True)
    ] = ""
    permissions: Annotated[
        tuple[str, ...],
        ChoicesField(label=lazy("The holder may"), choices=permission_choices, wide=True),
    ] = ()
    read_only: Annotated[
        bool,
        BoolField(
            label=lazy("Only reads, and is given for a time"),
            help=lazy("Refuses permissions that change anything, and grants without an end date."),
        ),
    ] = False
    global_only: Annotated[
        bool,
        BoolField(
            label=lazy("For all companies only"),
            help=lazy("For administration, which lies outside the companies."),
        ),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRole:
    """What a role is called and what it permits."""

    id: int
    version: int | None = None
    name: Annotated[str, TextField(label=lazy("Name"), max_length=120)]
    description: Annotated[
        str, TextField(label=lazy("What it is for"), max_length=500, multiline=True, wide=True)
    ] = ""
    permissions: Annotated[
        tuple[str, ...],
        ChoicesField(label=lazy("The holder may"), choices=permission_choices, wide=True),
    ] = ()
    reason: Annotated[
        str, TextField(label=lazy("Reason"), help=lazy("Kept in the audit trail."))
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRole:
    """A role that nobody has."""

    id: int


def create_role(session: Session, command: CreateRole) -> Role:
    """Compose a new role.

    Raises:
        Invalid: the code is taken or has a wrong form, a permission is unknown, or a reading role
            holds more than reading.
        Forbidden: it would administer more than the acting user.
    """
    authorize(session, ROLE_EDIT)
    if not re.fullmatch(CODE_PATTERN, command.code):
        raise Invalid(
            _("Use 2 to 40 small letters, digits, - and _, beginning with a letter."),
            field="code",
        )
    if session.scalar(select(Role.id).where(Role.code == command.code)) is not None:
        raise Invalid(_("The code “%(code)s” is taken.", code=command.code), field="code")
    role = Role(
        code=command.code,
        name=_required_name(command.name),
        description=command.description.strip(),
        read_only=command.read_only,
        global_only=command.global_only,
    )
    wanted = frozenset(command.permissions)
    _check_permissions(session, role, wanted)
    refuse_giving_more(session, wanted)
    session.add(role)
    session.flush()
    add_permissions(session, role, wanted)
    return role


def edit_role(session: Session, command: EditRole) -> Role:
    """Change a role's name and permissions; its holders are affected at their next request.

    Permissions of plugins that are switched off stay in the role: the form does not show them.

    Raises:
        Stale: somebody else saved in the meantime.
        Forbidden: something is added to a role of one's own, or that one may not administer.
        Conflict: nobody could administer any more.
    """
    authorize(session, ROLE_EDIT)
    role = get_role(session, command.id)
    check_version(role, command.version)
    known = suite_of(session).permissions
    wanted = frozenset(command.permissions)
    held = {row.permission: row for row in role.permissions}
    added = wanted - held.keys()
    removed = {name for name in held if name in known and name not in wanted}
    _check_permissions(session, role, wanted)
    if added:
        _refuse_own(session, role, added)
        refuse_giving_more(session, added)
    give_reason(session, command.reason)
    with administrators_kept(session):
        role.name = _required_name(command.name)
        role.description = command.description.strip()
        for name in sorted(removed):
            row = held[name]
            role.permissions.remove(row)
            session.delete(row)
        add_permissions(session, role, added)
        if added or removed:
            _count_version(role)
    return role


def delete_role(session: Session, command: DeleteRole) -> Role:
    """Delete a role that was never given, or that nobody has any more.

    Raises:
        Conflict: somebody has it.
    """
    authorize(session, ROLE_EDIT)
    role = get_role(session, command.id)
    count = holders(session, role)
    if count:
        raise Conflict(
            ngettext(
                "%(role)s can't be deleted: %(n)s user has it. Take it from them first.",
                "%(role)s can't be deleted: %(n)s users have it. Take it from them first.",
                count,
                role=role.name,
            )
        )
    for row in list(role.permissions):
        session.delete(row)
    session.flush()
    session.expire(role, ["permissions"])
    session.delete(role)
    session.flush()
    return role


def holders(session: Session, role: Role) -> int:
    """How many users have a role, counting grants that begin later or are over."""
    return (
        session.scalar(select(func.count(Grant.user_id.distinct())).where(Grant.role_id == role.id))
        or 0
    )


def get_role(session: Session, role_id: int) -> Role:
    """The role of an id.

    Raises:
        NotFound: there is none.
    """
    role = session.get(Role, role_id)
    if role is None:
        raise NotFound(_("There is no such role."))
    return role


def give_permissions(session: Session, role: Role, added: frozenset[str]) -> None:
    """Add to a role, part of a larger use case.

    Raises:
        Invalid: a permission is unknown, or the role only reads.
        Forbidden: the acting user may not edit roles, or not add these to this one.
    """
    authorize(session, ROLE_EDIT)
    _check_permissions(session, role, added)
    _refuse_own(session, role, added)
    refuse_giving_more(session, added)
    add_permissions(session, role, added)
    _count_version(role)


def add_permissions(session: Session, role: Role, names: Iterable[str]) -> None:
    """Add to a role whatever is said; for those who have asked whether that may be."""
    for name in sorted(names):
        role.permissions.append(RolePermission(role_id=role.id, permission=name))
    session.flush()


def _count_version(role: Role) -> None:
    """Let the role's own version rise, so that two editors of its permissions notice each other."""
    flag_modified(role, "description")


def _check_permissions(session: Session, role: Role, wanted: frozenset[str]) -> None:
    known = suite_of(session).permissions
    for name in sorted(wanted):
        permission = known.get(name)
        if permission is None:
            raise Invalid(_("There is no permission “%(name)s”.", name=name), field="permissions")
        if role.read_only and permission.risk is not Risk.READ:
            raise Invalid(
                _(
                    "%(role)s only reads, so it can't hold “%(label)s”.",
                    role=role.name,
                    label=permission.label,
                ),
                field="permissions",
            )


def _refuse_own(session: Session, role: Role, added: frozenset[str]) -> None:
    """Nobody adds to a role that they hold, now or later, what they don't have otherwise."""
    context = context_of(session)
    if context.actor.user_id is None or context.permissions is None:
        return
    mine = session.scalar(
        select(Grant.id)
        .where(Grant.role_id == role.id, Grant.user_id == context.actor.user_id, not_over())
        .limit(1)
    )
    if mine is not None and not added <= context.permissions:
        raise Forbidden(
            _(
                "You have this role yourself, and nobody can add to a role of their own what they"
                " lack. Ask another administrator."
            )
        )


def _required_name(name: str) -> str:
    if not name.strip():
        raise Invalid(_("Give the role a name."), field="name")
    return name.strip()
