"""Signing in: counted, then checked in constant time, then recorded, whatever the outcome.

Each step is a transaction of its own, because a refused attempt must leave its traces.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from sqlalchemy import exists, select

from backstay.access.models import User, UserState
from backstay.access.passwords import (
    check_password,
    hash_password,
    needs_rehash,
    verify_password,
)
from backstay.access.sessions import end_sessions, start_session
from backstay.access.throttle import (
    forget_account,
    forget_attempt,
    note_attempt,
    source_of,
    throttled,
)
from backstay.access.token_models import ServiceAccount
from backstay.audit.capture import Event, record_event
from backstay.db.context import Actor, context_of
from backstay.errors import BackstayError, Invalid
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.resources.fields import SecretField

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.db.context import Context
    from backstay.db.database import Database

_LONGEST_LOGIN = 80


@dataclass(frozen=True, slots=True)
class SignInWith:
    """What was typed on the sign-in page, and where it came from."""

    login: str
    password: str
    ip: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session was opened: the cookie's token."""

    token: str
    user_id: int
    must_change_password: bool


class WrongPassword(Invalid):
    """Name or password is wrong, or the user is disabled; which of them is not said."""


class TooManyAttempts(BackstayError):
    """Further attempts are not looked at for a while."""

    status = 429

    def __init__(self, message: str, seconds: int) -> None:
        """Remember how long."""
        super().__init__(message)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class _Known:
    id: int
    login: str
    password_hash: str
    active: bool
    must_change_password: bool


def sign_in(database: Database, context: Context, command: SignInWith) -> Opened:
    """Open a session for a login and its password.

    Raises:
        WrongPassword: they do not fit, or the user is disabled.
        TooManyAttempts: for the account or from the address; says how long to wait.
    """
    login = command.login.strip().lower()[:_LONGEST_LOGIN]
    source = source_of(command.ip)
    with database.write(context) as session:
        attempt = note_attempt(session, login, source)
    with database.read(context) as session:
        limit = throttled(session, login, source)
        known = _find(session, login)
    if limit is not None:
        with database.write(context) as session:
            forget_attempt(session, attempt)
            _record(session, login, known, outcome="denied", why=f"throttled by {limit.by}")
        raise _too_many(limit.seconds)
    right = verify_password(known.password_hash if known else None, command.password)
    if known is None or not right or not known.active:
        with database.write(context) as session:
            why = "disabled" if known and right else "wrong password" if known else "unknown"
            _record(session, login, known, outcome="failed", why=why)
        raise WrongPassword(_("Login or password is wrong."))
    own = replace(context, actor=Actor(known.login, known.id))
    with database.write(own) as session:
        forget_account(session, login)
        if needs_rehash(known.password_hash):
            session.get_one(User, known.id).password_hash = hash_password(command.password)
        session_id, token = start_session(session, known.id, device=command.device, ip=command.ip)
        session.info["context"] = replace(own, session_id=session_id)
        _record(session, login, known, outcome="done", why="")
    return Opened(token, known.id, known.must_change_password)


def _find(session: Session, login: str) -> _Known | None:
    row = session.execute(
        select(
            User.id,
            User.login,
            User.password_hash,
            User.state,
            User.must_change_password,
            exists().where(ServiceAccount.user_id == User.id).correlate(User).label("service"),
        ).where(User.login == login)
    ).one_or_none()
    if row is None:
        return None
    return _Known(
        row.id,
        row.login,
        row.password_hash,
        row.state is UserState.ACTIVE and not row.service,
        row.must_change_password,
    )


def _record(session: Session, login: str, known: _Known | None, *, outcome: str, why: str) -> None:
    record_event(
        session,
        Event(
            action="sign_in",
            entity="core_user",
            entity_id=str(known.id) if known else "",
            label=login,
            after={"result": why} if why else None,
            outcome=outcome,
        ),
    )


def count_password_check(database: Database, context: Context, login: str) -> None:
    """Count a password that is typed again, so that an open browser is no place to guess it.

    Raises:
        TooManyAttempts: says how long to wait.
    """
    with database.write(context) as session:
        attempt = note_attempt(session, login, source_of(context.ip))
    with database.read(context) as session:
        limit = throttled(session, login, source_of(context.ip))
    if limit is not None:
        with database.write(context) as session:
            forget_attempt(session, attempt)
        raise _too_many(limit.seconds)


def _too_many(seconds: int) -> TooManyAttempts:
    return TooManyAttempts(
        _(
            "Too many failed attempts. Wait %(minutes)s minutes, then try again.",
            minutes=-(-seconds // 60),
        ),
        seconds,
    )


@dataclass(frozen=True, slots=True)
class ChangeOwnPassword:
    """The present password, and the new one typed twice."""

    current: Annotated[
        str, SecretField(label=lazy("Present password"), autocomplete="current-password")
    ]
    new: Annotated[
        str,
        SecretField(
            label=lazy("New password"),
            help=lazy(
                "At least 12 characters, of any kind. Three or four words in a row are easy to"
                " remember and hard to guess."
            ),
        ),
    ]
    again: Annotated[str, SecretField(label=lazy("New password again"))]


def change_own_password(session: Session, command: ChangeOwnPassword) -> None:
    """Change the actor's password and end the sessions of all other browsers.

    Raises:
        WrongPassword: the present one is wrong.
        Invalid: the two differ, or the new one is too weak.
    """
    context = context_of(session)
    user = session.get_one(User, context.actor.user_id)
    if not verify_password(user.password_hash, command.current):
        raise WrongPassword(_("This is not your present password."), field="current")
    if command.new != command.again:
        raise Invalid(_("The two new passwords differ. Type them again."), field="again")
    if command.new == command.current:
        raise Invalid(_("Choose a password that differs from the present one."), field="new")
    words = (user.login, user.name, user.email, context.company.name if context.company else "")
    check_password(command.new, *words, field="new")
    forget_account(session, user.login)
    user.password_hash = hash_password(command.new)
    user.must_change_password = False
    end_sessions(session, user.id, keep=context.session_id)


__all__ = [
    "ChangeOwnPassword",
    "Opened",
    "SignInWith",
    "TooManyAttempts",
    "WrongPassword",
    "change_own_password",
    "count_password_check",
    "sign_in",
]
