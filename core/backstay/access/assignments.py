"""Giving roles to users and taking them away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.access.administrators import (
    administrators_kept,
    refuse_giving_more,
    refuse_self,
    refuse_superior,
)
from backstay.access.core_permissions import GRANT_EDIT
from backstay.access.models import Grant, Role, RolePermission, User, UserState
from backstay.access.user_commands import GiveRole, GrantRole, RevokeGrant
from backstay.audit.reasons import give_reason
from backstay.clock import now, today
from backstay.companies.models import Company
from backstay.db.context import authorize
from backstay.errors import Conflict, Invalid, NotFound
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session


def grant_role(session: Session, command: GrantRole) -> Grant:
    """Give a role to a user, from a day on, for one company or for all.

    Raises:
        Forbidden: it is for the acting user themselves, or administers more than they do.
        Invalid: the role or company does not exist, the user has it already, the dates are in the
            wrong order, a reading role has no end, or an administrative role is for one company.
    """
    context = authorize(session, GRANT_EDIT)
    refuse_self(
        session,
        command.user_id,
        _("Nobody can give a role to themselves. Ask another administrator."),
    )
    user = session.get(User, command.user_id)
    if user is None:
        raise NotFound(_("There is no such user."))
    role = role_by_code(session, command.role)
    if command.company_id is not None and session.get(Company, command.company_id) is None:
        raise Invalid(_("There is no such company."), field="company_id")
    if role.global_only and command.company_id is not None:
        raise Invalid(
            _("%(role)s works for all companies only: leave the company empty.", role=role.name),
            field="company_id",
        )
    if command.company_id is None:  # in a single company nothing is administered
        held = select(RolePermission.permission).where(RolePermission.role_id == role.id)
        refuse_giving_more(session, session.scalars(held))
    begins = command.valid_from or today()
    _check_end(role, begins, command.valid_to)
    _check_new(session, user, role, command)
    grant = Grant(
        user_id=user.id,
        role_id=role.id,
        company_id=command.company_id,
        valid_from=begins,
        valid_to=command.valid_to,
        granted_by=context.actor.label,
        granted_at=now(),
    )
    session.add(grant)
    session.flush()
    return grant


def give_role(session: Session, command: GiveRole) -> User:
    """Give a role on the user's own page; otherwise as :func:`grant_role`.

    Raises:
        Conflict: the user is disabled.
    """
    authorize(session, GRANT_EDIT)
    user = session.get(User, command.id)
    if user is not None and user.state is not UserState.ACTIVE:
        raise Conflict(_("%(login)s is disabled: enable the user first.", login=user.login))
    grant = grant_role(
        session,
        GrantRole(
            user_id=command.id,
            role=command.role,
            company_id=command.company_id,
            valid_from=command.valid_from,
            valid_to=command.valid_to,
        ),
    )
    return session.get_one(User, grant.user_id)


def revoke_grant(session: Session, command: RevokeGrant) -> Grant:
    """Take a role away from a user at once; the audit trail keeps that it was given.

    Raises:
        Forbidden: it is one's own, or that of somebody who administers more.
        Conflict: nobody could administer any more.
    """
    authorize(session, GRANT_EDIT)
    grant = session.get(Grant, command.id)
    if grant is None:
        raise NotFound(_("This role was taken away already."))
    refuse_self(
        session,
        grant.user_id,
        _("Nobody can take a role from themselves. Ask another administrator."),
    )
    refuse_superior(session, grant.user_id)
    give_reason(session, command.reason)
    with administrators_kept(session):
        session.delete(grant)
    return grant


def role_by_code(session: Session, code: str) -> Role:
    """The role of a code.

    Raises:
        Invalid: there is none; the message lists those that exist.
    """
    role = session.scalar(select(Role).where(Role.code == code))
    if role is None:
        known = ", ".join(session.scalars(select(Role.code).order_by(Role.code)))
        raise Invalid(
            _("There is no role “%(code)s”. There are: %(known)s.", code=code, known=known),
            field="role",
        )
    return role


def _check_end(role: Role, begins: date, ends: date | None) -> None:
    if role.read_only and ends is None:
        raise Invalid(
            _("%(role)s only reads and is given for a time: say until when.", role=role.name),
            field="valid_to",
        )
    if ends is None:
        return
    if ends < begins:
        raise Invalid(_("The last day lies before the first."), field="valid_to")
    if ends < today():
        raise Invalid(_("The last day lies in the past."), field="valid_to")


def _check_new(session: Session, user: User, role: Role, command: GrantRole) -> None:
    """Refuse a grant that says nothing new: same role and company, not over yet."""
    begins = command.valid_from or today()
    for grant in session.scalars(
        select(Grant).where(Grant.user_id == user.id, Grant.role_id == role.id)
    ):
        overlaps = (grant.valid_to is None or grant.valid_to >= begins) and (
            command.valid_to is None or command.valid_to >= grant.valid_from
        )
        if grant.company_id == command.company_id and overlaps:
            raise Invalid(
                _(
                    "%(login)s has the role %(role)s there already.",
                    login=user.login,
                    role=role.name,
                ),
                field="role",
            )
