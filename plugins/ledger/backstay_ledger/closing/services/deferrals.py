"""Deferrals: prepaid expenses and deferred income with the plan of their release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posted, Posting, PostingLine, Source
from backstay.spi import (
    Choice,
    ChoiceField,
    CompanyRef,
    Conflict,
    DateField,
    Invalid,
    MoneyField,
    NotFound,
    PickerField,
    TextField,
    authorize,
    company_of,
    context_of,
    give_reason,
    lazy,
    new_id,
    now,
)
from backstay.spi import gettext as _
from backstay_ledger.closing.plan_models import (
    DEFERRAL,
    Deferral,
    PlannedEntry,
    PlanState,
    ReleaseBy,
)
from backstay_ledger.closing.services.spreading import spread
from backstay_ledger.dimensions.sets import read_pairs
from backstay_ledger.models import (
    Account,
    AccountClass,
    Entry,
    EntryState,
    Journal,
    Period,
    PeriodKind,
    PeriodState,
)
from backstay_ledger.permissions import ENTRY_POST, ENTRY_REVERSE
from backstay_ledger.services.currencies import amount_problem
from backstay_ledger.services.orders import Order
from backstay_ledger.services.posting import post_orders, writable_company
from backstay_ledger.services.reversal import ReverseEntry, reverse_entries
from backstay_ledger.services.stored import stored_entry

RELEASES: Final = (
    Choice(ReleaseBy.DAY.value, lazy("By days")),
    Choice(ReleaseBy.MONTH.value, lazy("By months")),
)
_RESULT: Final = (AccountClass.INCOME, AccountClass.EXPENSE)
_LONGEST: Final = 50
"""Years that a deferral may run; more is mistyped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defer:
    """An amount that is taken out of income or expenses now and comes back month by month."""

    name: Annotated[
        str,
        TextField(label=lazy("What it is"), example="Insurance 2026", min_length=1, max_length=200),
    ]
    amount: Annotated[
        Decimal,
        MoneyField(label=lazy("Amount"), help=lazy("Without tax, as it was booked; positive.")),
    ]
    account: Annotated[
        int,
        PickerField(
            label=lazy("Income or expense"),
            help=lazy("The account that it was booked on; of income, credits are deferred."),
            resource="ledger.account",
        ),
    ]
    deferral_account: Annotated[
        int,
        PickerField(
            label=lazy("Deferred on"),
            help=lazy("Prepaid expenses (an asset) or deferred income (a liability)."),
            resource="ledger.account",
        ),
    ]
    journal: Annotated[int, PickerField(label=lazy("Journal"), resource="ledger.journal")]
    starts_on: Annotated[
        date, DateField(label=lazy("First day"), help=lazy("Of the days that it is for."))
    ]
    ends_on: Annotated[date, DateField(label=lazy("Last day"))]
    release_by: Annotated[
        ReleaseBy,
        ChoiceField(
            label=lazy("Released"),
            help=lazy("By days, each month gets its share of the days; by months, each the same."),
            choices=RELEASES,
        ),
    ] = ReleaseBy.DAY
    dimensions: Annotated[
        str,
        TextField(
            label=lazy("Dimensions"),
            help=lazy("Those of the bill, so that each release has them: cost_centre=100."),
            example="cost_centre=100",
            max_length=500,
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDeferral:
    """A deferral that should not have been: all its entries are reversed."""

    id: int
    version: int | None = None
    reason: Annotated[
        str,
        TextField(
            label=lazy("Reason"),
            help=lazy("Stands in the reversals and in the audit trail."),
            min_length=1,
            max_length=300,
        ),
    ]


def defer(session: Session, command: Defer) -> Deferral:
    """Post the entry that defers an amount, on its first day, and plan the releases.

    The parts of the plan add up to the amount exactly (:func:`spreading.split`).

    Raises:
        Invalid: the days are in the wrong order, an account or the amount is not what it has to be.
        Conflict: the first day lies in a closed period.
    """
    authorize(session, ENTRY_POST)
    company = writable_company(session)
    _check(command, company)
    account = _account(session, command.account, "account")
    waiting = _account(session, command.deferral_account, "deferral_account")
    if account.id == waiting.id:
        raise Invalid(
            _("It can't be deferred on the account that it comes from."), field="deferral_account"
        )
    if waiting.account_class in _RESULT:
        raise Invalid(
            _("%(code)s is no account of the balance sheet.", code=waiting.code),
            field="deferral_account",
        )
    journal = session.scalars(
        select(Journal).where(Journal.id == command.journal, Journal.company_id == company.id)
    ).one_or_none()
    if journal is None:
        raise NotFound(_("There is no such journal in this company."), field="journal")
    sign = -1 if account.account_class is AccountClass.INCOME else 1
    amount = command.amount * sign
    deferral_id = new_id()
    dimensions, problem = read_pairs(command.dimensions)
    if problem:
        raise Invalid(problem, field="dimensions")
    posting = Posting(
        key="",
        journal=journal.code,
        date=command.starts_on,
        lines=(
            PostingLine(waiting.code, amount, dimensions=dimensions),
            PostingLine(account.code, -amount, dimensions=dimensions),
        ),
        memo=_("Deferral: %(name)s", name=command.name),
        source=Source("ledger", DEFERRAL, str(deferral_id)),
    )
    posted = _post(session, Order(posting))
    deferral = Deferral(
        id=deferral_id,
        company_id=company.id,
        name=command.name.strip(),
        journal_id=journal.id,
        account_id=account.id,
        deferral_account_id=waiting.id,
        amount=amount,
        starts_on=command.starts_on,
        ends_on=command.ends_on,
        release_by=command.release_by,
        entry_id=posted.id,
        created_by=context_of(session).actor.label,
        created_at=now(),
    )
    session.add(deferral)
    session.flush()
    shares = spread(
        amount, command.starts_on, command.ends_on, command.release_by, company.minor_units
    )
    session.add_all(
        PlannedEntry(
            company_id=company.id, deferral_id=deferral.id, due_on=share.day, amount=share.amount
        )
        for share in shares
    )
    session.flush()
    return deferral


def release(session: Session, planned: PlannedEntry) -> Posted:
    """Post one release of a deferral; the caller has checked the permission and locked its row.

    Its lines have the dimensions of the entry that deferred the amount, also those that have ended
    since: the amount belongs there.
    """
    deferral = session.get_one(Deferral, planned.deferral_id)
    amount = planned.amount or Decimal(0)
    deferred = stored_entry(session, deferral.entry_id)
    sides = {deferral.account_id: amount, deferral.deferral_account_id: -amount}
    posting = Posting(
        key=f"release-{planned.id}",
        journal=deferred.journal,
        date=planned.due_on,
        lines=tuple(
            PostingLine(line.account, sides[line.account_id], dimensions=line.dimensions)
            for line in reversed(deferred.lines)
        ),
        memo=_("Release: %(name)s", name=deferral.name),
        source=Source("ledger", DEFERRAL, str(deferral.id)),
    )
    return post_orders(session, [Order(posting, carried=True)])[0]


def cancel_deferral(session: Session, command: CancelDeferral) -> Deferral:
    """Reverse the entries of a deferral and drop what is left of its plan.

    Each reversal is dated as its entry or, where that period is closed, the first day of the next
    open one.

    Raises:
        Invalid: no reason is given, or no open period follows.
        Conflict: it was cancelled already, or one of its entries is not posted yet.
    """
    authorize(session, ENTRY_REVERSE)
    if not command.reason.strip():
        raise Invalid(_("Say why it is cancelled."), field="reason")
    deferral = session.scalars(
        select(Deferral)
        .where(Deferral.id == command.id, Deferral.company_id == company_of(session).id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if deferral is None:
        raise NotFound(_("There is no such deferral in this company."))
    if deferral.state is not PlanState.ACTIVE:
        raise Conflict(_("It was cancelled already."))
    plan = session.scalars(
        select(PlannedEntry)
        .where(PlannedEntry.deferral_id == deferral.id)
        .order_by(PlannedEntry.due_on)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    made = [(deferral.entry_id, deferral.starts_on)]
    made += [(one.entry_id, one.due_on) for one in plan if one.entry_id is not None]
    made = _posted(session, deferral, made)
    give_reason(session, command.reason)
    reverse_entries(
        session,
        [
            ReverseEntry(id=entry, on=open_day(session, day), reason=command.reason.strip())
            for entry, day in made
        ],
    )
    for one in plan:
        one.cancelled = one.entry_id is None
    deferral.state = PlanState.ENDED
    session.flush()
    return deferral


def said_of_deferral(session: Session, deferral: Deferral) -> str:
    """Whether it is in the books, for whoever made it."""
    if session.scalar(select(Entry.state).where(Entry.id == deferral.entry_id)) is (
        EntryState.WAITING
    ):
        return _(
            "Deferred, with its release plan. The entry is over the limit and waits for approval;"
            " releases begin once a second person has approved it."
        )
    return _("Deferred, with its release plan.")


def _posted(
    session: Session, deferral: Deferral, made: list[tuple[int, date]]
) -> list[tuple[int, date]]:
    """The entries of a deferral that can be reversed.

    Raises:
        Conflict: one is not posted yet.
    """
    states: dict[int, EntryState] = {
        row.id: row.state
        for row in session.execute(
            select(Entry.id, Entry.state).where(Entry.id.in_([entry for entry, _day in made]))
        )
    }
    if states.get(deferral.entry_id) is not EntryState.POSTED:
        raise Conflict(
            _(
                "Its entry is not posted: it waits for approval or was sent back. Take it back and"
                " delete the draft; the deferral goes with it."
            )
        )
    for entry, day in made:
        if states.get(entry) is not EntryState.POSTED:
            raise Conflict(
                _(
                    "The release of %(day)s waits for approval or was sent back. Have it approved"
                    " first; cancelling then reverses it with the others.",
                    day=day,
                )
            )
    return made


def open_day(session: Session, day: date) -> date:
    """A day, or the first day after it that lies in an open month.

    Raises:
        Invalid: no open period follows.
    """
    found = session.scalars(
        select(Period)
        .where(
            Period.company_id == company_of(session).id,
            Period.kind == PeriodKind.MONTH,
            Period.state == PeriodState.OPEN,
            Period.ends_on >= day,
        )
        .order_by(Period.starts_on)
        .limit(1)
    ).one_or_none()
    if found is None:
        raise Invalid(_("No open period follows %(day)s.", day=day))
    return max(day, found.starts_on)


def _post(session: Session, order: Order) -> Posted:
    """Post the deferring entry; what is wrong with dimensions is told at their field.

    Raises:
        Invalid, Conflict: as for posting.
    """
    try:
        return post_orders(session, [order])[0]
    except Invalid as error:
        if any((one.field or "").endswith(".dimensions") for one in error.problems):
            raise Invalid(error.problems[0].message, field="dimensions") from error
        raise


def _check(command: Defer, company: CompanyRef) -> None:
    if problem := amount_problem(command.amount, company.currency, company.minor_units):
        raise Invalid(problem, field="amount")
    if command.amount <= 0:
        raise Invalid(_("Give a positive amount."), field="amount")
    if command.ends_on < command.starts_on:
        raise Invalid(_("The last day is before the first."), field="ends_on")
    if command.ends_on.year - command.starts_on.year > _LONGEST:
        raise Invalid(
            _("It would run for more than %(n)s years: is the year right?", n=_LONGEST),
            field="ends_on",
        )


def _account(session: Session, account_id: int, field: str) -> Account:
    found = session.scalars(
        select(Account).where(
            Account.id == account_id, Account.company_id == company_of(session).id
        )
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such account in this company."), field=field)
    return found
