"""Users, roles and sessions as the command line lists them: plain values, nothing to be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from backstay.access.core_permissions import CONTACT_VIEW, ROLE_VIEW, SESSION_VIEW, USER_VIEW
from backstay.access.models import Grant, Role, RolePermission, SignIn, User
from backstay.access.sessions import IDLE, LONGEST
from backstay.audit.canonical import MASK
from backstay.clock import now
from backstay.companies.models import Company
from backstay.db.context import authorize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session


def list_users(session: Session) -> list[dict[str, Any]]:
    """All users with their grants, by sign-in name."""
    context = authorize(session, USER_VIEW)
    grants: dict[int, list[dict[str, Any]]] = {}
    for user_id, role, company, begins, ends in session.execute(
        select(Grant.user_id, Role.code, Company.code, Grant.valid_from, Grant.valid_to)
        .join(Role, Role.id == Grant.role_id)
        .outerjoin(Company, Company.id == Grant.company_id)
        .order_by(Grant.id)
    ):
        grants.setdefault(user_id, []).append(
            {"role": role, "company": company, "valid_from": begins, "valid_to": ends}
        )
    return [
        {
            "login": user.login,
            "name": user.name,
            "email": user.email if context.may(CONTACT_VIEW) else MASK,
            "state": user.state.value,
            "must_change_password": user.must_change_password,
            "created_at": user.created_at,
            "roles": [str(grant["role"]) for grant in grants.get(user.id, [])],
            "grants": grants.get(user.id, []),
        }
        for user in session.execute(
            select(
                User.id,
                User.login,
                User.name,
                User.email,
                User.state,
                User.must_change_password,
                User.created_at,
            ).order_by(User.login)
        )
    ]


def list_roles(session: Session) -> list[dict[str, Any]]:
    """All roles with the names of their permissions, by code."""
    authorize(session, ROLE_VIEW)
    held: dict[int, list[str]] = {}
    for role_id, name in session.execute(
        select(RolePermission.role_id, RolePermission.permission).order_by(
            RolePermission.permission
        )
    ):
        held.setdefault(role_id, []).append(name)
    return [
        {
            "code": role.code,
            "name": role.name,
            "description": role.description,
            "read_only": role.read_only,
            "global_only": role.global_only,
            "permissions": held.get(role.id, []),
        }
        for role in session.scalars(select(Role).order_by(Role.code))
    ]


def list_sessions(session: Session) -> list[dict[str, Any]]:
    """The browsers that are signed in now, the latest first."""
    authorize(session, SESSION_VIEW)
    at = now()
    rows: Iterable[Any] = session.execute(
        select(SignIn.id, User.login, SignIn.device, SignIn.ip, SignIn.created_at, SignIn.seen_at)
        .join(User, User.id == SignIn.user_id)
        .where(
            SignIn.revoked_at.is_(None),
            SignIn.seen_at > at - IDLE,
            SignIn.created_at > at - LONGEST,
        )
        .order_by(SignIn.seen_at.desc(), SignIn.id)
    )
    return [
        {
            "id": str(row.id),
            "login": row.login,
            "device": row.device,
            "ip": row.ip,
            "created_at": row.created_at,
            "seen_at": row.seen_at,
        }
        for row in rows
    ]
