"""What the closing of a year carries to retained earnings, each set of values by itself.

Income and expenses are closed from the balances that posting keeps, by account and by the set of
values of dimensions that lines carry. So balances of every cost centre start the next year at
nothing, and what each of them earned stands in retained earnings under its own name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backstay.contracts.ledger import PostingLine
from backstay.spi import Money, company_of
from backstay_ledger.dimensions.sets import Pairs, pairs_of
from backstay_ledger.models import Account, AccountBalance, AccountClass, FiscalYear, Period
from backstay_ledger.models.dimensions import DimensionBalance

_RESULT: Final = (AccountClass.INCOME, AccountClass.EXPENSE)


@dataclass(frozen=True, slots=True)
class ResultBalance:
    """What an account of income or expense stands at, debit positive.

    Arguments:
        pairs: the values that these lines carry; none for lines that carry none.
    """

    code: str
    amount: Decimal
    pairs: Pairs = ()


def result_balances(session: Session, year: FiscalYear) -> list[tuple[str, Decimal]]:
    """Net balances of income and expenses at the end of a year, debit positive, none of them zero.

    They come from the balances table, closings of earlier years included.
    """
    return [(code, amount) for code, amount in _nets(session, year).items() if amount]


def closing_lines(session: Session, year: FiscalYear, account: Account) -> tuple[PostingLine, ...]:
    """The lines that bring income and expenses to nothing, and the result to an account."""
    nets = _by_set(session, year)
    results: dict[Pairs, Decimal] = {}
    for one in nets:
        results[one.pairs] = results.get(one.pairs, Decimal(0)) + one.amount
    lines = [PostingLine(one.code, -one.amount, dimensions=one.pairs) for one in nets]
    lines += [
        PostingLine(account.code, amount, dimensions=pairs)
        for pairs, amount in sorted(results.items())
        if amount
    ]
    return tuple(lines)


def _by_set(session: Session, year: FiscalYear) -> list[ResultBalance]:
    nets = _nets(session, year)
    found = _sums(session, year, DimensionBalance, DimensionBalance.dimset_id)
    said = pairs_of(session, {row[1] for row in found}, company_of(session).id) if found else {}
    by_set: list[ResultBalance] = []
    for code, set_id, amount in found:
        if amount:
            by_set.append(ResultBalance(code, amount, said[set_id].pairs))
            nets[code] = nets.get(code, Decimal(0)) - amount
    without = [ResultBalance(code, amount) for code, amount in nets.items() if amount]
    return sorted([*without, *by_set], key=lambda one: (one.code, one.pairs))


def _nets(session: Session, year: FiscalYear) -> dict[str, Decimal]:
    return {row[0]: row[1] for row in _sums(session, year, AccountBalance)}


def _sums(session: Session, year: FiscalYear, table: Any, *keys: Any) -> Iterable[Any]:
    net: Any = func.sum(table.debit - table.credit, type_=Money())
    return session.execute(
        select(Account.code, *keys, net)
        .join(table, table.account_id == Account.id)
        .join(Period, Period.id == table.period_id)
        .where(
            table.company_id == company_of(session).id,
            Account.account_class.in_(_RESULT),
            Period.ends_on <= year.ends_on,
        )
        .group_by(Account.code, *keys)
        .order_by(Account.code, *keys)
    ).all()
