"""Who works in a company and in which roles, as modules need it that name people in their rules.

Only people who can sign in: programs (service accounts) and disabled users are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import exists, or_, select

from backstay.access.models import Grant, Role, RolePermission, User, UserState
from backstay.access.token_models import ServiceAccount
from backstay.clock import today
from backstay.db.context import company_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission

_PERSON: Final = (
    User.state == UserState.ACTIVE,
    ~exists().where(ServiceAccount.user_id == User.id).correlate(User),
)


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works in a company."""

    id: int
    login: str
    name: str


@dataclass(frozen=True, slots=True)
class RoleName:
    """A role that can be named."""

    code: str
    name: str


def role_names(session: Session) -> list[RoleName]:
    """All roles, by name."""
    rows = session.execute(select(Role.code, Role.name).order_by(Role.name, Role.code))
    return [RoleName(*row) for row in rows]


def colleagues(session: Session) -> list[Colleague]:
    """Who has any role in the session's company today, by name."""
    return _people(session, _today(session, select(User.id, User.login, User.name)))


def holders(session: Session, permission: Permission) -> list[Colleague]:
    """Who holds a permission in the session's company today, by name."""
    query = select(User.id, User.login, User.name)
    held = RolePermission.permission == permission.name
    return _people(
        session,
        _today(session, query)
        .join(RolePermission, RolePermission.role_id == Grant.role_id)
        .where(held),
    )


def holders_of_roles(session: Session, logins: Iterable[str] = ()) -> dict[str, frozenset[str]]:
    """Sign-in names of those who have each role in the session's company today, by its code.

    Arguments:
        logins: only of these people; left out, of all.
    """
    query = _today(session, select(Role.code, User.login)).join(Role, Role.id == Grant.role_id)
    if wanted := sorted(set(logins)):
        query = query.where(User.login.in_(wanted))
    found: dict[str, set[str]] = {}
    for code, login in session.execute(query):
        found.setdefault(code, set()).add(login)
    return {code: frozenset(people) for code, people in found.items()}


def _today(session: Session, query: Any) -> Any:
    """Over the people with the grants that hold today in the session's company or in all."""
    day = today()
    return (
        query.select_from(User)
        .join(Grant, Grant.user_id == User.id)
        .where(
            *_PERSON,
            Grant.valid_from <= day,
            or_(Grant.valid_to.is_(None), Grant.valid_to >= day),
            or_(Grant.company_id.is_(None), Grant.company_id == company_of(session).id),
        )
    )


def _people(session: Session, query: Any) -> list[Colleague]:
    rows = session.execute(query.distinct().order_by(User.name, User.id))
    return [Colleague(*row) for row in rows]
