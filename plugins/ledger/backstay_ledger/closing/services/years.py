"""Closing fiscal years: income and expenses are carried to retained earnings, in order.

The closing entry is made from the balances of accounts, not from the lines, so it costs the same
for any number of them (see ``carrying``). It lies in a period of its own (:class:`PeriodKind`), so
that reports of the year still show its income and expenses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posting
from backstay.spi import (
    Conflict,
    Invalid,
    NotFound,
    PickerField,
    Problem,
    TextField,
    authorize,
    company_of,
    context_of,
    give_reason,
    lazy,
    now,
)
from backstay.spi import gettext as _
from backstay_ledger.closing.models import YearClosing
from backstay_ledger.closing.services.carrying import closing_lines, result_balances
from backstay_ledger.closing.services.periods import ADJUSTMENT, add_period
from backstay_ledger.models import (
    IS_DRAFT,
    IS_WAITING,
    Account,
    AccountClass,
    Entry,
    EntryKind,
    FiscalYear,
    Period,
    PeriodKind,
    PeriodState,
)
from backstay_ledger.permissions import YEAR_CLOSE, YEAR_REOPEN
from backstay_ledger.services.fiscal_years import list_fiscal_years
from backstay_ledger.services.journals import general_journal
from backstay_ledger.services.orders import Order
from backstay_ledger.services.posting import guarded, post_orders, writable_company
from backstay_ledger.services.reversal import ReverseEntry, mirror
from backstay_ledger.services.stored import stored_entry

_CLOSING: Final = ADJUSTMENT + 1
"""Number of the closing period."""
_NAMED: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseYear:
    """A fiscal year whose income and expenses are carried to retained earnings."""

    id: int
    account: Annotated[
        int,
        PickerField(
            label=lazy("Retained earnings"),
            help=lazy("The account of equity that takes the result."),
            resource="ledger.account",
        ),
    ]
    reason: Annotated[
        str,
        TextField(label=lazy("Reason"), help=lazy("Kept in the audit trail."), max_length=500),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenYear:
    """The last closed fiscal year, whose closing is to be taken back."""

    id: int
    reason: Annotated[
        str,
        TextField(
            label=lazy("Reason"),
            help=lazy("Stands in the reversal's memo and in the audit trail."),
            min_length=1,
            max_length=300,
        ),
    ]


def close_year(session: Session, command: CloseYear) -> FiscalYear:
    """Post the closing entry of a fiscal year; entries dated in it are refused from then on.

    Raises:
        NotFound: the company has no such fiscal year or account.
        Invalid: the account is not one of equity, or there is no active general journal.
        Conflict: it is closed already, an earlier year is not, or periods of it are still open;
            each reason is a problem of its own.
    """
    authorize(session, YEAR_CLOSE)
    company = writable_company(session)
    years = _held_years(session)
    year = _year(years, command.id)
    periods = _held_periods(session, year)
    if found := tuple(_blockers(session, year, years, periods, _in_force(session))):
        raise Conflict(
            found[0] if len(found) == 1 else _("The fiscal year can't be closed."),
            problems=tuple(Problem(one) for one in found),
        )
    account = retained_earnings(session, command.account)
    lines = closing_lines(session, year, account)
    give_reason(session, command.reason)
    period = next((one for one in periods if one.kind is PeriodKind.CLOSING), None)
    if period is None:
        period = add_period(session, year, PeriodKind.CLOSING, _CLOSING)
    else:
        period.state = PeriodState.OPEN
        session.flush()
    posted = None
    if lines:
        posting = Posting(
            key="",
            journal=general_journal(session),
            date=year.ends_on,
            lines=lines,
            memo=_("Closing of fiscal year %(code)s", code=year.code),
        )
        order = Order(posting, kind=EntryKind.CLOSING, in_closing=True)
        posted = post_orders(session, [order])[0]
    closing = YearClosing(
        company_id=company.id,
        fiscal_year_id=year.id,
        account_id=account.id,
        entry_id=None if posted is None else posted.id,
        closed_by=context_of(session).actor.label,
        closed_at=now(),
    )
    with guarded():
        session.add(closing)
        session.flush()
        period.state = PeriodState.CLOSED
        session.flush()
    return year


def reopen_year(session: Session, command: ReopenYear) -> FiscalYear:
    """Cancel the closing of the last closed fiscal year; all balances are as before it.

    Its periods stay closed until they are reopened one by one.

    Raises:
        NotFound: the company has no such fiscal year.
        Invalid: no reason is given.
        Conflict: it is not closed, or a later year is: only the last closing can be cancelled.
    """
    authorize(session, YEAR_REOPEN)
    writable_company(session)
    if not command.reason.strip():
        raise Invalid(_("Say why the fiscal year has to be reopened."), field="reason")
    years = _held_years(session)
    year = _year(years, command.id)
    periods = _held_periods(session, year)
    closed = _in_force(session)
    if problem := _not_reopenable(year, years, closed):
        raise Conflict(problem)
    closing = closed[year.id]
    give_reason(session, command.reason)
    with guarded():
        closing.cancelled_by = context_of(session).actor.label
        closing.cancelled_at = now()
        session.flush()
        if closing.entry_id is not None:
            period = next(one for one in periods if one.kind is PeriodKind.CLOSING)
            period.state = PeriodState.OPEN
            session.flush()
            command_of = ReverseEntry(
                id=closing.entry_id, on=year.ends_on, reason=command.reason.strip()
            )
            order = mirror(command_of, stored_entry(session, closing.entry_id))
            closing.reversal_id = post_orders(session, [replace(order, in_closing=True)])[0].id
            session.flush()
            period.state = PeriodState.CLOSED
            session.flush()
    return year


def closing_of(session: Session, fiscal_year_id: int) -> YearClosing | None:
    """The closing of a fiscal year that is in force, if any."""
    return session.scalars(
        select(YearClosing).where(
            YearClosing.fiscal_year_id == fiscal_year_id, YearClosing.cancelled_at.is_(None)
        )
    ).one_or_none()


def proposed_account(session: Session) -> int | None:
    """The account of the last closing, or the first of equity whose name says what it is for.

    Only an active one of equity: whatever else closings were posted to takes no result any more.
    """
    usable = (Account.account_class == AccountClass.EQUITY, Account.active)
    last = session.scalars(
        select(Account.id)
        .join(YearClosing, YearClosing.account_id == Account.id)
        .where(YearClosing.company_id == company_of(session).id, *usable)
        .order_by(YearClosing.id.desc())
        .limit(1)
    ).one_or_none()
    if last is not None:
        return last
    return session.scalars(
        select(Account.id)
        .where(*usable, func.lower(Account.name).contains("retained"))
        .order_by(Account.code)
        .limit(1)
    ).one_or_none()


def _held_years(session: Session) -> list[FiscalYear]:
    """The fiscal years, oldest first, locked: years are closed and reopened one at a time."""
    return list(
        session.scalars(
            select(FiscalYear)
            .where(FiscalYear.company_id == company_of(session).id)
            .order_by(FiscalYear.starts_on)
            .with_for_update(key_share=True)  # entries that are posted refer to them meanwhile
            .execution_options(populate_existing=True)
        )
    )


def _held_periods(session: Session, year: FiscalYear) -> list[Period]:
    """The periods of a year, locked: whoever posts there is done before, or waits."""
    return list(
        session.scalars(
            select(Period)
            .where(Period.fiscal_year_id == year.id)
            .order_by(Period.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _year(years: list[FiscalYear], year_id: int) -> FiscalYear:
    found = next((year for year in years if year.id == year_id), None)
    if found is None:
        raise NotFound(_("There is no such fiscal year in this company."))
    return found


def _in_force(session: Session) -> dict[int, YearClosing]:
    found = session.scalars(
        select(YearClosing)
        .where(YearClosing.company_id == company_of(session).id, YearClosing.cancelled_at.is_(None))
        .execution_options(populate_existing=True)
    )
    return {closing.fiscal_year_id: closing for closing in found}


def blockers_of_closing(session: Session, year: FiscalYear) -> tuple[str, ...]:
    """Why a fiscal year can't be closed now, each reason by itself; empty where it can."""
    periods = session.scalars(select(Period).where(Period.fiscal_year_id == year.id)).all()
    years = list_fiscal_years(session)
    closed = _in_force(session)
    found = list(_blockers(session, year, years, periods, closed))
    if year.id not in closed:
        found += _out_of_use(session, year)
    return tuple(found)


def _out_of_use(session: Session, year: FiscalYear) -> Iterator[str]:
    """What the closing itself refuses whatever the year looks like."""
    try:
        writable_company(session)
    except Conflict as error:
        yield error.message
    try:
        general_journal(session)
    except Invalid as error:
        if result_balances(session, year):  # without a result no entry is posted
            yield error.message


def not_to_be_closed(session: Session, year: FiscalYear) -> str | None:
    """Why a fiscal year can't be closed now, or None."""
    return " ".join(blockers_of_closing(session, year)) or None


def not_to_be_reopened(session: Session, year: FiscalYear) -> str | None:
    """Why the closing of a fiscal year can't be cancelled now, or None."""
    return _not_reopenable(year, list_fiscal_years(session), _in_force(session))


def _not_reopenable(
    year: FiscalYear, years: Sequence[FiscalYear], closed: Mapping[int, YearClosing]
) -> str | None:
    if year.id not in closed:
        return _("Fiscal year %(code)s is not closed.", code=year.code)
    for later in years:
        if later.starts_on > year.starts_on and later.id in closed:
            return _(
                "Only the last closing can be cancelled: fiscal year %(code)s is closed too.",
                code=later.code,
            )
    return None


def _blockers(
    session: Session,
    year: FiscalYear,
    years: Sequence[FiscalYear],
    periods: Sequence[Period],
    closed: Mapping[int, YearClosing],
) -> Iterator[str]:
    if year.id in closed:
        yield _("Fiscal year %(code)s is closed already.", code=year.code)
        return
    for earlier in years:
        if earlier.starts_on < year.starts_on and earlier.id not in closed:
            yield _(
                "Close fiscal year %(code)s first: years are closed in order.", code=earlier.code
            )
            break
    still = [
        one
        for one in sorted(periods, key=lambda one: one.number)
        if one.kind is not PeriodKind.CLOSING
        and one.state not in {PeriodState.CLOSED, PeriodState.LOCKED}
    ]
    if not still:
        return
    yield _(
        "Periods of fiscal year %(code)s are not closed yet: %(periods)s.",
        code=year.code,
        periods=_named(one.label for one in still),
    )
    days = session.scalars(
        select(Entry.date)
        .where(
            Entry.company_id == year.company_id,
            or_(IS_DRAFT, IS_WAITING),
            Entry.date.between(year.starts_on, year.ends_on),
        )
        .distinct()
    ).all()
    if waiting := [
        one.label
        for one in still
        if one.kind is PeriodKind.MONTH and any(one.starts_on <= day <= one.ends_on for day in days)
    ]:
        yield _(
            "Drafts, or entries that wait for approval, are dated in %(periods)s: post or delete"
            " them first.",
            periods=_named(waiting),
        )


def _named(labels: Iterable[str]) -> str:
    some = [*labels]
    return ", ".join(some[:_NAMED]) + (", …" if len(some) > _NAMED else "")


def retained_earnings(session: Session, account_id: int) -> Account:
    """The account that takes the result.

    Raises:
        NotFound: the company has no such account.
        Invalid: it is not an active one of equity.
    """
    account = session.scalars(
        select(Account).where(
            Account.id == account_id, Account.company_id == company_of(session).id
        )
    ).one_or_none()
    if account is None:
        raise NotFound(_("There is no such account in this company."), field="account")
    if account.account_class is not AccountClass.EQUITY or not account.active:
        raise Invalid(
            _("%(code)s is no active account of equity.", code=account.code), field="account"
        )
    return account
