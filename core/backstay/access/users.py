"""User accounts: made, changed, disabled, enabled, given a new password."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.access.administrators import administrators_kept, refuse_self, refuse_superior
from backstay.access.assignments import grant_role
from backstay.access.core_permissions import (
    CONTACT_EDIT,
    SESSION_REVOKE,
    USER_CREATE,
    USER_DISABLE,
    USER_EDIT,
    USER_RESET_PASSWORD,
)
from backstay.access.models import SignIn, User, UserState
from backstay.access.passwords import check_password, hash_password
from backstay.access.sessions import end_sessions
from backstay.access.token_models import ServiceAccount
from backstay.access.user_commands import (
    LOGIN_PATTERN,
    CreateUser,
    DisableUser,
    EditUser,
    EnableUser,
    GrantRole,
    IssuePassword,
    ResetPassword,
    RevokeSession,
)
from backstay.audit.capture import Event, record_event
from backstay.audit.reasons import give_reason
from backstay.clock import now
from backstay.db.context import authorize
from backstay.db.versions import check_version
from backstay.errors import BackstayError, Conflict, Invalid, NotFound
from backstay.i18n import gettext as _
from backstay.time_zones import checked_time_zone

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


# Without the letters and digits that are mistaken for one another on paper and on the telephone.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"


def one_time_password() -> str:
    """A password to be handed over and changed at the first sign-in: about 99 bits."""
    return "-".join(
        "".join(secrets.choice(_ALPHABET) for _letter in range(5)) for _group in range(4)
    )


def create_user(session: Session, command: CreateUser) -> User:
    """Create a user who can sign in, with the roles to begin with.

    Raises:
        Invalid: the sign-in name is taken or has a wrong form, the password is weak, a role does
            not exist or can't be given this way.
        Forbidden: roles are asked for by somebody who may not give roles.
    """
    authorize(session, USER_CREATE)
    login = command.login.strip().lower()
    if not re.fullmatch(LOGIN_PATTERN, login):
        raise Invalid(
            _(
                "“%(login)s” can't be a sign-in name: use 2 to 80 small letters, digits, dots,"
                " hyphens, underscores, + and @, beginning with a letter or digit.",
                login=command.login,
            ),
            field="login",
        )
    if session.scalar(select(User.id).where(User.login == login)) is not None:
        raise Invalid(_("The sign-in name “%(login)s” is taken.", login=login), field="login")
    user = User(
        login=login,
        name=_required_name(command.name),
        email=command.email.strip(),
        password_hash=_hashed(command.password, login, command.name),
        must_change_password=command.must_change_password,
        time_zone=checked_time_zone(command.time_zone),
        created_at=now(),
    )
    session.add(user)
    session.flush()
    for code in command.roles:
        try:
            grant_role(
                session,
                GrantRole(
                    user_id=user.id,
                    role=code,
                    company_id=command.company_id,
                    valid_to=command.valid_to,
                ),
            )
        except BackstayError as error:
            if error.problems[0].field != "role":
                raise
            raise Invalid(error.message, field="roles") from error
    return user


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A user with the one-time password that is to be handed over; it is shown once."""

    user: User
    password: str


def invite_user(session: Session, command: CreateUser) -> NewPassword:
    """Create a user with a one-time password; otherwise as :func:`create_user`."""
    password = one_time_password()
    user = create_user(session, replace(command, password=password, must_change_password=True))
    return NewPassword(user, password)


def issue_password(session: Session, command: IssuePassword) -> NewPassword:
    """Give a user a one-time password; otherwise as :func:`reset_password`.

    Raises:
        Conflict: the user is disabled.
    """
    authorize(session, USER_RESET_PASSWORD)
    user = get_user(session, command.id)
    if user.state is not UserState.ACTIVE:
        raise Conflict(_("%(login)s is disabled: enable the user first.", login=user.login))
    password = one_time_password()
    give_reason(session, command.reason)
    user = reset_password(session, ResetPassword(id=command.id, password=password))
    return NewPassword(user, password)


def edit_user(session: Session, command: EditUser) -> User:
    """Change a user's name and settings.

    Raises:
        Stale: somebody else saved in the meantime.
        Forbidden: the e-mail address is changed without the permission for contact data.
    """
    authorize(session, USER_EDIT)
    user = get_user(session, command.id)
    check_version(user, command.version)
    if command.email is not None and command.email.strip() != user.email:
        authorize(session, CONTACT_EDIT)
        user.email = command.email.strip()
    user.name = _required_name(command.name)
    user.time_zone = checked_time_zone(command.time_zone)
    session.flush()
    return user


def disable_user(session: Session, command: DisableUser) -> User:
    """Keep somebody from signing in, and sign them out everywhere at once.

    Raises:
        Forbidden: it is one's own account, or that of somebody who administers more.
        Conflict: the user is disabled already, or is the last administrator.
    """
    authorize(session, USER_DISABLE)
    user = get_user(session, command.id)
    refuse_self(session, user.id, _("You can't disable your own account."))
    refuse_superior(session, user.id)
    if user.state is UserState.DISABLED:
        raise Conflict(_("%(login)s is disabled already.", login=user.login))
    give_reason(session, command.reason)
    with administrators_kept(session):
        user.state = UserState.DISABLED
    end_sessions(session, user.id)
    return user


def enable_user(session: Session, command: EnableUser) -> User:
    """Let a disabled user sign in again, with the password and roles they had.

    Raises:
        Conflict: the user is not disabled.
    """
    authorize(session, USER_DISABLE)
    user = get_user(session, command.id)
    refuse_superior(session, user.id)
    if user.state is not UserState.DISABLED:
        raise Conflict(_("%(login)s is not disabled.", login=user.login))
    give_reason(session, command.reason)
    user.state = UserState.ACTIVE
    session.flush()
    return user


def reset_password(session: Session, command: ResetPassword) -> User:
    """Set a password for somebody else, and sign them out everywhere.

    Raises:
        Forbidden: it is one's own account (that page asks for the old password), or that of
            somebody who administers more.
        Invalid: the password is weak.
    """
    authorize(session, USER_RESET_PASSWORD)
    user = get_user(session, command.id)
    refuse_self(session, user.id, _("Change your own password on your own page."))
    refuse_superior(session, user.id)
    if session.get(ServiceAccount, user.id) is not None:
        raise Conflict(_("A service account has no password; it uses tokens."))
    user.password_hash = _hashed(command.password, user.login, user.name)
    user.must_change_password = command.must_change_password
    session.flush()
    end_sessions(session, user.id)
    return user


def revoke_session(session: Session, command: RevokeSession) -> SignIn:
    """Sign a browser out: its next request is refused.

    Raises:
        Conflict: it is signed out already.
    """
    authorize(session, SESSION_REVOKE)
    row = session.get(SignIn, command.id)
    if row is None:
        raise NotFound(_("There is no such session."))
    if row.revoked_at is not None:
        raise Conflict(_("This browser is signed out already."))
    row.revoked_at = now()
    session.flush()
    record_event(
        session,
        Event("revoke", SignIn.__tablename__, str(row.id), f"{row.user.login}, {row.device}"),
    )
    return row


def get_user(session: Session, user_id: int) -> User:
    """The user of an id.

    Raises:
        NotFound: there is none.
    """
    user = session.get(User, user_id)
    if user is None:
        raise NotFound(_("There is no such user."))
    return user


def user_by_login(session: Session, login: str) -> User:
    """The user of a sign-in name.

    Raises:
        NotFound: there is none.
    """
    user = session.scalar(select(User).where(User.login == login.strip().lower()))
    if user is None:
        raise NotFound(_("There is no user “%(login)s”.", login=login), field="login")
    return user


def _required_name(name: str) -> str:
    if not name.strip():
        raise Invalid(_("Give the person's name."), field="name")
    return name.strip()


def _hashed(password: str, *words: str) -> str:
    check_password(password, *words)
    return hash_password(password)
