"""Typing the password again before a step that can't be taken back; it holds for a few minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update

from backstay.access.models import SignIn, User
from backstay.access.passwords import verify_password
from backstay.access.sign_in import WrongPassword, count_password_check
from backstay.access.throttle import forget_account
from backstay.audit.capture import Event, record_event
from backstay.clock import now
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from backstay.db.context import Context
    from backstay.db.database import Database

HOLDS: Final = timedelta(minutes=5)


def was_confirmed(confirmed_at: datetime) -> bool:
    """Whether a session's password was typed so lately that it need not be typed again."""
    return confirmed_at > now() - HOLDS


def confirm_password(
    database: Database, context: Context, login: str, password: str, *, session_id: int | None
) -> None:
    """Check the password of whoever acts; the attempt is counted and leaves its traces.

    Arguments:
        session_id: the browser's session, which is confirmed for a while; None for a program.

    Raises:
        WrongPassword: it is wrong.
        TooManyAttempts: says how long to wait.
    """
    count_password_check(database, context, login)
    with database.read(context) as session:
        known = session.scalar(select(User.password_hash).where(User.id == context.actor.user_id))
    right = verify_password(known, password)
    with database.write(context) as session:
        record_event(
            session,
            Event(
                "step_up",
                "core_user",
                str(context.actor.user_id),
                label=login,
                outcome="done" if right else "failed",
            ),
        )
        if right:
            forget_account(session, login)
            session.execute(
                update(SignIn)
                .where(SignIn.id == session_id, SignIn.user_id == context.actor.user_id)
                .values(confirmed_at=now()),
                execution_options={"synchronize_session": False},
            )
    if not right:
        raise WrongPassword(_("This is not your password."), field="password")
