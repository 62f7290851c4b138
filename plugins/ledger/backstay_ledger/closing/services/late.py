"""Posting where not everybody may: by what right, and the note that is kept of each such entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posting
from backstay.spi import context_of, now
from backstay.spi import gettext as _
from backstay_ledger.closing.models import LatePosting, Lock, LockException, LockScope
from backstay_ledger.models import Journal, JournalKind, PeriodState
from backstay_ledger.permissions import SOFT_CLOSED_POST
from backstay_ledger.services.bulk_rows import insert_rows, table_of
from backstay_ledger.services.fiscal_years import year_is_closed

if TYPE_CHECKING:
    from backstay_ledger.services.content import EntryRow
    from backstay_ledger.services.lookups import PeriodRef

LATE_POSTINGS: Final = table_of(LatePosting)
_COLUMNS: Final = ("entry_id", "company_id", "exception_id", "posted_by", "at")
_SUB_LEDGERS: Final = {
    JournalKind.SALES: LockScope.RECEIVABLE,
    JournalKind.PURCHASES: LockScope.PAYABLE,
    JournalKind.BANK: LockScope.BANK,
    JournalKind.GENERAL: LockScope.GENERAL,
}
_STOCK: Final = "stock"


@dataclass(frozen=True, slots=True)
class Late:
    """The right to post an entry in a period that is not open to everybody.

    Arguments:
        exception_id: the exception; None for the permission to post in soft-closed periods.
    """

    exception_id: int | None = None


def scopes_of(
    kind: JournalKind, source_plugin: str | None, *, taxed: bool = False
) -> set[LockScope]:
    """The scopes of locks and exceptions that hold for an entry (the posting trigger's too)."""
    scopes = {LockScope.ALL}
    if kind in _SUB_LEDGERS:
        scopes.add(_SUB_LEDGERS[kind])
    if source_plugin == _STOCK:
        scopes.add(LockScope.STOCK)
    if taxed:
        scopes.add(LockScope.TAX)
    return scopes


def way_in(
    session: Session, journal_id: int, posting: Posting, period: PeriodRef, *, taxed: bool = False
) -> tuple[Late | None, str]:
    """By what right an entry may be posted on its day, or why it may not.

    Arguments:
        period: is not open, or a lock of some sub-ledger reaches into it.
        taxed: the entry says something of tax.

    Returns:
        the right, None where none is needed; and the problem, empty where there is none.
    """
    if period.state is PeriodState.LOCKED:
        return None, _(
            "%(period)s is closed for good (locked). Date it in a period that is open.",
            period=period.label,
        )
    kind = session.scalars(select(Journal.kind).where(Journal.id == journal_id)).one()
    plugin = posting.source.plugin if posting.source else None
    scopes = scopes_of(kind, plugin, taxed=taxed)
    lock = session.scalars(
        select(Lock)
        .where(Lock.scope.in_(scopes), Lock.up_to >= posting.date)
        .order_by(Lock.up_to.desc())
        .limit(1)
    ).one_or_none()
    if period.state is PeriodState.OPEN and lock is None:
        return None, ""
    if year_is_closed(session, period.fiscal_year_id):
        return None, _(
            "%(period)s is closed: its fiscal year is closed, and has to be reopened first. Or date"
            " it later.",
            period=period.label,
        )
    soft = period.state is PeriodState.SOFT_CLOSED and lock is None
    if soft and context_of(session).may(SOFT_CLOSED_POST):
        return Late(), ""
    exception = _exception(session, scopes, posting.date)
    if exception is not None:
        return Late(exception), ""
    return None, _problem(posting.date, period, lock)


def _exception(session: Session, scopes: set[LockScope], day: date) -> int | None:
    """The exception by which whoever acts may post on a day, the oldest if there are more."""
    return session.scalars(
        select(LockException.id)
        .where(
            LockException.user_label == context_of(session).actor.label,
            LockException.scope.in_(scopes),
            LockException.first_day <= day,
            LockException.last_day >= day,
            LockException.until >= now(),
            LockException.approved_at.is_not(None),
            LockException.revoked_at.is_(None),
        )
        .order_by(LockException.id)
        .limit(1)
    ).one_or_none()


def _problem(day: date, period: PeriodRef, lock: Lock | None) -> str:
    # Late: it is needed where somebody is refused, and posting is not slower for it.
    from backstay_ledger.closing.services.locks import SCOPES

    if period.state is PeriodState.CLOSED:
        return _(
            "%(period)s is closed. Date it later, have the period reopened, or have a second person"
            " approve an exception for you.",
            period=period.label,
        )
    if lock is not None:
        return _(
            "%(day)s is locked for this sub-ledger (%(scope)s): its lock reaches up to %(up_to)s."
            " Date it later, or have a second person approve an exception.",
            day=day,
            scope=next(str(one.label) for one in SCOPES if one.value == lock.scope.value),
            up_to=lock.up_to,
        )
    return _(
        "%(period)s is closed to you (soft-closed): only those who may post in soft-closed"
        " periods still can. Date it later, ask one of them, or have a second person approve an"
        " exception for you.",
        period=period.label,
    )


def no_draft(period: PeriodRef) -> str:
    """Why no draft is dated in a period; exceptions are for entries that are posted at once."""
    if period.state is PeriodState.LOCKED:
        return _(
            "%(period)s is closed for good (locked). Date the draft in a period that is open.",
            period=period.label,
        )
    return _(
        "%(period)s is closed. Date the draft later, or have the period reopened.",
        period=period.label,
    )


def note_late(session: Session, entries: Sequence[tuple[EntryRow, Late | None]]) -> None:
    """Note by what right entries are posted; the posting trigger asks for it."""
    rows: list[tuple[int, int, int | None, str, datetime]] = [
        (entry.id, entry.company_id, late.exception_id, entry.posted_by or "", now())
        for entry, late in entries
        if late is not None
    ]
    if rows:
        insert_rows(session, LATE_POSTINGS, _COLUMNS, rows)
