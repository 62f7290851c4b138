"""The books of one company of a group, in the currency of the group.

What a company owns and owes is worth what the rate of the last day says; what it earned and spent,
month by month, what the average rate of the month says. The two differ, so that the balance sheet
of a foreign company has a translation difference within its equity, which takes roundings too.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from backstay.spi import authorize, company_of
from backstay.spi import gettext as _
from backstay_ledger.currencies.conversion import Rate
from backstay_ledger.currencies.lookup import find_rate
from backstay_ledger.models import AccountClass
from backstay_ledger.models.currencies import RateKind
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.balances import balances, movements
from backstay_ledger.services.sums import day_before
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.compute import known_accounts
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.tree import KnownAccount, part_of

ZERO: Final = Decimal(0)
TRANSLATION: Final = "?translation"
"""Stands for the code of an account: the difference that translating a balance sheet leaves."""


@dataclass(frozen=True, slots=True)
class MemberBooks:
    """One company's figures of a statement by account code, debit positive.

    Arguments:
        result: of the days, or in a balance sheet of the fiscal year.
        prior: results of the fiscal years before it.
    """

    code: str
    accounts: Mapping[str, KnownAccount]
    figures: Mapping[str, Decimal]
    result: Decimal
    prior: Decimal


def read_member(session: Session, group: Session, part: Part, column: Column) -> MemberBooks:
    """The figures of the company that a session works in.

    Arguments:
        group: a session in the company that keeps the group, whose rates are taken.

    Raises:
        RateMissing: names the pair and the day without a rate.
    """
    authorize(session, BOOKS_VIEW)
    accounts = {one.id: one for one in known_accounts(session)}
    of_result = [
        key for key, one in accounts.items() if part_of(one.account_class) is Part.PROFIT_LOSS
    ]
    translated = _Translated(session, group)
    earned = translated.movements(column, of_result)
    result = sum(earned.values(), ZERO)
    by_code = {one.code: one for one in accounts.values()}
    if part is Part.PROFIT_LOSS:
        figures = {accounts[key].code: amount for key, amount in earned.items()}
        return MemberBooks(company_of(session).code, by_code, figures, result, ZERO)
    before = balances(session, day_before(column.start), of_result) if of_result else {}
    prior = translated.closing(sum(before.values(), ZERO), column.end)
    earlier = set(of_result)
    ends = balances(session, column.end, without_closing_from=column.end)
    figures = {
        accounts[key].code: translated.closing(amount, column.end)
        for key, amount in ends.items()
        if key not in earlier
    }
    left = -(sum(figures.values(), ZERO) + result + prior)
    if left:
        by_code[TRANSLATION] = KnownAccount(
            0, TRANSLATION, _("Translation difference"), AccountClass.EQUITY
        )
        figures[TRANSLATION] = left
    return MemberBooks(company_of(session).code, by_code, figures, result, prior)


class _Translated:
    """Amounts of a company in the currency of its group; those of the same currency as they are."""

    def __init__(self, session: Session, group: Session) -> None:
        self.session = session
        self.group = group
        self.currency = company_of(session).currency
        self.units = company_of(group).minor_units
        self.foreign = self.currency != company_of(group).currency
        self.rates: dict[tuple[date, RateKind], Rate] = {}

    def closing(self, amount: Decimal, day: date) -> Decimal:
        """An amount at the rate of a day."""
        return self._converted(amount, day, RateKind.SPOT)

    def movements(self, column: Column, account_ids: list[int]) -> dict[int, Decimal]:
        """What accounts moved by in the days, each month at its average rate."""
        if not account_ids:
            return {}
        if not self.foreign:
            return self._moved(column, account_ids, column.start)
        found: dict[int, Decimal] = {}
        for month in _months(column):
            moved = self._moved(month, account_ids, column.start)
            last = calendar.monthrange(month.end.year, month.end.month)[1]
            for key, amount in moved.items():
                worth = self._converted(amount, month.end.replace(day=last), RateKind.AVERAGE)
                found[key] = found.get(key, ZERO) + worth
        return found

    def _moved(self, days: Column, account_ids: list[int], since: date) -> dict[int, Decimal]:
        """Movements as statements show them: the closing of their own year hides nothing."""
        return movements(
            self.session, days.start, days.end, account_ids, without_closing_from=since
        )

    def _converted(self, amount: Decimal, day: date, kind: RateKind) -> Decimal:
        if not self.foreign or not amount:
            return amount
        if (day, kind) not in self.rates:
            self.rates[day, kind] = find_rate(self.group, self.currency, day, kind=kind)
        return self.rates[day, kind].convert(amount, self.units)


def _months(column: Column) -> Iterator[Column]:
    """The months of some days, the first and the last cut to them."""
    start = column.start
    while start <= column.end:
        last = start.replace(day=calendar.monthrange(start.year, start.month)[1])
        end = min(last, column.end)
        yield Column(start, end)
        if end == date.max:
            return
        start = end + timedelta(days=1)
