"""Sums of what was posted over days: whole periods from the balance tables, the rest from lines.

Lines that carry some values of dimensions are summed in the same way, from the balances by set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, or_, select, union_all
from sqlalchemy.orm import Session

from backstay.spi import Money, company_of
from backstay_ledger.models import Account, AccountBalance, Line, Period, PeriodKind
from backstay_ledger.models.dimensions import DimensionBalance, DimensionSetValue


@dataclass(frozen=True, slots=True)
class Within:
    """Which lines are summed, told by the sets of values of dimensions that they carry.

    Arguments:
        sets: a statement that selects ids of sets.
        outside: instead the lines that carry none of these sets, or no set at all.
    """

    sets: Any
    outside: bool = False

    def holds(self, dimset_id: Any) -> ColumnElement[bool]:
        """The condition on the set of a line."""
        if self.outside:
            return or_(dimset_id.is_(None), dimset_id.not_in(self.sets))
        carried: ColumnElement[bool] = dimset_id.in_(self.sets)
        return carried


@dataclass(frozen=True, slots=True)
class Sum:
    """A figure, as it is summed over the balances of periods and over lines.

    Arguments:
        of_balances: what it is in a table of balances, with dimensions or without.
    """

    name: str
    of_balances: Callable[[Any], Any]
    of_lines: Any


NET: Final = (Sum("net", lambda table: table.debit - table.credit, Line.amount),)
BOTH: Final = (
    Sum("debit", lambda table: table.debit, case((Line.amount > 0, Line.amount), else_=0)),
    Sum("credit", lambda table: table.credit, case((Line.amount < 0, -Line.amount), else_=0)),
)


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


def sums_of_days(
    session: Session,
    start: date,
    end: date,
    account_ids: Sequence[int] | None,
    sums: Sequence[Sum],
    without: date | None,
    within: Within | None,
    *,
    by: int | None = None,
) -> Sequence[Any]:
    """Of each account its id and the sums of a span of days, both ends included.

    Arguments:
        by: id of a dimension; then of each account and value of it.
    """
    company_id = company_of(session).id
    cut = _cut(session, company_id, start, end, without)
    parts: list[Any] = []
    # What lies outside some sets is everything without what lies inside of them.
    inside = None if within is None or within.outside else within
    away = [(Within(within.sets), True)] if within is not None and within.outside else []
    for which, less in ((inside, False), *away):
        asked = _Asked(company_id, account_ids, sums, which, by)
        parts.append(_of_periods(asked, cut.whole, taken=less))
        parts += [_of_lines(asked, piece, taken=piece.taken is not less) for piece in cut.pieces]
        if cut.taken:
            parts.append(_of_periods(asked, Period.id.in_(cut.taken), taken=not less))
    if len(parts) == 1:
        return session.execute(parts[0]).all()
    united = union_all(*parts).subquery()
    keys = [united.c.account_id, *([] if by is None else [united.c.value_id])]
    total = select(*keys, *(_summed(united.c[one.name], one.name) for one in sums)).group_by(*keys)
    # The union is filtered by company in all of its parts, by hand.
    return session.execute(total, execution_options={"scope_checked": True}).all()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What all parts of a sum have in common."""

    company_id: int
    account_ids: Sequence[int] | None
    sums: Sequence[Sum]
    within: Within | None
    by: int | None

    @property
    def has_sets(self) -> bool:
        """Whether it is told by the sets of lines."""
        return self.within is not None or self.by is not None

    def narrowed(self, query: Any, source: Any) -> Any:
        """A query over a table of balances or over lines, with the condition on sets."""
        if self.within is not None:
            query = query.where(self.within.holds(source.dimset_id))
        if self.by is not None:
            query = (
                query.add_columns(DimensionSetValue.value_id.label("value_id"))
                .join(DimensionSetValue, DimensionSetValue.dimset_id == source.dimset_id)
                .where(
                    DimensionSetValue.company_id == self.company_id,
                    DimensionSetValue.dimension_id == self.by,
                )
                .group_by(DimensionSetValue.value_id)
            )
        return query


def _summed(value: Any, name: str) -> ColumnElement[Any]:
    return func.sum(value, type_=Money()).label(name)


def _of_periods(asked: _Asked, whole: ColumnElement[bool], *, taken: bool) -> Any:
    table: Any = DimensionBalance if asked.has_sets else AccountBalance
    amounts = ((one.of_balances(table), one.name) for one in asked.sums)
    query = (
        select(
            table.account_id.label("account_id"),
            *(_summed(-amount if taken else amount, name) for amount, name in amounts),
        )
        .join(Period, Period.id == table.period_id)
        .where(table.company_id == asked.company_id, whole)
        .group_by(table.account_id)
    )
    if asked.account_ids is not None:
        query = query.where(table.account_id.in_(asked.account_ids))
    return asked.narrowed(query, table)


def _of_lines(asked: _Asked, piece: _Piece, *, taken: bool) -> Any:
    accounts: Any = asked.account_ids
    if accounts is None:
        # Account by account along the index of their lines, which holds the amounts too.
        accounts = select(Account.id).where(Account.company_id == asked.company_id)
    amounts = (func.sum(one.of_lines, type_=Money()) for one in asked.sums)
    query = (
        select(
            Line.account_id.label("account_id"),
            *(
                (-amount if taken else amount).label(one.name)
                for one, amount in zip(asked.sums, amounts, strict=True)
            ),
        )
        .where(
            Line.company_id == asked.company_id,
            Line.account_id.in_(accounts),
            Line.date.between(piece.first, piece.last),
        )
        .group_by(Line.account_id)
    )
    return asked.narrowed(query, Line)


def day_before(day: date) -> date:
    """The day before, or the first day there is."""
    return day if day == date.min else day - timedelta(days=1)
