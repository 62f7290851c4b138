"""Rules that keep an installation in the hands of its administrators, and them in their place.

Nobody can lock everybody out, give themselves more than they have, or take over the account of
somebody who administers more than they do.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import exists, or_, select

from backstay.access.core_permissions import GRANT_EDIT
from backstay.access.models import Grant, Role, RolePermission, User, UserState
from backstay.access.token_models import ServiceAccount
from backstay.clock import today
from backstay.db.context import context_of
from backstay.errors import Conflict, Forbidden
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

_CORE = "core."


def not_over() -> ColumnElement[bool]:
    """The condition under which a grant holds today or will hold later."""
    return or_(Grant.valid_to.is_(None), Grant.valid_to >= today())


def administrators(session: Session) -> frozenset[int]:
    """Ids of the active users who may give roles, for all companies and without an end date."""
    return frozenset(
        session.scalars(
            select(User.id)
            .join(Grant, Grant.user_id == User.id)
            .join(RolePermission, RolePermission.role_id == Grant.role_id)
            .where(
                User.state == UserState.ACTIVE,
                # A program can't sign in to mend anything.
                ~exists().where(ServiceAccount.user_id == User.id).correlate(User),
                Grant.company_id.is_(None),
                Grant.valid_to.is_(None),
                Grant.valid_from <= today(),
                RolePermission.permission == GRANT_EDIT.name,
            )
        )
    )


@contextmanager
def administrators_kept(session: Session) -> Iterator[None]:
    """Refuse the change in the ``with`` block if nobody could administer after it.

    Locks the roles that make administrators, so that two of them who disable one another at the
    same time don't both succeed.

    Raises:
        Conflict: there was an administrator before, and there is none after.
    """
    session.execute(
        select(Role.id)
        .join(RolePermission, RolePermission.role_id == Role.id)
        .where(RolePermission.permission == GRANT_EDIT.name)
        .order_by(Role.id)
        .with_for_update(of=Role)
    )
    before = administrators(session)
    # In a savepoint, so that whoever catches the refusal has nothing half done.
    with session.begin_nested():
        yield
        session.flush()
        if before and not administrators(session):
            raise Conflict(
                _(
                    "After this nobody could administer Backstay any more."
                    " Make another user an administrator first."
                )
            )


def refuse_self(session: Session, user_id: int, message: str) -> None:
    """Refuse to do something with one's own account.

    Raises:
        Forbidden: the acting user is the user of the record.
    """
    if context_of(session).actor.user_id == user_id:
        raise Forbidden(message)


def core_permissions_of(session: Session, user_id: int) -> frozenset[str]:
    """The administrative permissions that a user has for all companies, today or later."""
    return frozenset(
        session.scalars(
            select(RolePermission.permission)
            .join(Grant, Grant.role_id == RolePermission.role_id)
            .where(
                Grant.user_id == user_id,
                Grant.company_id.is_(None),
                RolePermission.permission.startswith(_CORE),
                not_over(),
            )
        )
    )


def administers_more(session: Session, user_id: int) -> bool:
    """Whether a user has administrative permissions that the acting user lacks."""
    mine = context_of(session).permissions
    return mine is not None and not core_permissions_of(session, user_id) <= mine


def refuse_giving_more(session: Session, permissions: Iterable[str]) -> None:
    """Refuse to hand on administrative permissions that the acting user lacks.

    Otherwise a second account, or a friend, would be the way around every other rule here.

    Raises:
        Forbidden: there are such permissions among them.
    """
    mine = context_of(session).permissions
    if mine is not None and any(
        name.startswith(_CORE) and name not in mine for name in permissions
    ):
        raise Forbidden(
            _("You can't give others what you may not administer. Ask an administrator.")
        )


def refuse_superior(session: Session, user_id: int) -> None:
    """Refuse to take over or lock out somebody who administers more than the acting user.

    Raises:
        Forbidden: the other has administrative permissions that the acting user lacks.
    """
    if administers_more(session, user_id):
        raise Forbidden(
            _("This user may administer more than you. Ask an administrator to do this.")
        )
