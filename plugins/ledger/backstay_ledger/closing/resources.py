"""Locks of sub-ledgers and exceptions from closed periods: lists, records, forms."""

from __future__ import annotations

from typing import Final

from sqlalchemy import case, func, select

from backstay.spi import Action, Choice, Column, Empty, Filter, Kind, Operation, Resource, Section
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay_ledger.closing.models import LatePosting, Lock, LockException
from backstay_ledger.closing.services.locks import (
    SCOPES,
    ApproveException,
    MoveLock,
    RequestException,
    RevokeException,
    SetLock,
    approve_exception,
    move_lock,
    request_exception,
    revoke_exception,
    set_lock,
)
from backstay_ledger.permissions import (
    BOOKS_VIEW,
    EXCEPTION_APPROVE,
    EXCEPTION_REQUEST,
    LOCK_SET,
)

_STATES: Final = (
    Choice("requested", _("Requested"), "warn"),
    Choice("approved", _("Approved"), "ok"),
    Choice("revoked", _("Revoked"), "neutral"),
)
_STATE: Final = case(
    (LockException.revoked_at.is_not(None), "revoked"),
    (LockException.approved_at.is_(None), "requested"),
    else_="approved",
)
_USES: Final = (
    select(func.count())
    .select_from(LatePosting)
    .where(
        LatePosting.exception_id == LockException.id,
        LatePosting.company_id == LockException.company_id,
    )
    .correlate(LockException)
    .scalar_subquery()
)


def _scope(record: Lock | LockException) -> str:
    return next(str(one.label) for one in SCOPES if one.value == record.scope.value)


LOCKS: Final = Resource(
    name="ledger.lock",
    path="locks",
    model=Lock,
    view=BOOKS_VIEW,
    label=_("Lock"),
    label_many=_("Locks"),
    icon="lock",
    help=_("Up to the day of a lock nobody posts in that sub-ledger, even in an open period."),
    columns=(
        Column("scope", _("Sub-ledger"), Lock.scope, Kind.STATE, SCOPES, link=True),
        Column("up_to", _("Locked up to"), Lock.up_to, Kind.DATE),
        Column("reason", _("Reason"), Lock.reason),
    ),
    order=("scope",),
    title=_scope,
    create=Operation(set_lock, SetLock, LOCK_SET, _("New lock"), done=_("Locked.")),
    update=Operation(move_lock, MoveLock, LOCK_SET, _("Move lock"), done=_("Lock moved.")),
    sections=(Section(_("Lock"), ("scope", "up_to", "reason")),),
    empty=Empty(
        _("No locks yet"),
        _("Lock receivables or payables when their month is reconciled, before the period closes."),
        "lock",
    ),
)

EXCEPTIONS: Final = Resource(
    name="ledger.lock_exception",
    path="lock-exceptions",
    model=LockException,
    view=BOOKS_VIEW,
    label=_("Exception"),
    label_many=_("Exceptions"),
    icon="key",
    help=_(
        "Somebody may post where it is closed, for a while, once a second person has approved it."
        " Each use is noted."
    ),
    columns=(
        Column("user_label", _("For"), LockException.user_label, link=True),
        Column("scope", _("Sub-ledger"), LockException.scope, Kind.STATE, SCOPES),
        Column("first_day", _("Entries from"), LockException.first_day, Kind.DATE),
        Column("last_day", _("Entries to"), LockException.last_day, Kind.DATE),
        Column("until", _("Valid until"), LockException.until, Kind.INSTANT),
        Column("reason", _("Reason"), LockException.reason),
        Column("uses", _("Used"), _USES, Kind.NUMBER),
        Column("state", _("State"), _STATE, Kind.STATE, _STATES),
        Column("requested_by", _("Asked by"), LockException.requested_by, in_list=False),
        Column(
            "requested_at",
            _("Asked at"),
            LockException.requested_at,
            Kind.INSTANT,
            in_list=False,
        ),
        Column("approved_by", _("Approved by"), LockException.approved_by, in_list=False),
        Column("revoked_by", _("Revoked by"), LockException.revoked_by, in_list=False),
    ),
    filters=(Filter("state", _("State"), _STATE, _STATES),),
    order=("-until",),
    title=lambda exception: translate("Exception for %(user)s", user=exception.user_label),
    state="state",
    steps=tuple(choice.value for choice in _STATES),
    sections=(
        Section(_("Who and what"), ("user_label", "scope", "first_day", "last_day", "until")),
        Section(
            _("Why and by whom"),
            ("reason", "requested_by", "requested_at", "approved_by", "revoked_by", "uses"),
        ),
    ),
    create=Operation(
        request_exception,
        RequestException,
        EXCEPTION_REQUEST,
        _("New exception"),
        sections=(
            Section(_("Who and what"), ("user", "scope", "first_day", "last_day", "until")),
            Section(_("Why"), ("reason",)),
        ),
        help=_("It holds once a second person has approved it."),
        done=_("Asked for. A second person has to approve it."),
        submit=_("Ask for it"),
    ),
    actions=(
        Action(
            "approve",
            Operation(
                approve_exception,
                ApproveException,
                EXCEPTION_APPROVE,
                _("Approve"),
                done=_("Approved."),
            ),
            icon="check",
            states=("requested",),
            leads_to="approved",
            past=_("approved this"),
            primary=True,
        ),
        Action(
            "revoke",
            Operation(
                revoke_exception,
                RevokeException,
                EXCEPTION_REQUEST,
                _("Revoke"),
                done=_("Revoked."),
            ),
            icon="x",
            states=("requested", "approved"),
            leads_to="revoked",
            past=_("revoked this"),
            danger=True,
            confirm=_("From now on it can't be used any more. What was posted stays."),
        ),
    ),
    empty=Empty(
        _("No exceptions"),
        _("While nobody needs to post where it is closed, there are none."),
        "key",
    ),
)

CLOSING_RESOURCES: Final = (LOCKS, EXCEPTIONS)
