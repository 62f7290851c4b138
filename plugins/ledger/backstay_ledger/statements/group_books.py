"""The books of one company of a group, in the currency of the group.

What a company owns and owes is worth what the rate of the last day says; what it earned and spent,
month by month, what the average rate of the month says (IAS 21.39 and 40); its equity and the
results of earlier years what they were when they came about. These differ, so that the balance
sheet of a foreign company has a translation difference within its equity, which takes roundings
too. A company is in the statements from the day on which the group holds it to the last
(IFRS 10.B88).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
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
from backstay_ledger.statements.equity_history import PRIOR, EquityHistory, read_history
from backstay_ledger.statements.group_shares import WHOLE, Holding
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.tree import KnownAccount, part_of

ZERO: Final = Decimal(0)
TRANSLATION: Final = "?translation"
"""Stands for the code of an account: the difference that translating a balance sheet leaves."""


@dataclass(frozen=True, slots=True)
class MemberBooks:
    """One company's figures of a statement by account code, debit positive.

    Arguments:
        figures: none in a balance sheet of a day at whose end it is not in the group.
        result: of the days, or in a balance sheet of the whole fiscal year.
        prior: results of the fiscal years before it that no closing has moved.
        shared: the results of those days, each with the owners' share in the company then.
        history: of a foreign company in a balance sheet, how its equity came about.
    """

    code: str
    accounts: Mapping[str, KnownAccount]
    figures: Mapping[str, Decimal]
    result: Decimal
    prior: Decimal
    shared: tuple[tuple[Fraction, Decimal], ...]
    history: EquityHistory | None = None

    @property
    def net_assets(self) -> Decimal:
        """Of a balance sheet: what is left of the assets when the liabilities are paid."""
        equity = (
            amount
            for code, amount in self.figures.items()
            if self.accounts[code].account_class is AccountClass.EQUITY
        )
        return -(sum(equity, ZERO) + self.result + self.prior)

    @property
    def earned_by_others(self) -> Fraction:
        """The part of the results in the group that is not its owners', a profit positive."""
        return sum((-(1 - share) * Fraction(one) for share, one in self.shared), Fraction(0))

    @property
    def in_group(self) -> Decimal:
        """The results of the days in the group, debit positive."""
        return sum((one for _share, one in self.shared), ZERO)


def read_member(
    translated: Translated, part: Part, column: Column, holding: Holding = WHOLE
) -> MemberBooks:
    """The figures of a company.

    Arguments:
        holding: on which days it is in the group, and with which share.

    Raises:
        RateMissing: names the pair and the day without a rate.
    """
    session = translated.session
    authorize(session, BOOKS_VIEW)
    accounts = {one.id: one for one in translated.chart}
    by_code = {one.code: one for one in accounts.values()}
    code = company_of(session).code
    of_result = [
        key for key, one in accounts.items() if part_of(one.account_class) is Part.PROFIT_LOSS
    ]
    spans = holding.within(column.start, column.end)
    moved = [translated.movements(Column(one.start, one.end), of_result) for one in spans]
    earned: dict[str, Decimal] = {}
    for key, amount in (pair for one in moved for pair in one.items()):
        earned[accounts[key].code] = earned.get(accounts[key].code, ZERO) + amount
    shared = tuple(
        (span.share, sum(one.values(), ZERO)) for span, one in zip(spans, moved, strict=True)
    )
    result = sum(earned.values(), ZERO)
    if part is Part.PROFIT_LOSS:
        return MemberBooks(code, by_code, earned, result, ZERO, shared)
    if not holding.held(column.end):
        return MemberBooks(code, by_code, {}, ZERO, ZERO, shared)
    if holding.first > column.start:
        result = sum(translated.movements(column, of_result).values(), ZERO)
    before = balances(session, day_before(column.start), of_result) if of_result else {}
    prior = sum(before.values(), ZERO)
    earlier = set(of_result)
    ends = balances(session, column.end, without_closing_from=column.end)
    figures = {
        accounts[key].code: translated.closing(amount, column.end)
        for key, amount in ends.items()
        if key not in earlier
    }
    history = read_history(translated, column, holding) if translated.foreign else None
    if history is not None:
        equity = history.whole()
        prior = equity.pop(PRIOR, ZERO)
        figures |= equity
    left = -(sum(figures.values(), ZERO) + result + prior)
    if left:
        by_code[TRANSLATION] = KnownAccount(
            0, TRANSLATION, _("Translation difference"), AccountClass.EQUITY
        )
        figures[TRANSLATION] = left
    return MemberBooks(code, by_code, figures, result, prior, shared, history)


class Translated:
    """Amounts of a company in the currency of its group; those of the same currency as they are.

    Its chart and each rate are read once, for all that is asked of the company.

    Arguments:
        session: works in the company.
        group: works in the company that keeps the group, whose rates are taken.
    """

    def __init__(self, session: Session, group: Session) -> None:
        self.session = session
        self.group = group
        self.chart = known_accounts(session)
        self.currency = company_of(session).currency
        self.units = company_of(group).minor_units
        self.foreign = self.currency != company_of(group).currency
        self.rates: dict[tuple[date, RateKind], Rate] = {}

    def closing(self, amount: Decimal, day: date) -> Decimal:
        """An amount at the rate of a day."""
        return self._converted(amount, day, RateKind.SPOT)

    def rate(self, day: date) -> Fraction:
        """What one unit is worth on a day, exactly."""
        return self._rate(day, RateKind.SPOT).value if self.foreign else Fraction(1)

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
        return self._rate(day, kind).convert(amount, self.units)

    def _rate(self, day: date, kind: RateKind) -> Rate:
        if (day, kind) not in self.rates:
            self.rates[day, kind] = find_rate(self.group, self.currency, day, kind=kind)
        return self.rates[day, kind]


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
