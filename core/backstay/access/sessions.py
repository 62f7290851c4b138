"""Signed-in browsers: one row each on the server; the cookie holds a random token and nothing else.

A session ends when it was not used for ``IDLE``, when it is older than ``LONGEST``, when somebody
signs it out, or when its user is disabled: every process sees that at its next request.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select, update

from backstay.access.grants import PERSON_COLUMNS, Access, Person, access_from, with_grants
from backstay.access.models import SignIn, User, UserState
from backstay.audit.capture import Event, record_event
from backstay.clock import now
from backstay.db.fixed import Fixed
from backstay.errors import NotFound
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

IDLE: Final = timedelta(hours=8)
"""A working day: shorter limits make clerks write their passwords on paper."""
LONGEST: Final = timedelta(days=7)
KEEP: Final = timedelta(days=90)
"""How long ended sessions stay listed."""


_OWN = (SignIn.id, SignIn.seen_at, SignIn.confirmed_at, SignIn.company_code)
_BY_TOKEN = Fixed(
    with_grants(
        select(*_OWN, *PERSON_COLUMNS)
        .join(User, SignIn.user_id == User.id)
        .where(
            SignIn.token_hash == bindparam("token"),
            SignIn.revoked_at.is_(None),
            SignIn.seen_at > bindparam("idle_since"),
            SignIn.created_at > bindparam("born_since"),
            User.state == UserState.ACTIVE,
        )
    )
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A valid session with what its person may do."""

    id: int
    seen_at: datetime
    confirmed_at: datetime
    company_code: str | None
    access: Access


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as its owner sees it in the list."""

    id: int
    device: str
    ip: str
    created_at: datetime
    seen_at: datetime


def token_hash(token: str) -> str:
    """What is stored of a token: a stolen database opens no session."""
    return hashlib.sha256(token.encode()).hexdigest()


def start_session(session: Session, user_id: int, *, device: str, ip: str) -> tuple[int, str]:
    """A new session for a user who proved the password; returns its id and the cookie's token."""
    token = secrets.token_urlsafe(32)
    at = now()
    row = SignIn(
        token_hash=token_hash(token),
        user_id=user_id,
        device=device[:200],
        ip=ip,
        created_at=at,
        seen_at=at,
        confirmed_at=at,
    )
    session.add(row)
    session.execute(
        delete(SignIn).where(SignIn.user_id == user_id, SignIn.created_at < at - KEEP),
        execution_options={"synchronize_session": False},
    )
    session.flush()
    return row.id, token


def session_by_token(
    session: Session, token: str, *, reading: frozenset[str] | None = None
) -> SignedIn | None:
    """The session that a cookie's token opens, if it is still valid and its user active."""
    at = now()
    # The statement is always the same and names no company's table; it runs on every request.
    rows = _BY_TOKEN.execute(
        session.connection(),
        {
            "token": token_hash(token),
            "idle_since": at - IDLE,
            "born_since": at - LONGEST,
            "day": at.date(),
        },
    ).all()
    if not rows:
        return None
    start, end = len(_OWN), len(_OWN) + len(PERSON_COLUMNS)
    access = access_from(
        session,
        Person(*rows[0][start:end]),
        [(row[end], row[end + 1], row[end + 2]) for row in rows],
        reading,
    )
    found = rows[0]
    return SignedIn(found[0], found[1], found[2], found[3], access)


def sessions_of(session: Session, user_id: int) -> list[SessionView]:
    """Where a user is signed in now, the latest first."""
    at = now()
    rows = session.execute(
        select(SignIn.id, SignIn.device, SignIn.ip, SignIn.created_at, SignIn.seen_at)
        .where(
            SignIn.user_id == user_id,
            SignIn.revoked_at.is_(None),
            SignIn.seen_at > at - IDLE,
            SignIn.created_at > at - LONGEST,
        )
        .order_by(SignIn.seen_at.desc())
    )
    return [SessionView(*row) for row in rows]


def end_session(session: Session, user_id: int, session_id: int) -> None:
    """Sign one browser of a user out.

    Raises:
        NotFound: that user has no such session.
    """
    row = session.get(SignIn, session_id)
    if row is None or row.user_id != user_id:
        raise NotFound(_("This session does not exist."))
    if row.revoked_at is None:
        row.revoked_at = now()
        record_event(
            session,
            Event("sign_out", "core_session", str(row.id), label=row.device, outcome="done"),
        )


def end_sessions(session: Session, user_id: int, *, keep: int | None = None) -> int:
    """Sign a user out everywhere (except in the session ``keep``); returns how many ended."""
    ended = session.execute(
        update(SignIn)
        .where(
            SignIn.user_id == user_id,
            SignIn.revoked_at.is_(None),
            SignIn.id != (keep or 0),
        )
        .values(revoked_at=now()),
        execution_options={"synchronize_session": False},
    )
    count: int = ended.rowcount  # type: ignore[attr-defined]
    if count:
        record_event(
            session,
            Event("sign_out_everywhere", "core_user", str(user_id), after={"sessions": count}),
        )
    return count
