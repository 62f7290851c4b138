"""Approving an entry, sending it back, taking it back: what becomes of one that waits.

Where the module of approvals runs, its rules say who has to approve, and its last approval calls
:func:`carry_out`. Without it any other person who may approve posts the entry. In both cases the
database refuses whoever wrote or submitted it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.approvals import Outcome, Preview, Subject, Verdict
from backstay.contracts.ledger import Posted
from backstay.spi import (
    Conflict,
    Forbidden,
    Invalid,
    Stale,
    TextField,
    authorize,
    company_of,
    context_of,
    date_text,
    give_reason,
    lazy,
    money_formatter,
    resource_url,
)
from backstay.spi import gettext as _
from backstay_ledger.approval.holding import change_state, running_approvals, subject_of
from backstay_ledger.closing.services.followers import follow
from backstay_ledger.models import Account, Entry, EntryKind, EntryState
from backstay_ledger.open_items.mirrors import lock_items_of, settle_with_mirrors
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_APPROVE, ENTRY_DRAFT, ENTRY_POST
from backstay_ledger.services.posting import post_orders, writable_company
from backstay_ledger.services.reversal import ReverseEntry, reversals_of
from backstay_ledger.services.stored import StoredEntry, draft_order, stored_entries, stored_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveEntry:
    """An entry that waits and that the actor agrees to."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendBack:
    """An entry that waits and that the actor does not agree to."""

    reason: Annotated[
        str,
        TextField(
            label=lazy("Reason"),
            help=lazy("What has to be changed; it is kept in the audit trail."),
            min_length=1,
            max_length=300,
        ),
    ]
    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """An entry that waits and that its submitter wants to change."""

    id: int
    version: int | None = None


def approve_entry(session: Session, command: ApproveEntry) -> Posted:
    """Approve an entry; the last approval that it needs posts it.

    Raises:
        Forbidden: the actor wrote or submitted it, or is not among those who decide now.
        Conflict: it does not wait, or can't be posted any more (its period was closed).
        Stale: it is not the version that was on the screen.
    """
    authorize(session, ENTRY_APPROVE)
    entry = _waiting(session, command.id, command.version)
    approvals = running_approvals(session)
    if approvals is None:
        return _post(session, entry)
    decided = approvals.decide(session, subject_of(session, entry), Verdict.APPROVE)
    now = stored_entry(session, command.id)
    number = now.row.number_text or ""
    if decided.outcome is Outcome.VOID:
        raise Conflict(decided.message)
    return Posted(command.id, number, waits=not number)


def send_back(session: Session, command: SendBack) -> Entry:
    """Give an entry back to whoever submitted it, as a draft.

    Raises:
        Forbidden: the actor wrote or submitted it, or is not among those who decide now.
        Invalid: no reason is given.
        Conflict: it does not wait.
    """
    authorize(session, ENTRY_APPROVE)
    if not command.reason.strip():
        raise Invalid(_("Say what has to be changed."), field="reason")
    entry = _waiting(session, command.id, command.version)
    approvals = running_approvals(session)
    if approvals is None:
        _refuse_maker(session, entry)
        return_entry(session, command.id, command.reason.strip())
    else:
        approvals.decide(
            session, subject_of(session, entry), Verdict.REJECT, command.reason.strip()
        )
    return session.get_one(Entry, command.id, populate_existing=True)


def take_back(session: Session, command: TakeBack) -> Entry:
    """Make a draft again of an entry that waits.

    For who made it, and for others who may post: somebody falls ill while their entry waits.

    Raises:
        Forbidden: somebody else made it, and the actor may not post.
        Conflict: it does not wait.
    """
    context = authorize(session, ENTRY_DRAFT)
    entry = _waiting(session, command.id, command.version)
    made_by = {entry.row.created_by, entry.row.submitted_by}
    if context.actor.label not in made_by and not context.may(ENTRY_POST):
        raise Forbidden(
            _("Only %(who)s can take it back.", who=entry.row.submitted_by or entry.row.created_by)
        )
    withdraw(session, command.id)
    return session.get_one(Entry, command.id, populate_existing=True)


def withdraw(session: Session, entry_id: int) -> None:
    """Make a draft of an entry that waits; the caller has checked who may."""
    subject = subject_of(session, _waiting(session, entry_id, None))
    return_entry(session, entry_id, "")
    approvals = running_approvals(session)
    if approvals is not None:
        approvals.withdraw(session, subject)


def waiting_subject(session: Session, entry_id: int) -> Subject | None:
    """The entry as approvals look at it, locked; None when it does not wait any more."""
    found = stored_entries(session, [entry_id], lock=True).get(entry_id)
    if found is None or found.row.state is not EntryState.WAITING:
        return None
    return subject_of(session, found)


def carry_out(session: Session, entry_id: int) -> str:
    """Post an entry that has every approval, in the name of the last who approved."""
    authorize(session, ENTRY_APPROVE)
    entry = _waiting(session, entry_id, None)
    posted = _post(session, entry)
    said = _("Posted as %(number)s.", number=posted.number)
    if entry.row.kind is EntryKind.EXCHANGE and reversals_of(session, entry_id).reversed_by:
        said += " " + _("Its reversal is made, too; over the limit, it waits for somebody else.")
    return said


def return_entry(session: Session, entry_id: int, reason: str) -> None:
    """Make a draft of an entry that waits; the reason stands in the audit trail."""
    entry = _waiting(session, entry_id, None)
    give_reason(session, reason)
    change_state(
        session,
        "send_back" if reason else "take_back",
        entry.row,
        replace(entry.row, state=EntryState.DRAFT, submitted_by=None, approved_by=None),
    )


def preview(session: Session, entry_id: int) -> Preview:
    """What whoever approves sees of an entry: all that it says."""
    context = authorize(session, BOOKS_VIEW)
    company = company_of(session)
    entry = stored_entry(session, entry_id)
    row = entry.row
    money = money_formatter(context.locale, company.minor_units)
    foreign = any(line.currency for line in entry.lines)
    names = _names(session, entry)
    rows = tuple(
        (
            names.get(line.account, line.account),
            ", ".join(filter(None, (line.party, line.text))),
            *(((f"{line.currency} {line.amount_currency}") if line.currency else "",) * foreign),
            money(line.amount) if line.amount > 0 else "",
            money(-line.amount) if line.amount < 0 else "",
        )
        for line in entry.lines
    )
    heads = (
        _("Account"),
        _("Text"),
        *((_("In currency"),) * foreign),
        _("Debit"),
        _("Credit"),
    )
    facts = (
        (_("Journal"), entry.journal),
        (_("Date"), date_text(row.date, context.locale)),
        (_("Memo"), row.memo),
        (_("Reference"), row.reference),
        (_("Submitted by"), row.submitted_by or ""),
        (_("Written by"), row.created_by),
    )
    return Preview(
        tuple(fact for fact in facts if fact[1]),
        heads,
        rows,
        frozenset({len(heads) - 2, len(heads) - 1}),
        resource_url("ledger.entry", "record", id=entry_id),
    )


def _names(session: Session, entry: StoredEntry) -> dict[str, str]:
    """Accounts of an entry with their names, by code."""
    found = session.scalars(
        select(Account).where(
            Account.company_id == entry.row.company_id,
            Account.code.in_({line.account for line in entry.lines}),
        )
    )
    return {account.code: account.label for account in found}


def _post(session: Session, entry: StoredEntry) -> Posted:
    context = context_of(session)
    if context.actor.user_id is None:
        raise Forbidden(_("Approving is for people who sign in."))
    _refuse_maker(session, entry)
    approved = change_state(
        session,
        "approve",
        entry.row,
        replace(entry.row, state=EntryState.DRAFT, approved_by=context.actor.label),
    )
    order = draft_order(replace(entry, row=approved), approved=True)
    if order.reverses_id is None:
        done = post_orders(session, [order])[0]
        follow(session, entry.row)
        return done
    reversed_entry = stored_entry(session, order.reverses_id)
    items = lock_items_of(session, [reversed_entry])
    posted = post_orders(session, [order])
    if items:
        command = ReverseEntry(id=order.reverses_id, on=entry.row.date, reason="")
        settle_with_mirrors(session, [command], posted)
    return posted[0]


def _refuse_maker(session: Session, entry: StoredEntry) -> None:
    if context_of(session).actor.label in {entry.row.created_by, entry.row.submitted_by}:
        raise Forbidden(
            _(
                "You wrote or submitted this entry, so somebody else has to decide on it,"
                " whatever else you may do here."
            )
        )


def _waiting(session: Session, entry_id: int, version: int | None) -> StoredEntry:
    writable_company(session)
    entry = stored_entry(session, entry_id, lock=True)
    if entry.row.state is not EntryState.WAITING:
        raise Conflict(_("The entry does not wait for approval any more."))
    if version is not None and version != entry.row.version:
        raise Stale(_("The entry was changed in the meantime. Look at it again."))
    return entry
