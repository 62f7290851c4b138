"""Locks of sub-ledgers up to a day, and exceptions that a second person approves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    Choice,
    ChoiceField,
    Conflict,
    DateField,
    Forbidden,
    Invalid,
    NotFound,
    TextField,
    authorize,
    check_version,
    company_of,
    context_of,
    give_reason,
    lazy,
    now,
)
from backstay.spi import gettext as _
from backstay_ledger.closing.models import Lock, LockException, LockScope
from backstay_ledger.permissions import EXCEPTION_APPROVE, EXCEPTION_REQUEST, LOCK_SET

SCOPES: Final = (
    Choice(LockScope.ALL.value, lazy("Everything")),
    Choice(LockScope.RECEIVABLE.value, lazy("Receivables")),
    Choice(LockScope.PAYABLE.value, lazy("Payables")),
    Choice(LockScope.BANK.value, lazy("Banks")),
    Choice(LockScope.GENERAL.value, lazy("General journals")),
    Choice(LockScope.STOCK.value, lazy("Stock")),
    Choice(LockScope.TAX.value, lazy("Entries with tax")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLock:
    """A sub-ledger that takes no entries up to a day."""

    scope: Annotated[
        LockScope,
        ChoiceField(
            label=lazy("Sub-ledger"),
            help=lazy("Receivables are the sales journals, payables the purchase journals."),
            choices=SCOPES,
        ),
    ]
    up_to: Annotated[
        date, DateField(label=lazy("Locked up to"), help=lazy("The last day that is locked."))
    ]
    reason: Annotated[
        str,
        TextField(label=lazy("Reason"), help=lazy("Kept in the audit trail."), max_length=500),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLock:
    """A lock that reaches up to another day; without a day it is taken away."""

    id: int
    version: int | None = None
    up_to: Annotated[
        date | None,
        DateField(label=lazy("Locked up to"), help=lazy("Left empty, the lock is taken away.")),
    ] = None
    reason: Annotated[
        str,
        TextField(
            label=lazy("Reason"),
            help=lazy("Kept in the audit trail."),
            min_length=1,
            max_length=500,
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestException:
    """Somebody who has to post where it is closed."""

    user: Annotated[
        str,
        TextField(label=lazy("For"), help=lazy("The sign-in name."), min_length=1, max_length=120),
    ]
    scope: Annotated[
        LockScope,
        ChoiceField(
            label=lazy("Sub-ledger"),
            help=lazy("Receivables are the sales journals, payables the purchase journals."),
            choices=SCOPES,
        ),
    ]
    first_day: Annotated[
        date, DateField(label=lazy("Entries dated from"), help=lazy("The first accounting date."))
    ]
    last_day: Annotated[
        date, DateField(label=lazy("Entries dated to"), help=lazy("The last accounting date."))
    ]
    until: Annotated[
        date,
        DateField(
            label=lazy("Valid until"),
            help=lazy("The last day on which it can be used; it ends at midnight."),
        ),
    ]
    reason: Annotated[
        str,
        TextField(
            label=lazy("Reason"),
            help=lazy("What has to be posted, and why now."),
            min_length=1,
            max_length=500,
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveException:
    """A request that a second person agrees to."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeException:
    """An exception, or a request for one, that ends now."""

    id: int


def set_lock(session: Session, command: SetLock) -> Lock:
    """Lock a sub-ledger up to a day; a lock that it has moves forward.

    Raises:
        Conflict: it is locked further already; that lock is moved back, with a reason.
    """
    authorize(session, LOCK_SET)
    company = company_of(session)
    lock = session.scalars(
        select(Lock).where(Lock.company_id == company.id, Lock.scope == command.scope)
    ).one_or_none()
    if lock is not None and lock.up_to is not None and lock.up_to > command.up_to:
        raise Conflict(
            _("It is locked up to %(day)s already; move that lock.", day=lock.up_to),
            field="scope",
        )
    give_reason(session, command.reason)
    if lock is None:
        lock = Lock(
            company_id=company.id,
            scope=command.scope,
            up_to=command.up_to,
            reason=command.reason.strip(),
        )
        session.add(lock)
    else:
        lock.up_to, lock.reason = command.up_to, command.reason.strip()
    session.flush()
    return lock


def move_lock(session: Session, command: MoveLock) -> Lock:
    """Move a lock to another day, or take it away.

    Raises:
        NotFound: the company has no such lock.
        Invalid: no reason is given.
        Stale: somebody else moved it in the meantime.
    """
    authorize(session, LOCK_SET)
    if not command.reason.strip():
        raise Invalid(_("Say why the lock is moved."), field="reason")
    lock = session.scalars(
        select(Lock)
        .where(Lock.id == command.id, Lock.company_id == company_of(session).id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if lock is None:
        raise NotFound(_("There is no such lock in this company."))
    check_version(lock, command.version)
    give_reason(session, command.reason)
    lock.up_to, lock.reason = command.up_to, command.reason.strip()
    session.flush()
    return lock


def request_exception(session: Session, command: RequestException) -> LockException:
    """Ask that somebody may post where it is closed; it holds once a second person approves.

    Raises:
        Invalid: the days are in the wrong order, or it would have ended already.
    """
    authorize(session, EXCEPTION_REQUEST)
    company = company_of(session)
    if command.last_day < command.first_day:
        raise Invalid(_("The last day is before the first."), field="last_day")
    if not command.reason.strip():
        raise Invalid(_("Say what has to be posted, and why now."), field="reason")
    ends = datetime.combine(
        command.until + timedelta(days=1), time(), ZoneInfo(company.time_zone)
    ).astimezone(UTC)
    if ends <= now():
        raise Invalid(_("%(day)s is over already.", day=command.until), field="until")
    exception = LockException(
        company_id=company.id,
        user_label=command.user.strip(),
        scope=command.scope,
        first_day=command.first_day,
        last_day=command.last_day,
        until=ends,
        reason=command.reason.strip(),
        requested_by=context_of(session).actor.label,
        requested_at=now(),
    )
    session.add(exception)
    session.flush()
    return exception


def approve_exception(session: Session, command: ApproveException) -> LockException:
    """Approve a request of somebody else, for somebody else.

    Raises:
        Forbidden: whoever approves asked for it, or would use it; administrators included.
        Conflict: it is approved or revoked already, or has ended.
    """
    authorize(session, EXCEPTION_APPROVE)
    exception = _held(session, command.id)
    actor = context_of(session).actor.label
    if exception.state != "requested":
        raise Conflict(_("This is no open request any more."))
    if exception.until <= now():
        raise Conflict(_("The exception has ended already; ask for a new one."))
    if actor in {exception.requested_by, exception.user_label}:
        raise Forbidden(
            _("A second person approves an exception: neither who asked for it nor who uses it.")
        )
    exception.approved_by = actor
    exception.approved_at = now()
    session.flush()
    return exception


def revoke_exception(session: Session, command: RevokeException) -> LockException:
    """End an exception, or turn a request down; whoever asked for it may take it back.

    Raises:
        Conflict: it was revoked already.
    """
    exception = _held(session, command.id)
    actor = context_of(session).actor.label
    if actor != exception.requested_by:
        authorize(session, EXCEPTION_APPROVE)
    else:
        authorize(session, EXCEPTION_REQUEST)
    if exception.revoked_at is not None:
        raise Conflict(_("It was revoked already."))
    exception.revoked_by = actor
    exception.revoked_at = now()
    session.flush()
    return exception


def _held(session: Session, exception_id: int) -> LockException:
    found = session.scalars(
        select(LockException)
        .where(
            LockException.id == exception_id,
            LockException.company_id == company_of(session).id,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such exception in this company."))
    return found
