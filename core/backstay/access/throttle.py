"""Slowing down guessing: failed sign-ins are counted per account and per source in the database.

Counted there and not in memory, so all processes see the same numbers and a restart forgets none.
Limits (documented for ASVS 6.1.1): within fifteen minutes ten failures for one account, thirty from
one address; an IPv6 address counts by its /64 network.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, select

from backstay.access.models import SignInAttempt
from backstay.clock import now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

WINDOW: Final = timedelta(minutes=15)
PER_ACCOUNT: Final = 10
PER_SOURCE: Final = 30


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many failures: how long to wait, and in which of the two dimensions."""

    seconds: int
    by: str


def source_of(ip: str) -> str:
    """The part of an address that stands for one attacker."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip[:45]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def note_attempt(session: Session, login: str, source: str) -> int:
    """Count an attempt before its password is looked at, so that a burst can't outrun the count."""
    attempt = SignInAttempt(login=login, source=source, at=now())
    session.add(attempt)
    session.flush()
    return attempt.id


def throttled(session: Session, login: str, source: str) -> Throttled | None:
    """Whether this attempt (already counted) is one too many."""
    since = now() - WINDOW
    for by, column, value, limit in (
        ("account", SignInAttempt.login, login, PER_ACCOUNT),
        ("source", SignInAttempt.source, source, PER_SOURCE),
    ):
        count, oldest = session.execute(
            select(func.count(), func.min(SignInAttempt.at)).where(
                column == value, SignInAttempt.at > since
            )
        ).one()
        if count > limit:
            return Throttled(_seconds_until(oldest), by)
    return None


def failures(session: Session, source: str, limit: int) -> Throttled | None:
    """Whether a source has used up its failures before this attempt is even counted."""
    count, oldest = session.execute(
        select(func.count(), func.min(SignInAttempt.at)).where(
            SignInAttempt.source == source, SignInAttempt.at > now() - WINDOW
        )
    ).one()
    return Throttled(_seconds_until(oldest), "source") if count >= limit else None


def _seconds_until(oldest: datetime) -> int:
    return max(1, int((oldest + WINDOW - now()).total_seconds()) + 1)


def forget_attempt(session: Session, attempt_id: int) -> None:
    """Take an attempt back that was not looked at: waiting must not be prolonged by trying."""
    session.execute(
        delete(SignInAttempt).where(SignInAttempt.id == attempt_id),
        execution_options={"synchronize_session": False},
    )


def forget_account(session: Session, login: str) -> None:
    """Start afresh after a success, and drop what is too old to count."""
    session.execute(
        delete(SignInAttempt).where(
            (SignInAttempt.login == login) | (SignInAttempt.at < now() - 2 * WINDOW)
        ),
        execution_options={"synchronize_session": False},
    )
