"""Balances and the trial balance: whole periods from the balance table, the rest from the lines.

Every figure is from inception, so no year-end closing is needed to read one, and correct for any
day in the past. Closing entries lie in a period of their own, so a report of the year that they
close can leave them out: income and expenses stay in sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, union_all
from sqlalchemy.orm import Session

from backstay.spi import Money, authorize, company_of
from backstay_ledger.models import (
    Account,
    AccountBalance,
    AccountClass,
    Line,
    Period,
    PeriodKind,
)
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

    A closing of the year that ends on this very day is left out; those of earlier years are in.

    Arguments:
        as_of: the day; None for everything that is posted.
    """
    authorize(session, BOOKS_VIEW)
    company = company_of(session)
    sums = balances(session, as_of, without_closing_from=as_of)
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
    session: Session,
    as_of: date | None,
    account_ids: Sequence[int] | None = None,
    *,
    without_closing_from: date | None = None,
) -> dict[int, Decimal]:
    """Net balances by account id at the end of a day; the caller has checked the permission.

    Arguments:
        as_of: the day; None for everything that is posted.
        account_ids: only these accounts; None for all.
        without_closing_from: closing entries from this day on are left out.
    """
    net = (_Sum("net", AccountBalance.debit - AccountBalance.credit, Line.amount),)
    end = as_of or date.max
    found = _sums(session, date.min, end, account_ids, net, without=without_closing_from)
    return {row.account_id: row.net for row in found}


def movements(
    session: Session,
    start: date,
    end: date,
    account_ids: Sequence[int] | None = None,
    *,
    without_closing_from: date | None = None,
) -> dict[int, Decimal]:
    """By how much balances changed from a day to a day, both included, by account id.

    Arguments:
        without_closing_from: closing entries from this day on are left out.
    """
    net = (_Sum("net", AccountBalance.debit - AccountBalance.credit, Line.amount),)
    found = _sums(session, start, end, account_ids, net, without=without_closing_from)
    return {row.account_id: row.net for row in found}


def turnover(
    session: Session,
    start: date,
    end: date,
    account_ids: Sequence[int] | None = None,
    *,
    without_closing_from: date | None = None,
) -> dict[int, tuple[Decimal, Decimal]]:
    """Debits and credits by account id of what was posted from a day to a day, both included.

    Reads no more lines than half a period at either end has, however long the span is.

    Arguments:
        without_closing_from: closing entries from this day on are left out.
    """
    both = (
        _Sum("debit", AccountBalance.debit, case((Line.amount > 0, Line.amount), else_=0)),
        _Sum("credit", AccountBalance.credit, case((Line.amount < 0, -Line.amount), else_=0)),
    )
    found = _sums(session, start, end, account_ids, both, without=without_closing_from)
    return {row.account_id: (row.debit, row.credit) for row in found}


def day_before(day: date) -> date:
    """The day before, or the first day there is."""
    return day if day == date.min else day - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Sum:
    """A figure, as it is summed over the balances of periods and over lines."""

    name: str
    of_balances: Any
    of_lines: Any


@dataclass(frozen=True, slots=True)
class _Piece:
    """Days within a period whose lines are added to the whole periods or taken from them."""

    first: date
    last: date
    taken: bool

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class _Cut:
    """A span of days as whole periods, and pieces of those that it begins and ends within.

    Arguments:
        whole: the condition on periods whose balances are added.
        taken: ids of periods whose balances are taken away: their lines are in a piece.
    """

    whole: ColumnElement[bool]
    pieces: list[_Piece]
    taken: list[int]


def _cut(session: Session, company_id: int, start: date, end: date, without: date | None) -> _Cut:
    """Cut a span of days along the periods.

    Of a month that is cut, the shorter side is read: what lies inside, or what lies outside.
    Lines are read by their day, so those of the adjustment and the closing period of a year come
    along with those of its last month. Where they should not, or are taken without having been
    there, the balances of these small periods make up for it.

    Arguments:
        without: closing entries from this day on are left out; None for none.
    """
    periods = session.execute(
        select(Period.id, Period.kind, Period.starts_on, Period.ends_on).where(
            Period.company_id == company_id,
            or_(
                Period.kind != PeriodKind.MONTH,
                and_(
                    Period.starts_on <= end,
                    Period.ends_on >= start,
                    or_(Period.starts_on < start, Period.ends_on > end),
                ),
            ),
        )
    ).all()
    filled: list[int] = []
    pieces: list[_Piece] = []
    for period_id, kind, first, last in periods:
        if kind is not PeriodKind.MONTH:
            continue
        inside = _Piece(max(first, start), min(last, end), taken=False)
        outside = []
        if first < start:
            outside.append(_Piece(first, day_before(start), taken=True))
        if last > end:
            outside.append(_Piece(end + timedelta(days=1), last, taken=True))
        if sum(one.days for one in outside) < inside.days:
            filled.append(period_id)
            pieces += outside
        else:
            pieces.append(inside)
    taken: list[int] = []
    for period_id, kind, day, _last in periods:
        if kind is PeriodKind.MONTH:
            continue
        left_out = kind is PeriodKind.CLOSING and without is not None and day >= without
        wanted = int(start <= day <= end and not left_out)
        if times := wanted - _times_read(pieces, day):
            (filled if times > 0 else taken).append(period_id)
    months = and_(Period.kind == PeriodKind.MONTH, Period.starts_on >= start, Period.ends_on <= end)
    return _Cut(or_(months, Period.id.in_(filled)) if filled else months, pieces, taken)


def _times_read(pieces: Sequence[_Piece], day: date) -> int:
    """How often the lines of a day are in the pieces; those that are taken count as -1."""
    return sum(-1 if piece.taken else 1 for piece in pieces if piece.first <= day <= piece.last)


def _sums(
    session: Session,
    start: date,
    end: date,
    account_ids: Sequence[int] | None,
    sums: Sequence[_Sum],
    *,
    without: date | None,
) -> Sequence[Any]:
    """Of each account its id and the sums of a span of days, both ends included."""
    company_id = company_of(session).id
    cut = _cut(session, company_id, start, end, without)
    parts = [_of_periods(company_id, cut.whole, account_ids, sums)]
    parts += [_of_lines(company_id, piece, account_ids, sums) for piece in cut.pieces]
    if cut.taken:
        away = Period.id.in_(cut.taken)
        parts.append(_of_periods(company_id, away, account_ids, sums, taken=True))
    if len(parts) == 1:
        return session.execute(parts[0]).all()
    united = union_all(*parts).subquery()
    total = select(
        united.c.account_id, *(_summed(united.c[one.name], one.name) for one in sums)
    ).group_by(united.c.account_id)
    # The union is filtered by company in all of its parts, by hand.
    return session.execute(total, execution_options={"scope_checked": True}).all()


def _summed(value: Any, name: str) -> ColumnElement[Any]:
    return func.sum(value, type_=Money()).label(name)


def _of_periods(
    company_id: int,
    whole: ColumnElement[bool],
    account_ids: Sequence[int] | None,
    sums: Sequence[_Sum],
    *,
    taken: bool = False,
) -> Any:
    query = (
        select(
            AccountBalance.account_id,
            *(_summed(-one.of_balances if taken else one.of_balances, one.name) for one in sums),
        )
        .join(Period, Period.id == AccountBalance.period_id)
        .where(AccountBalance.company_id == company_id, whole)
        .group_by(AccountBalance.account_id)
    )
    return query if account_ids is None else query.where(AccountBalance.account_id.in_(account_ids))


def _of_lines(
    company_id: int, piece: _Piece, account_ids: Sequence[int] | None, sums: Sequence[_Sum]
) -> Any:
    accounts: Any = account_ids
    if accounts is None:
        # Account by account along the index of their lines, which holds the amounts too.
        accounts = select(Account.id).where(Account.company_id == company_id)
    amounts = (func.sum(one.of_lines, type_=Money()) for one in sums)
    return (
        select(
            Line.account_id,
            *(
                (-amount if piece.taken else amount).label(one.name)
                for one, amount in zip(sums, amounts, strict=True)
            ),
        )
        .where(
            Line.company_id == company_id,
            Line.account_id.in_(accounts),
            Line.date.between(piece.first, piece.last),
        )
        .group_by(Line.account_id)
    )
