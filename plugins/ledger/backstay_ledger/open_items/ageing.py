"""How old what is open is, as of any day: sums by account and party in buckets of days overdue.

What was open on a past day is what is open now, with the allocations since then taken back. Where
that is less to read, it is all items of that day less the allocations up to it. No figure of the
past ever changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backstay.spi import Money, authorize, company_of, lazy
from backstay_ledger.models import Account
from backstay_ledger.open_items.models import Allocation, OpenItem
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.accounts import account_by_code

LIMITS: Final = (0, 30, 60, 90)
"""The last day overdue of each bucket but the last."""
BUCKETS: Final = (
    ("not_due", lazy("Not due")),
    ("days_1_30", lazy("1-30 days")),
    ("days_31_60", lazy("31-60 days")),
    ("days_61_90", lazy("61-90 days")),
    ("days_over_90", lazy("Over 90 days")),
)


@dataclass(frozen=True, slots=True)
class AgeingRow:
    """What a party has open on an account.

    Arguments:
        amounts: one for each bucket, base currency, debit positive.
    """

    account_id: int
    account: str
    name: str
    party: str
    amounts: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        """All that is open."""
        return sum(self.amounts, Decimal(0))


def ageing(session: Session, as_of: date, *, account: str = "", party: str = "") -> list[AgeingRow]:
    """What is open at the end of a day, by account and party, oldest accounts' codes first.

    Arguments:
        account: the code of one account; empty for all that are managed by open items.
        party: one party, exactly as items name it; empty for all.

    Raises:
        NotFound: the company has no such account.
    """
    authorize(session, BOOKS_VIEW)
    only = account_by_code(session, account).id if account else None
    sums: dict[tuple[int, str], list[Decimal]] = {}
    company_id = company_of(session).id
    forwards = _is_shorter_forwards(session, company_id, as_of)
    for query in _queries(company_id, as_of, only, party, forwards=forwards):
        for account_id, named, *amounts in session.execute(query):
            found = sums.setdefault((account_id, named), [Decimal(0)] * len(BUCKETS))
            for place, amount in enumerate(amounts):
                found[place] += amount
    return _named(session, sums)


def _is_shorter_forwards(session: Session, company_id: int, as_of: date) -> bool:
    """Whether more was allocated after a day than up to it."""
    later, earlier = session.execute(
        select(
            func.count().filter(Allocation.date > as_of),
            func.count().filter(Allocation.date <= as_of),
        )
        .select_from(Allocation)
        .where(Allocation.company_id == company_id)
    ).one()
    return int(later) > int(earlier)


def _queries(
    company_id: int, as_of: date, only: int | None, party: str, *, forwards: bool
) -> Iterable[Select[Any]]:
    """What is open now and what was allocated since, or all items less what was allocated so far.

    Arguments:
        forwards: the latter, which is less to read on days before most allocations.
    """
    criteria = [OpenItem.company_id == company_id, OpenItem.date <= as_of]
    if only is not None:
        criteria.append(OpenItem.account_id == only)
    if party:
        criteria.append(OpenItem.party == party)
    key: tuple[Any, ...] = (OpenItem.account_id, OpenItem.party)
    if forwards:
        yield (select(*key, *_buckets(OpenItem.amount_base, as_of)).where(*criteria).group_by(*key))
    else:
        yield (
            select(*key, *_buckets(OpenItem.residual_base, as_of))
            .where(OpenItem.residual != 0, *criteria)
            .group_by(*key)
        )
    sides: tuple[tuple[InstrumentedAttribute[int], ColumnElement[Decimal]], ...] = (
        (Allocation.debit_id, Allocation.base_debit.expression),
        (Allocation.credit_id, -Allocation.base_credit),
    )
    then = Allocation.date <= as_of if forwards else Allocation.date > as_of
    for side, amount in sides:
        yield (
            select(*key, *_buckets(-amount if forwards else amount, as_of))
            .join(OpenItem, OpenItem.id == side)
            .where(Allocation.company_id == company_id, then, *criteria)
            .group_by(*key)
        )


def _buckets(amount: Any, as_of: date) -> Sequence[ColumnElement[Decimal]]:
    due = func.coalesce(OpenItem.due_date, OpenItem.date)
    ends = [as_of - timedelta(days=days) for days in LIMITS]
    conditions = [
        due >= ends[0],
        *((due < after) & (due >= until) for after, until in pairwise(ends)),
        due < ends[-1],
    ]
    return [
        func.coalesce(func.sum(case((condition, amount), else_=0), type_=Money()), 0, type_=Money())
        for condition in conditions
    ]


def _named(session: Session, sums: dict[tuple[int, str], list[Decimal]]) -> list[AgeingRow]:
    accounts = {
        row.id: (row.code, row.name)
        for row in session.execute(
            select(Account.id, Account.code, Account.name).where(
                Account.company_id == company_of(session).id, Account.open_item_managed
            )
        )
    }
    rows = [
        AgeingRow(account_id, *accounts.get(account_id, ("?", "")), party, tuple(amounts))
        for (account_id, party), amounts in sums.items()
        if any(amounts)
    ]
    return sorted(rows, key=lambda row: (row.account, row.party))
