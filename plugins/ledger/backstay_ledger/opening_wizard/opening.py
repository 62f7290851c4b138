"""Beginning, finishing and reopening the opening of the books, and what is missing until then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backstay.spi import (
    Choice,
    ChoiceField,
    Conflict,
    DateField,
    Invalid,
    PickerField,
    Problem,
    TextField,
    authorize,
    company_of,
    context_of,
    give_reason,
    lazy,
    ngettext,
    now,
)
from backstay.spi import gettext as _
from backstay_ledger.models import Account, AccountBalance, EntryState
from backstay_ledger.opening_wizard.models import Opening, OpeningPart
from backstay_ledger.opening_wizard.state import OpeningState, entries_of, opening_state
from backstay_ledger.permissions import OPENING_POST
from backstay_ledger.services.currencies import written
from backstay_ledger.services.fiscal_years import period_on
from backstay_ledger.services.posting import guarded, writable_company
from backstay_ledger.services.reversal import ReverseEntry, reverse_entries

PARTS: Final = (
    Choice(OpeningPart.BALANCES.value, lazy("Trial balance")),
    Choice(OpeningPart.ITEMS.value, lazy("Open items")),
)
UNDO = "undo:opening:"
"""Begins the key of a reversal that undoes an opening entry; the entry's id follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginOpening:
    """On which day the books begin, and against which accounts the lists are posted.

    Arguments:
        balances_account: id of the clearing account of the trial balance.
        items_account: id of that of the open items.
    """

    day: Annotated[
        date,
        DateField(
            label=lazy("First day"),
            help=lazy("The day on which the books begin; all opening entries are dated on it."),
        ),
    ]
    balances_account: Annotated[
        int,
        PickerField(
            label=lazy("Clearing account of the trial balance"),
            help=lazy("An account of its own that stands at zero."),
            resource="ledger.account",
        ),
    ]
    items_account: Annotated[
        int,
        PickerField(
            label=lazy("Clearing account of the open items"),
            help=lazy("Another account that stands at zero."),
            resource="ledger.account",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenOpening:
    """A finished opening that needs another entry."""

    reason: Annotated[
        str,
        TextField(
            label=lazy("Reason"),
            help=lazy("Kept in the audit trail."),
            min_length=1,
            max_length=300,
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoOpening:
    """All entries of one list, which are to be taken back."""

    part: Annotated[OpeningPart, ChoiceField(label=lazy("List"), choices=PARTS)]
    reason: Annotated[
        str,
        TextField(
            label=lazy("Reason"),
            help=lazy("Stands in the memo of each reversal."),
            min_length=1,
            max_length=300,
        ),
    ]


def opening_of(session: Session, *, lock: bool = False) -> Opening | None:
    """The opening of the session's company, if one was begun.

    Arguments:
        lock: keep others from finishing it until the transaction ends.
    """
    query = select(Opening).where(Opening.company_id == company_of(session).id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def open_opening(session: Session) -> Opening:
    """The opening that takes entries.

    Raises:
        Conflict: none was begun, or it is finished.
    """
    opening = opening_of(session, lock=True)
    if opening is None:
        raise Conflict(_("Say first on which day the books begin, and name the clearing accounts."))
    if opening.finished_at is not None:
        raise Conflict(_("The opening is finished. Reopen it to enter more."))
    return opening


def begin_opening(session: Session, command: BeginOpening) -> Opening:
    """Name the first day and the clearing accounts; they change until something is posted.

    Raises:
        Invalid: the day is in no fiscal year, or an account can't be used for clearing.
        Conflict: entries were posted, or the opening is finished.
    """
    authorize(session, OPENING_POST)
    company = writable_company(session)
    opening = opening_of(session, lock=True)
    if opening is not None and (opening.finished_at is not None or entries_of(session)):
        raise Conflict(_("Opening entries were posted already: undo them before you change this."))
    problems = [*_account_problems(session, command)]
    if period_on(session, command.day) is None:
        message = _("There is no fiscal year for %(day)s; create it first.", day=command.day)
        problems.append(Problem(message, "day"))
    if problems:
        raise Invalid(problems[0].message, problems=tuple(problems))
    if opening is None:
        opening = Opening(
            company_id=company.id, begun_by=context_of(session).actor.label, begun_at=now()
        )
        session.add(opening)
    opening.date = command.day
    opening.balances_account_id = command.balances_account
    opening.items_account_id = command.items_account
    session.flush()
    return opening


def finish_opening(session: Session) -> Opening:
    """End the opening: from now on accounts can be claimed by sub-ledgers.

    Raises:
        Conflict: something is missing; names each account with what it lacks.
    """
    authorize(session, OPENING_POST)
    writable_company(session)
    opening = open_opening(session)
    if missing := missing_of(session, opening_state(session, opening)):
        problems = tuple(Problem(one) for one in missing)
        raise Conflict(_("The opening can't be finished."), problems=problems)
    opening.finished_by = context_of(session).actor.label
    opening.finished_at = now()
    with guarded():
        session.flush()
    return opening


def missing_of(session: Session, state: OpeningState) -> tuple[str, ...]:
    """What an opening lacks before it can be finished, each thing by itself."""
    company = company_of(session)

    def shown(amount: Decimal) -> str:
        return written(amount, company.currency, company.minor_units)

    missing = [
        _("%(account)s stands at %(amount)s.", account=one.account, amount=shown(one.balance))
        for one in state.clearing
        if one.balance
    ]
    missing += [
        _(
            "Open items of %(account)s: %(missing)s is missing.",
            account=one.account,
            missing=shown(one.missing),
        )
        for one in state.accounts
        if one.missing
    ]
    if state.waiting:
        missing.append(
            ngettext(
                "%(n)s entry or reversal is not posted yet: have it approved, post it or delete"
                " it.",
                "%(n)s entries or reversals are not posted yet: have them approved, post them or"
                " delete them.",
                state.waiting,
            )
        )
    if not sum(state.entries.values()):
        missing.append(_("Nothing was posted yet."))
    return tuple(missing)


def reopen_opening(session: Session, command: ReopenOpening) -> Opening:
    """Let a finished opening take entries again.

    Raises:
        Invalid: no reason is given.
        Conflict: it is not finished.
    """
    authorize(session, OPENING_POST)
    writable_company(session)
    opening = opening_of(session, lock=True)
    if opening is None or opening.finished_at is None:
        raise Conflict(_("The opening is not finished."))
    if not command.reason.strip():
        raise Invalid(_("Say why it is reopened."), field="reason")
    give_reason(session, command.reason)
    opening.finished_by = opening.finished_at = None
    session.flush()
    return opening


def undo_opening(session: Session, command: UndoOpening) -> int:
    """Reverse the entries of one list on their own day; returns how many.

    Raises:
        Invalid: no reason is given.
        Conflict: none of them is left, or the opening is finished.
    """
    authorize(session, OPENING_POST)
    opening = open_opening(session)
    posted = [one for one in entries_of(session, command.part) if one.state is EntryState.POSTED]
    if not posted:
        raise Conflict(_("Nothing of it is in the books."))
    ids = [one.id for one in posted if not one.being_reversed]
    if not ids:
        raise Conflict(
            _("All of it is reversed already, but not posted yet: have the reversals approved.")
        )
    reverse_entries(
        session,
        [
            ReverseEntry(
                id=entry_id, on=opening.date, reason=command.reason, key=f"{UNDO}{entry_id}"
            )
            for entry_id in ids
        ],
    )
    return len(ids)


def _account_problems(session: Session, command: BeginOpening) -> Sequence[Problem]:
    wanted = {"balances_account": command.balances_account, "items_account": command.items_account}
    accounts = {
        one.id: one
        for one in session.scalars(
            select(Account).where(
                Account.company_id == company_of(session).id, Account.id.in_(wanted.values())
            )
        )
    }
    busy = set(
        session.scalars(
            select(AccountBalance.account_id)
            .where(AccountBalance.account_id.in_(accounts))
            .group_by(AccountBalance.account_id)
            .having(func.sum(AccountBalance.debit) != func.sum(AccountBalance.credit))
        )
    )
    problems: list[Problem] = []
    for field, key in wanted.items():
        account = accounts.get(key)
        if account is None:
            problems.append(Problem(_("There is no such account in the chart."), field))
        elif not account.active or account.open_item_managed:
            message = _(
                "%(account)s can't be used for clearing: take an active account without open"
                " items.",
                account=account.label,
            )
            problems.append(Problem(message, field))
        elif key in busy:
            message = _("%(account)s does not stand at zero.", account=account.label)
            problems.append(Problem(message, field))
    if command.balances_account == command.items_account:
        message = _("Each list has a clearing account of its own: choose two.")
        problems.append(Problem(message, "items_account"))
    return problems
