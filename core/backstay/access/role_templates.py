"""Roles that modules propose: made once, and what a newer version proposes to add to them.

A role is the administrator's own once it was made. So of what a new version adds to its template
nothing is given by itself: it is listed, role by role, and an administrator chooses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.access.core_permissions import PLUGIN_MANAGE
from backstay.access.models import Role, RolePermission, RoleTemplateMade
from backstay.access.permissions import Risk, RoleTemplate
from backstay.access.roles import add_permissions, give_permissions
from backstay.db.context import authorize
from backstay.errors import Invalid
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from backstay.kernel.suite import Part, Suite

EARLIER: Final = "*"
"""Stands in for the templates of a plugin that was enabled before they were written down."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A permission that a newer version of a module adds to the template of a role that there is.

    Arguments:
        role: its code, and ``role_name`` what it is called.
    """

    role: str
    role_name: str
    permission: str
    label: str
    risk: str

    @property
    def key(self) -> str:
        """How it is chosen: on the page, on the command line and in the API."""
        return f"{self.role}:{self.permission}"


def install_role_templates(session: Session, suite: Suite) -> None:
    """Make roles from the templates that were never made here; called after each transition.

    After that its roles are the administrator's own: what they removed is not put back, a role that
    they deleted not made again. Templates with the same code are one role (every plugin adds what
    the auditor reads).
    """
    authorize(session, PLUGIN_MANAGE)
    made: dict[str, dict[str, RoleTemplateMade]] = {}
    for row in session.scalars(select(RoleTemplateMade)):
        made.setdefault(row.plugin, {})[row.code] = row
    for part in suite.parts:
        known = made.setdefault(part.plugin, {})
        for template in part.role_templates:
            if template.code not in known:
                if EARLIER not in known:
                    _install(session, template)
                known[template.code] = RoleTemplateMade(plugin=part.plugin, code=template.code)
                session.add(known[template.code])
            if known[template.code].permissions is None:
                known[template.code].permissions = _names(template)
    for plugin in (*suite.running, "core"):
        if EARLIER in made.get(plugin, ()):
            session.delete(session.get_one(RoleTemplateMade, (plugin, EARLIER)))
    session.flush()


def _install(session: Session, template: RoleTemplate) -> None:
    role = session.scalar(select(Role).where(Role.code == template.code))
    if role is None:
        role = Role(
            code=template.code,
            name=str(template.name),
            description=str(template.description),
            read_only=template.read_only,
            global_only=template.global_only,
        )
        session.add(role)
        session.flush()
    held = {row.permission for row in role.permissions}
    # A template can't smuggle writing into a role that only reads.
    wanted = {
        one.name for one in template.permissions if one.risk is Risk.READ or not role.read_only
    }
    add_permissions(session, role, wanted - held)
    session.flush()


def proposals(connection: Connection, plugin: str, parts: Iterable[Part]) -> tuple[Proposal, ...]:
    """What the plugin's code adds to the templates of roles that were made here.

    What an administrator has decided about before is left out, and so is what the role holds.
    """
    made = {
        row.code: row.permissions
        for row in connection.execute(
            select(RoleTemplateMade.code, RoleTemplateMade.permissions).where(
                RoleTemplateMade.plugin == plugin
            )
        )
    }
    roles = {
        row.code: row
        for row in connection.execute(
            select(Role.code, Role.id, Role.name, Role.read_only).where(Role.code.in_(made))
        )
    }
    held = {
        (row.role_id, row.permission)
        for row in connection.execute(
            select(RolePermission.role_id, RolePermission.permission).where(
                RolePermission.role_id.in_([role.id for role in roles.values()])
            )
        )
    }
    return tuple(
        Proposal(
            template.code,
            roles[template.code].name,
            permission.name,
            str(permission.label),
            permission.risk.value,
        )
        for template in _templates(parts)
        if template.code in roles and made[template.code] is not None
        for permission in template.permissions
        if permission.name not in made[template.code]
        and (roles[template.code].id, permission.name) not in held
        and (permission.risk is Risk.READ or not roles[template.code].read_only)
    )


def chosen_of(found: Sequence[Proposal], wanted: Iterable[str]) -> tuple[Proposal, ...]:
    """The proposals that an administrator chose, each as ``ROLE:PERMISSION``; ``ROLE`` is all its.

    Raises:
        Invalid: nothing of that kind is proposed; names what is.
    """
    chosen: dict[str, Proposal] = {}
    for one in wanted:
        meant = [proposal for proposal in found if one in {proposal.key, proposal.role}]
        if not meant:
            raise Invalid(
                _(
                    "“%(wanted)s” is not proposed. Proposed: %(known)s.",
                    wanted=one[:120],
                    known=", ".join(proposal.key for proposal in found) or _("nothing"),
                ),
                field="give",
            )
        chosen.update((proposal.key, proposal) for proposal in meant)
    return tuple(chosen.values())


def give_chosen(session: Session, chosen: Iterable[Proposal]) -> None:
    """Add what was chosen to the roles.

    Raises:
        Forbidden: the acting user may not edit roles, or not add these.
        Invalid: the role is gone.
    """
    wanted: dict[str, set[str]] = {}
    for one in chosen:
        wanted.setdefault(one.role, set()).add(one.permission)
    for code, names in wanted.items():
        role = session.scalar(select(Role).where(Role.code == code).with_for_update())
        if role is None:
            raise Invalid(_("There is no role “%(code)s”.", code=code), field="give")
        held = {row.permission for row in role.permissions}
        give_permissions(session, role, frozenset(names - held))


def note_decided(session: Session, suite: Suite, plugin: str) -> None:
    """Remember what a plugin's templates hold now: that was listed, and decided about."""
    parts = [part for part in suite.parts if part.plugin == plugin]
    now: dict[str, list[str]] = {}
    for template in _templates(parts):
        now[template.code] = sorted({*now.get(template.code, ()), *_names(template)})
    for row in session.scalars(select(RoleTemplateMade).where(RoleTemplateMade.plugin == plugin)):
        row.permissions = now.get(row.code, row.permissions)


def _templates(parts: Iterable[Part]) -> Iterator[RoleTemplate]:
    for part in parts:
        yield from part.role_templates


def _names(template: RoleTemplate) -> list[str]:
    return sorted(permission.name for permission in template.permissions)


__all__ = [
    "EARLIER",
    "Proposal",
    "chosen_of",
    "give_chosen",
    "install_role_templates",
    "note_decided",
    "proposals",
]
