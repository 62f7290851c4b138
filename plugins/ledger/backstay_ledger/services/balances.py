"""Balances and the trial balance: whole periods from the balance table, the rest from the lines.

Every figure is from inception, so no year-end closing is needed to read one, and correct for any
day in the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import Session

from backstay.spi import Money, authorize, company_of
from backstay_ledger.models import Account, AccountBalance, AccountClass, Line, Period
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.accounts import account_by_code

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """The net balance of one account, as a debit or as a credit; the other is zero."""

    account_id: int
    code: str
    name: str
    account_class: AccountClass
    debit: Decimal
    credit: Decimal


def trial_balance(session: Session, as_of: date | None = None) -> list[TrialBalanceRow]:
    """The trial balance at the end of a day, from inception, accounts at zero left out.

    Arguments:
        as_of: the day; None for everything that is posted.
    """
    authorize(session, BOOKS_VIEW)
    company = company_of(session)
    sums = balances(session, as_of)
    accounts = session.execute(
        select(Account.id, Account.code, Account.name, Account.account_class)
        .where(Account.company_id == company.id)
        .order_by(Account.code)
    )
    return [
        TrialBalanceRow(*row, max(net, ZERO), max(-net, ZERO))
        for row in accounts
        if (net := sums.get(row.id, ZERO))
    ]


def balance(session: Session, account: str, as_of: date) -> Decimal:
    """The balance of an account at the end of a day, base currency, debit positive.

    Raises:
        NotFound: the company has no such account.
    """
    authorize(session, BOOKS_VIEW)
    account_id = account_by_code(session, account).id
    return balances(session, as_of, [account_id]).get(account_id, ZERO)


def balances(
    session: Session, as_of: date | None, account_ids: Sequence[int] | None = None
) -> dict[int, Decimal]:
    """Net balances by account id at the end of a day; the caller has checked the permission.

    Arguments:
        as_of: the day; None for everything that is posted.
        account_ids: only these accounts; None for all.
    """
    company = company_of(session)
    amount: Any = AccountBalance.debit - AccountBalance.credit
    whole = select(AccountBalance.account_id, func.sum(amount, type_=Money()).label("net")).where(
        AccountBalance.company_id == company.id
    )
    if account_ids is not None:
        whole = whole.where(AccountBalance.account_id.in_(account_ids))
    whole = whole.group_by(AccountBalance.account_id)
    if as_of is None:
        return {row.account_id: row.net for row in session.execute(whole)}
    whole = whole.join(Period, Period.id == AccountBalance.period_id).where(Period.ends_on <= as_of)
    part = _part_of_period(session, company.id, as_of, account_ids)
    if part is None:
        return {row.account_id: row.net for row in session.execute(whole)}
    both = union_all(whole, part).subquery()
    total = select(both.c.account_id, func.sum(both.c.net, type_=Money()).label("net")).group_by(
        both.c.account_id
    )
    # The union is filtered by company in both of its parts, by hand.
    rows = session.execute(total, execution_options={"scope_checked": True})
    return {row.account_id: row.net for row in rows}


def turnover(
    session: Session, start: date, end: date, account_ids: Sequence[int] | None = None
) -> dict[int, tuple[Decimal, Decimal]]:
    """Debits and credits by account id of the lines from a day to a day, both included."""
    company = company_of(session)
    debit: Any = func.sum(Line.amount, type_=Money()).filter(Line.amount > 0)
    credit: Any = func.sum(Line.amount, type_=Money()).filter(Line.amount < 0)
    query = select(Line.account_id, debit.label("debit"), credit.label("credit")).where(
        Line.company_id == company.id, Line.date.between(start, end)
    )
    if account_ids is not None:
        query = query.where(Line.account_id.in_(account_ids))
    return {
        row.account_id: (row.debit or ZERO, -(row.credit or ZERO))
        for row in session.execute(query.group_by(Line.account_id))
    }


def day_before(day: date) -> date:
    """The day before, or the first day there is."""
    return day if day == date.min else day - timedelta(days=1)


def _part_of_period(
    session: Session, company_id: int, as_of: date, account_ids: Sequence[int] | None
) -> Select[int, Decimal] | None:
    """The lines of the period that ends after the day, up to the day; None if there is none."""
    starts_on = session.scalar(
        select(Period.starts_on).where(
            Period.company_id == company_id,
            Period.starts_on <= as_of,
            Period.ends_on > as_of,
        )
    )
    if starts_on is None:
        return None
    query = select(Line.account_id, func.sum(Line.amount, type_=Money()).label("net")).where(
        Line.company_id == company_id, Line.date.between(starts_on, as_of)
    )
    if account_ids is not None:
        query = query.where(Line.account_id.in_(account_ids))
    return query.group_by(Line.account_id)
