"""The inbox: what waits for somebody, what they asked for, what they decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from backstay.contracts.approvals import Decided, Outcome, Verdict
from backstay.spi import Conflict, approvables, company_of, context_of
from backstay.spi import gettext as _
from backstay_approvals.models import Decision, Request, RequestMaker, RequestState
from backstay_approvals.services.people import People
from backstay_approvals.services.requests import (
    Opened,
    close_void,
    decide,
    get_request,
    opened_of,
)
from backstay_approvals.services.rules import approvable_of

MOST: Final = 200


def waiting_for_me(session: Session) -> list[Opened]:
    """The open requests that the actor can decide on now, the oldest first."""
    context = context_of(session)
    me = context.actor.label
    names = [
        (one.record, one.action) for one in approvables(session).values() if context.may(one.decide)
    ]
    if not names or context.actor.user_id is None:
        return []
    mine = exists().where(RequestMaker.request_id == Request.id, RequestMaker.login == me)
    rows = list(
        session.scalars(
            select(Request)
            .where(
                Request.company_id == company_of(session).id,
                Request.state == RequestState.OPEN,
                or_(
                    *(
                        (Request.record == record) & (Request.action == action)
                        for record, action in names
                    )
                ),
                ~mine,
            )
            .order_by(Request.requested_at, Request.id)
            .limit(MOST)
        )
    )
    if not rows:
        return []
    people = People.today(session)
    return [
        one
        for one in opened_of(session, rows)
        if one.stages and people.counts_for(me, one.current, one.taken) is not None
    ]


def asked_by_me(session: Session) -> Sequence[Request]:
    """What the actor asked for, the latest first."""
    return session.scalars(
        select(Request)
        .where(
            Request.company_id == company_of(session).id,
            Request.requested_by == context_of(session).actor.label,
        )
        .order_by(Request.requested_at.desc(), Request.id.desc())
        .limit(MOST)
    ).all()


def decided_by_me(session: Session) -> Sequence[Request]:
    """What the actor decided on, the latest first."""
    return session.scalars(
        select(Request)
        .join(Decision, Decision.request_id == Request.id)
        .where(
            Request.company_id == company_of(session).id,
            Decision.company_id == company_of(session).id,
            Decision.decided_by == context_of(session).actor.label,
        )
        .order_by(Decision.decided_at.desc(), Decision.id.desc())
        .limit(MOST)
    ).all()


def decide_request(
    session: Session, request_id: int, digest: str, verdict: Verdict, reason: str
) -> Decided:
    """Decide on what was on the screen.

    Arguments:
        digest: of the content that was shown.

    Raises:
        Conflict: the request came to its end, or asks for another content than was shown.
        Forbidden, Invalid: see the contract.
    """
    row = get_request(session, request_id)
    subject = approvable_of(session, row.about).subject(session, row.record_id)
    session.refresh(row, with_for_update=True)
    if row.state is RequestState.WITHDRAWN:
        raise Conflict(_("“%(label)s” was taken back.", label=row.label))
    if row.state is not RequestState.OPEN:
        raise Conflict(_("“%(label)s” has been decided on already.", label=row.label))
    if subject is None:
        close_void(session, row, _("The record does not wait any more."))
        return Decided(Outcome.VOID, _("“%(label)s” does not wait any more.", label=row.label))
    if digest != row.digest:
        raise Conflict(_("“%(label)s” is not what was shown. Look at it again.", label=row.label))
    return decide(session, subject, verdict, reason)
