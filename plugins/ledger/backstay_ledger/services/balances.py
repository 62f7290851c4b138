"""Balances and the trial balance: whole periods from the balance table, the rest from the lines.

Every figure is from inception, so no year-end closing is needed to read one, and correct for any
day in the past. Closing entries lie in a period of their own, so a report of the year that they
close can leave them out: income and expenses stay in sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import authorize, company_of
from backstay_ledger.models import Account, AccountClass
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.sums import BOTH, NET, Within, sums_of_days

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


def trial_balance(
    session: Session, as_of: date | None = None, within: Within | None = None
) -> list[TrialBalanceRow]:
    """The trial balance at the end of a day, from inception, accounts at zero left out.

    A closing of the year that ends on this very day is left out; those of earlier years are in.

    Arguments:
        as_of: the day; None for everything that is posted.
        within: only these lines. The sides need not be equal then: an entry may carry a value on
            one of its lines only.
    """
    authorize(session, BOOKS_VIEW)
    return trial_balance_rows(session, as_of, within)


def trial_balance_rows(
    session: Session, as_of: date | None = None, within: Within | None = None
) -> list[TrialBalanceRow]:
    """The trial balance as ``trial_balance`` has it; the caller has checked the permission."""
    company = company_of(session)
    sums = balances(session, as_of, without_closing_from=as_of, within=within)
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
    within: Within | None = None,
) -> dict[int, Decimal]:
    """Net balances by account id at the end of a day; the caller has checked the permission.

    Arguments:
        as_of: the day; None for everything that is posted.
        account_ids: only these accounts; None for all.
        without_closing_from: closing entries from this day on are left out.
        within: only these lines.
    """
    end = as_of or date.max
    found = sums_of_days(session, date.min, end, account_ids, NET, without_closing_from, within)
    return {row.account_id: row.net for row in found}


def movements(
    session: Session,
    start: date,
    end: date,
    account_ids: Sequence[int] | None = None,
    *,
    without_closing_from: date | None = None,
    within: Within | None = None,
) -> dict[int, Decimal]:
    """By how much balances changed from a day to a day, both included, by account id.

    Arguments:
        without_closing_from: closing entries from this day on are left out.
        within: only these lines.
    """
    found = sums_of_days(session, start, end, account_ids, NET, without_closing_from, within)
    return {row.account_id: row.net for row in found}


def turnover(
    session: Session,
    start: date,
    end: date,
    account_ids: Sequence[int] | None = None,
    *,
    without_closing_from: date | None = None,
    within: Within | None = None,
) -> dict[int, tuple[Decimal, Decimal]]:
    """Debits and credits by account id of what was posted from a day to a day, both included.

    Reads no more lines than half a period at either end has, however long the span is.

    Arguments:
        without_closing_from: closing entries from this day on are left out.
        within: only these lines.
    """
    found = sums_of_days(session, start, end, account_ids, BOTH, without_closing_from, within)
    return {row.account_id: (row.debit, row.credit) for row in found}


def movements_by_value(
    session: Session,
    dimension_id: int,
    start: date,
    end: date,
    account_ids: Sequence[int] | None = None,
    *,
    without_closing_from: date | None = None,
    within: Within | None = None,
) -> dict[int, dict[int, Decimal]]:
    """Movements of accounts by the values of a dimension: by value id, then by account id.

    A line has one value of a dimension at most, so together they are what all lines with one moved.
    From ``date.min`` on they are balances.

    Arguments:
        without_closing_from: closing entries from this day on are left out.
        within: only these lines, which carry sets.
    """
    found = sums_of_days(
        session, start, end, account_ids, NET, without_closing_from, within, by=dimension_id
    )
    values: dict[int, dict[int, Decimal]] = {}
    for row in found:
        values.setdefault(row.value_id, {})[row.account_id] = row.net
    return values
