"""Requests: asked for, decided by one person after the other, and brought to their end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.approvals import (
    ApprovalDecided,
    ApprovalRequested,
    Decided,
    Outcome,
    StageNeeded,
    Standing,
    Subject,
    Verdict,
)
from backstay.spi import (
    Forbidden,
    Invalid,
    NotFound,
    act_for,
    authorize,
    company_of,
    context_of,
    emit,
    give_reason,
    new_id,
    now,
)
from backstay.spi import gettext as _
from backstay_approvals.models import (
    Decision,
    Request,
    RequestMaker,
    RequestStage,
    RequestState,
    Stage,
)
from backstay_approvals.services.people import People, in_words, names_of_roles
from backstay_approvals.services.rules import approvable_of, rule_for

ANYBODY: Final = (Stage(),)
"""Where no rule fits: one other person who may decide on the record."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A request with all that was asked and decided."""

    row: Request
    stages: tuple[Stage, ...]
    makers: frozenset[str]
    decisions: tuple[Decision, ...]

    @property
    def current(self) -> Stage:
        """The stage whose turn it is."""
        return self.stages[self.row.stage - 1]

    @property
    def taken(self) -> frozenset[str]:
        """Who can't decide any more: who began it, and who has decided or was stood in for."""
        decided = {one.decided_by for one in self.decisions}
        return self.makers | decided | {one.counts_for for one in self.decisions}

    def approved_by(self, position: int) -> tuple[str, ...]:
        """Who approved in a stage."""
        return tuple(
            one.audit_label()
            for one in self.decisions
            if one.stage == position and one.verdict == Verdict.APPROVE.value
        )


def stages_for(session: Session, subject: Subject) -> tuple[str, tuple[Stage, ...]] | None:
    """The name and the stages of the rule that a record falls under, or None."""
    rule = rule_for(session, subject)
    return None if rule is None else (rule.name, rule.read_stages)


def ask(session: Session, subject: Subject) -> Opened:
    """Ask for approval; where it was asked for already, that request goes on.

    Raises:
        Invalid: no running module declares the action on the record.
    """
    approvable_of(session, f"{subject.record}.{subject.action}")
    found = open_request(session, subject.record, subject.action, subject.id)
    if found is not None:
        if found.row.digest == subject.digest:
            return found
        _close(session, found.row, RequestState.VOID, _("The record was changed."))
    return _make(session, subject)


def decide(session: Session, subject: Subject, verdict: Verdict, reason: str) -> Decided:
    """Approve or refuse (see the contract)."""
    approvable = approvable_of(session, f"{subject.record}.{subject.action}")
    context = authorize(session, approvable.decide)
    me = context.actor.label
    if context.actor.user_id is None:
        raise Forbidden(_("Approving is for people who sign in."))
    reason = reason.strip()
    if verdict is Verdict.REJECT and not reason:
        raise Invalid(_("Say why you refuse it."), field="reason")
    opened = open_request(session, subject.record, subject.action, subject.id)
    if opened is not None and opened.row.digest != subject.digest:
        _close(session, opened.row, RequestState.VOID, _("The record was changed."))
        _make(session, subject)
        return Decided(
            Outcome.VOID,
            _("The record was changed, so approvals given before are void. Look at it again."),
        )
    opened = opened or _make(session, subject)
    counts_for = _capacity(session, opened, me)
    _note(session, opened, verdict, me, counts_for, reason)
    if verdict is Verdict.REJECT:
        _close(session, opened.row, RequestState.REJECTED, reason)
        give_reason(session, reason)
        approvable.send_back(session, subject.id, reason)
        return Decided(Outcome.REJECTED, _("Sent back to %(who)s.", who=opened.row.requested_by))
    return _go_on(session, opened, subject)


def withdraw(session: Session, subject: Subject, reason: str) -> None:
    """End the open request for a record, if there is one."""
    opened = open_request(session, subject.record, subject.action, subject.id)
    if opened is not None:
        _close(session, opened.row, RequestState.WITHDRAWN, reason)


def open_request(
    session: Session, record: str, action: str, record_id: int, *, lock: bool = True
) -> Opened | None:
    """The open request for a record.

    Arguments:
        lock: keep others from deciding on it until the transaction ends.
    """
    query = select(Request).where(
        Request.company_id == company_of(session).id,
        Request.record == record,
        Request.action == action,
        Request.record_id == record_id,
        Request.state == RequestState.OPEN,
    )
    row = session.scalar(query.with_for_update() if lock else query)
    return None if row is None else opened_of(session, [row])[0]


def get_request(session: Session, request_id: int) -> Request:
    """A request of the company.

    Raises:
        NotFound: the company has no such request.
    """
    found = session.scalar(
        select(Request).where(
            Request.id == request_id, Request.company_id == company_of(session).id
        )
    )
    if found is None:
        raise NotFound(_("There is no such request in this company."))
    return found


def opened_of(session: Session, rows: list[Request]) -> list[Opened]:
    """Requests with their stages, makers and decisions, in the same order."""
    company = company_of(session)
    ids = [row.id for row in rows]
    stages: dict[int, list[Stage]] = {}
    for stage in session.scalars(
        select(RequestStage)
        .where(RequestStage.company_id == company.id, RequestStage.request_id.in_(ids))
        .order_by(RequestStage.request_id, RequestStage.position)
    ):
        stages.setdefault(stage.request_id, []).append(stage.asked)
    makers: dict[int, set[str]] = {}
    for request_id, login in session.execute(
        select(RequestMaker.request_id, RequestMaker.login).where(
            RequestMaker.company_id == company.id, RequestMaker.request_id.in_(ids)
        )
    ):
        makers.setdefault(request_id, set()).add(login)
    decisions: dict[int, list[Decision]] = {}
    for one in session.scalars(
        select(Decision)
        .where(Decision.company_id == company.id, Decision.request_id.in_(ids))
        .order_by(Decision.id)
    ):
        decisions.setdefault(one.request_id, []).append(one)
    return [
        Opened(
            row,
            tuple(stages.get(row.id, ())),
            frozenset(makers.get(row.id, ())),
            tuple(decisions.get(row.id, ())),
        )
        for row in rows
    ]


def standing_of(session: Session, opened: Opened) -> Standing:
    """Where a request stands, in words."""
    return Standing(
        opened.row.id,
        opened.row.rule,
        opened.row.requested_by,
        opened.row.requested_at,
        needed(session, opened.stages, opened),
    )


def needed(
    session: Session, stages: tuple[Stage, ...], opened: Opened | None = None
) -> tuple[StageNeeded, ...]:
    """Stages in words, with who approved."""
    names = names_of_roles(session)
    return tuple(
        StageNeeded(
            in_words(session, stage, names),
            stage.people,
            opened.approved_by(position) if opened else (),
        )
        for position, stage in enumerate(stages, 1)
    )


def _capacity(session: Session, opened: Opened, me: str) -> str:
    """In whose place somebody decides now.

    Raises:
        Forbidden: they can't, and why.
    """
    if me in opened.makers:
        raise Forbidden(
            _(
                "You wrote or submitted it, so somebody else has to decide on it, whatever else"
                " you may do here."
            )
        )
    if me in opened.taken:
        raise Forbidden(_("You decided on it already; it takes different people."))
    found = People.today(session).counts_for(me, opened.current, opened.taken)
    if found is None:
        raise Forbidden(
            _("It waits for %(who)s, not for you.", who=in_words(session, opened.current))
        )
    return found


def _note(
    session: Session, opened: Opened, verdict: Verdict, me: str, counts_for: str, reason: str
) -> None:
    if counts_for != me:
        act_for(session, counts_for)
    session.add(
        Decision(
            company_id=opened.row.company_id,
            request_id=opened.row.id,
            stage=opened.row.stage,
            verdict=verdict.value,
            decided_by=me,
            counts_for=counts_for,
            digest=opened.row.digest,
            reason=reason[:500],
            decided_at=now(),
        )
    )
    session.flush()


def _go_on(session: Session, opened: Opened, subject: Subject) -> Decided:
    """After an approval: more people, the next stage, or the action itself."""
    row = opened.row
    fresh = opened_of(session, [row])[0]
    missing = fresh.current.people - len(fresh.approved_by(row.stage))
    if missing <= 0 and row.stage < len(fresh.stages):
        row.stage += 1
        session.flush()
        missing = fresh.current.people
    if missing > 0:
        return Decided(
            Outcome.WAITING,
            _("Approved. Now it waits for %(who)s.", who=in_words(session, fresh.current)),
        )
    _close(session, row, RequestState.APPROVED, "")
    approvable = approvable_of(session, row.about)
    return Decided(Outcome.CARRIED_OUT, approvable.carry_out(session, subject.id))


def _make(session: Session, subject: Subject) -> Opened:
    context = context_of(session)
    name, stages = stages_for(session, subject) or ("", ANYBODY)
    row = Request(
        id=new_id(),
        company_id=company_of(session).id,
        record=subject.record,
        action=subject.action,
        record_id=subject.id,
        label=subject.label[:200],
        amount=subject.amount,
        digest=subject.digest,
        rule=name,
        state=RequestState.OPEN,
        stage=1,
        requested_by=subject.made_by[0] if subject.made_by else context.actor.label,
        requested_at=now(),
    )
    session.add(row)
    session.flush()
    session.add_all(
        RequestStage(
            company_id=row.company_id,
            request_id=row.id,
            position=position,
            role=stage.role,
            persons=list(stage.persons),
            people=stage.people,
        )
        for position, stage in enumerate(stages, 1)
    )
    makers = frozenset(subject.made_by)
    session.add_all(
        RequestMaker(company_id=row.company_id, request_id=row.id, login=login)
        for login in sorted(makers)
    )
    session.flush()
    emit(session, ApprovalRequested(row.id, row.record, row.action, row.record_id))
    return Opened(row, stages, makers, ())


def close_void(session: Session, row: Request, reason: str) -> None:
    """End a request whose record does not wait any more."""
    _close(session, row, RequestState.VOID, reason)


def _close(session: Session, row: Request, state: RequestState, reason: str) -> None:
    row.state = state
    row.closed_by = context_of(session).actor.label
    row.closed_at = now()
    row.reason = reason[:500]
    session.flush()
    emit(session, ApprovalDecided(row.id, row.record, row.action, row.record_id, state.value))
