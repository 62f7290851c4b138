"""Equity of a foreign company at the rates of its own days, so that no later rate changes it.

What was there on the first day in the group is worth what the rate of that day said, what was paid
in or distributed since what that of its day said, and what a year earned what its statement said
(IAS 21.39 to 41). A year-end closing moves that amount and no other to retained earnings. So all
that changes with the rates is the translation difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from backstay.spi import Money, company_of
from backstay_ledger.closing.models import YearClosing
from backstay_ledger.currencies.conversion import rounded
from backstay_ledger.models import (
    Account,
    AccountClass,
    Entry,
    FiscalYear,
    Line,
    Period,
    PeriodKind,
)
from backstay_ledger.services.balances import balances
from backstay_ledger.services.sums import day_before
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.tree import part_of

if TYPE_CHECKING:
    from backstay_ledger.statements.group_books import Translated
    from backstay_ledger.statements.group_shares import Holding

ZERO: Final = Decimal(0)
PRIOR: Final = "?prior"
"""Stands for the code of an account: results that no closing has moved to one."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was posted on an account of equity on a day, without closings, at its rate."""

    day: date
    code: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PastYear:
    """What a fiscal year earned in the group, as its statement said.

    Arguments:
        into: the account that its closing moved it to; without one, that of prior results.
        shared: the results of its days, each with the owners' share then, debit positive.
    """

    into: str
    shared: tuple[tuple[Fraction, Decimal], ...]

    @property
    def whole(self) -> Decimal:
        """Of owners and others."""
        return sum((one for _share, one in self.shared), ZERO)

    def of_owners(self, minor_units: int) -> Decimal:
        """What the statement of the year said that the owners have of it."""
        others = sum((-(1 - share) * Fraction(one) for share, one in self.shared), Fraction(0))
        return self.whole + rounded(others, minor_units)


@dataclass(frozen=True, slots=True)
class EquityHistory:
    """How the equity of a company came about, in the currency of the group, debit positive.

    Arguments:
        first: accounts of equity at the end of the first day in the group.
        earlier: results from before that day that no closing had moved.
        shown: of these, what is of fiscal years before that of the statement.
        into: the account to which a closing has moved them since, or that of prior results.
        years: fiscal years in the group before that of the statement.
    """

    first: dict[str, Decimal]
    earlier: Decimal
    shown: Decimal
    into: str
    moved: tuple[Moved, ...]
    years: tuple[PastYear, ...]

    def whole(self) -> dict[str, Decimal]:
        """What stands on each account, and in prior results, for owners and others together."""
        found = dict(self.first)
        for code, amount in (
            (self.into, self.shown),
            *((one.code, one.amount) for one in self.moved),
            *((one.into, one.whole) for one in self.years),
        ):
            found[code] = found.get(code, ZERO) + amount
        return found

    def of_owners(self, holding: Holding, minor_units: int) -> dict[str, Fraction]:
        """What the owners have of it; of the first day nothing, where that is set off."""
        found = {code: Fraction(0) for code in (PRIOR, *self.whole())}
        if not holding.investment:
            share = holding.spans[0].share
            for code, amount in ((self.into, self.earlier), *self.first.items()):
                found[code] += share * Fraction(amount)
        for one in self.moved:
            # A change on the first day of a share is there before that share begins.
            found[one.code] += holding.share_on(day_before(one.day)) * Fraction(one.amount)
        for year in self.years:
            found[year.into] += Fraction(year.of_owners(minor_units))
        return found


def read_history(translated: Translated, column: Column, holding: Holding) -> EquityHistory:
    """How the equity of a company came about until the end of some days; the caller may read it.

    Arguments:
        column: the days of the statement, from the first one of a fiscal year.

    Raises:
        RateMissing: names the pair and the day without a rate.
    """
    before = day_before(column.start)
    closed = closings(translated, holding.first, before)
    first, earlier, shown = _first(translated, holding.first, before)
    results = results_of(translated)
    years = []
    for start, end in _years(translated, holding.first, before):
        into = next((code for day, code in closed if day == end), PRIOR)
        days = [
            (one.share, translated.movements(Column(one.start, one.end), results))
            for one in holding.within(start, min(end, before))
        ]
        years.append(PastYear(into, tuple((share, sum(one.values(), ZERO)) for share, one in days)))
    return EquityHistory(
        first,
        earlier,
        shown,
        closed[0][1] if closed else PRIOR,
        tuple(moves(translated, holding.first, column.end)),
        tuple(years),
    )


def moves(translated: Translated, after: date, until: date) -> Iterator[Moved]:
    """What was posted on accounts of equity after a day, until a day, at the rates of its days."""
    codes = equity_of(translated)
    company_id = company_of(translated.session).id
    start = after if after == date.min else after + timedelta(days=1)
    found = translated.session.execute(
        select(Entry.date, Line.account_id, func.sum(Line.amount, type_=Money()))
        .join(Entry, Entry.id == Line.entry_id)
        .join(Period, Period.id == Entry.period_id)
        .where(
            Line.company_id == company_id,
            Entry.company_id == company_id,
            Period.company_id == company_id,
            Period.kind != PeriodKind.CLOSING,
            Line.account_id.in_(list(codes)),
            Line.date.between(start, until),
        )
        .group_by(Entry.date, Line.account_id)
        .order_by(Entry.date, Line.account_id)
    )
    for day, account_id, amount in found:
        yield Moved(day, codes[account_id], translated.closing(amount, day))


def _first(
    translated: Translated, first: date, before: date
) -> tuple[dict[str, Decimal], Decimal, Decimal]:
    if first == date.min:
        return {}, ZERO, ZERO

    ids = results_of(translated)

    def open_on(day: date) -> Decimal:
        return sum(balances(translated.session, day, ids).values(), ZERO) if ids else ZERO

    codes = equity_of(translated)
    there = balances(translated.session, first, list(codes), without_closing_from=first)
    earlier = open_on(day_before(first))
    shown = earlier if first <= before else open_on(before)
    return (
        {codes[key]: translated.closing(amount, first) for key, amount in there.items()},
        translated.closing(earlier, first),
        translated.closing(shown, first),
    )


def equity_of(translated: Translated) -> dict[int, str]:
    """The accounts of equity of a company, their codes by their ids."""
    return {
        one.id: one.code for one in translated.chart if one.account_class is AccountClass.EQUITY
    }


def results_of(translated: Translated) -> list[int]:
    """The accounts of income and expenses of a company, by their ids."""
    return [one.id for one in translated.chart if part_of(one.account_class) is Part.PROFIT_LOSS]


def _years(translated: Translated, first: date, before: date) -> Sequence[tuple[date, date]]:
    """The fiscal years with days in the group, until a day."""
    rows = translated.session.execute(
        select(FiscalYear.starts_on, FiscalYear.ends_on)
        .where(
            FiscalYear.company_id == company_of(translated.session).id,
            FiscalYear.ends_on >= first,
            FiscalYear.starts_on <= before,
        )
        .order_by(FiscalYear.starts_on)
    )
    return [(start, end) for start, end in rows]


def closings(translated: Translated, first: date, before: date) -> Sequence[tuple[date, str]]:
    """The last days of closed fiscal years, with the account that each was closed into."""
    company_id = company_of(translated.session).id
    rows = translated.session.execute(
        select(FiscalYear.ends_on, Account.code)
        .join(YearClosing, YearClosing.fiscal_year_id == FiscalYear.id)
        .join(Account, Account.id == YearClosing.account_id)
        .where(
            Account.company_id == company_id,
            YearClosing.company_id == company_id,
            FiscalYear.company_id == company_id,
            YearClosing.cancelled_at.is_(None),
            FiscalYear.ends_on.between(first, before),
        )
        .order_by(FiscalYear.ends_on)
    )
    return [(day, code) for day, code in rows]
