"""Balances of accounts by a value of a dimension, as fast as those of whole accounts.

Whole periods come from the balances by set that posting keeps, the days after them from the lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from backstay.spi import Money, authorize, company_of
from backstay_ledger.dimensions.values import load_value
from backstay_ledger.models import Account, Line, Period
from backstay_ledger.models.dimensions import DimensionBalance, DimensionSetValue, DimensionValue
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.balances import ZERO, TrialBalanceRow


def trial_balance_of(session: Session, value_id: int, as_of: date) -> list[TrialBalanceRow]:
    """The trial balance of a value and of those below it, at the end of a day.

    Its sides need not be equal: an entry may carry the value on one line only.

    Raises:
        NotFound: the company has no such value.
    """
    authorize(session, BOOKS_VIEW)
    load_value(session, value_id)
    sums = balances_of(session, value_id, as_of)
    accounts = session.execute(
        select(Account.id, Account.code, Account.name, Account.account_class)
        .where(Account.company_id == company_of(session).id)
        .order_by(Account.code)
    )
    return [
        TrialBalanceRow(*row, max(net, ZERO), max(-net, ZERO))
        for row in accounts
        if (net := sums.get(row.id, ZERO))
    ]


def balances_of(
    session: Session, value_id: int, as_of: date, account_ids: Sequence[int] | None = None
) -> dict[int, Decimal]:
    """Net balances by account id of a value and of those below it, at the end of a day.

    Arguments:
        account_ids: only these accounts; None for all.
    """
    company_id = company_of(session).id
    sets = _sets_of(company_id, value_id)
    whole_to = session.scalar(
        select(func.max(Period.ends_on)).where(
            Period.company_id == company_id, Period.ends_on <= as_of
        )
    )
    accounts: Any = account_ids
    if accounts is None:
        accounts = select(Account.id).where(Account.company_id == company_id)
    first = whole_to + timedelta(days=1) if whole_to else date.min
    united = union_all(
        select(
            DimensionBalance.account_id.label("account_id"),
            (DimensionBalance.debit - DimensionBalance.credit).label("net"),
        )
        .join(Period, Period.id == DimensionBalance.period_id)
        .where(
            DimensionBalance.company_id == company_id,
            DimensionBalance.dimset_id.in_(sets),
            DimensionBalance.account_id.in_(accounts),
            Period.ends_on <= as_of,
        ),
        select(Line.account_id, Line.amount).where(
            Line.company_id == company_id,
            Line.account_id.in_(accounts),
            Line.date.between(first, as_of),
            Line.dimset_id.in_(sets),
        ),
    ).subquery()
    rows: Any = session.execute(
        select(united.c.account_id, func.sum(united.c.net, type_=Money())).group_by(
            united.c.account_id
        ),
        # The union is filtered by company in both of its parts, by hand.
        execution_options={"scope_checked": True},
    )
    return {row[0]: row[1] for row in rows}


def _sets_of(company_id: int, value_id: int) -> Any:
    """The sets that hold a value or one below it."""
    below = (
        select(DimensionValue.id)
        .where(DimensionValue.id == value_id, DimensionValue.company_id == company_id)
        .cte("below", recursive=True)
    )
    below = below.union(
        select(DimensionValue.id).where(
            DimensionValue.parent_id == below.c.id, DimensionValue.company_id == company_id
        )
    )
    return select(DimensionSetValue.dimset_id).where(
        DimensionSetValue.company_id == company_id,
        DimensionSetValue.value_id.in_(select(below.c.id)),
    )
