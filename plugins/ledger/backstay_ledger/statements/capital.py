"""Investments set off against the equity of the companies that they are in, and what others own.

What others own of a company is their share of its net assets, from the first day on (IFRS 3.19b,
IFRS 10.22 and B94). The owners' share of the net assets of the first day stands against what was
paid for it: what is left is goodwill, or a gain (IFRS 3.32 and 34). When the share changes later,
what was paid and what it is worth in the books differ; the difference is equity (IFRS 10.23). When
a company leaves, what the group had of it beyond what was paid leaves the result (IFRS 10.B98), but
for what exchange rates made of a foreign company, which is a gain or loss by then (IAS 21.48).

The parts of the owners are rounded as a whole and divided by the largest remainder, so owners and
others together are always exactly the company.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from backstay.spi import authorize
from backstay_ledger.currencies.conversion import rounded
from backstay_ledger.models import AccountClass
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.balances import balances
from backstay_ledger.services.sums import day_before
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.costs import Cost
from backstay_ledger.statements.equity_history import (
    PRIOR,
    closings,
    equity_of,
    moves,
    results_of,
)
from backstay_ledger.statements.group_books import TRANSLATION, MemberBooks, Translated
from backstay_ledger.statements.group_shares import Holding, Span
from backstay_ledger.tax.rounding import apportion

ZERO: Final = Decimal(0)
MINORITY: Final = "?minority"
GOODWILL: Final = "?goodwill"
BARGAIN: Final = "?bargain"
OWNERSHIP: Final = "?ownership"
LEFT: Final = "?left"


@dataclass(frozen=True, slots=True)
class Standing:
    """A company at a point of time, debit positive in its own currency.

    Arguments:
        results: what income and expenses have come to and no closing has moved.
        prior: of these, what was there before the fiscal year of the statement.
        worth: its net assets in the currency of the group, positive.
        rate: of that day.
        closed_into: the account to which a closing has moved ``prior`` since; empty if none has.
    """

    equity: Mapping[str, Decimal]
    results: Decimal
    prior: Decimal
    worth: Decimal
    rate: Fraction
    closed_into: str = ""


@dataclass(frozen=True, slots=True)
class Standings:
    """A company where each of its shares began, and at the end of the days.

    Arguments:
        end: at the end of the days, or of its last day in the group.
        earned: of a foreign company that left, by what its owners' part grew while it was in the
            group: results at average rates, all else at that of its day; in the group's currency.
    """

    starts: tuple[Standing, ...]
    end: Standing
    foreign: bool
    earned: Fraction = Fraction(0)


@dataclass(slots=True)
class Effects:
    """What consolidation adds to the sum of the companies, debit positive.

    Arguments:
        others: what it adds to the part of others, a profit or equity positive.
        of_others: by company, the part of others in its equity or result.
    """

    accounts: dict[str, Decimal] = field(default_factory=dict)
    result: Decimal = ZERO
    prior: Decimal = ZERO
    others: Decimal = ZERO
    of_others: dict[str, Decimal] = field(default_factory=dict)

    def add(self, code: str, amount: Decimal) -> None:
        """Add to an account."""
        self.accounts[code] = self.accounts.get(code, ZERO) + amount

    def move_to_prior(self, amount: Decimal) -> None:
        """Take an amount from the result of the year to those of prior years."""
        self.result -= amount
        self.prior += amount


def read_standings(translated: Translated, column: Column, holding: Holding) -> Standings | None:
    """How a company stood when its shares changed; None before them.

    Raises:
        RateMissing: names the pair and the day without a rate.
    """
    authorize(translated.session, BOOKS_VIEW)
    spans = holding.within(date.min, column.end)
    if not spans:
        return None
    reading = _Reading(translated, column)
    # What is paid in, opened or distributed on the first day itself is there from the start.
    starts = tuple(reading.standing(one.start, day_before(one.start)) for one in spans)
    end = reading.standing(spans[-1].end, spans[-1].end)
    foreign = translated.foreign
    earned = Fraction(0)
    if foreign and holding.left_within(column.start, column.end):
        for span, until in zip(
            spans, (*(one.start for one in spans[1:]), holding.last), strict=True
        ):
            earned += span.share * reading.grown(span, until)
    return Standings(starts, end, foreign, earned)


def set_off(
    effects: Effects,
    books: MemberBooks,
    holding: Holding,
    standings: Standings,
    cost: Cost,
    column: Column,
    minor_units: int,
) -> None:
    """Add what becomes of a company's equity in a balance sheet on which it is in the group."""

    def whole(amount: Fraction) -> Decimal:
        return rounded(amount, minor_units)

    spans = holding.within(date.min, column.end)
    worth = books.net_assets
    others = whole((1 - spans[-1].share) * Fraction(worth))
    acquired = _acquired(holding, standings, minor_units) if holding.investment else ZERO
    changes = _changes(spans, standings, minor_units)
    year = books.in_group + whole(books.earned_by_others)
    rest = -(worth - others - acquired - changes) - year
    if books.history is None:
        kept, taken = _kept(holding, standings, column), rest
    else:
        kept = books.history.of_owners(holding, minor_units)
        taken = whole(sum(kept.values(), Fraction(0)))
    parts = dict(
        zip(
            kept,
            apportion(taken, list(kept.values()), Decimal(1).scaleb(-minor_units)),
            strict=True,
        )
    )
    prior = parts.pop(PRIOR)
    if books.history is not None:
        parts[TRANSLATION] = rest - taken
    for code in parts.keys() | _equity(books):
        effects.add(code, parts.get(code, ZERO) - books.figures.get(code, ZERO))
    effects.prior += prior - books.prior
    effects.result += year - books.result

    held = sum(cost.accounts.values(), ZERO)
    for code, amount in cost.accounts.items():
        effects.add(code, -amount)
    effects.add(MINORITY, -(others - (held - cost.last)))
    effects.add(OWNERSHIP, -(changes - (cost.last - cost.rates - cost.first)))
    effects.add(TRANSLATION, cost.rates)
    effects.of_others[books.code] = others
    effects.others -= held - cost.last
    paid, now, gain = _goodwill(holding, standings, cost, minor_units)
    effects.add(GOODWILL, now)
    effects.add(TRANSLATION, paid - now)
    if column.start <= holding.first:
        effects.result -= gain
    else:
        effects.prior -= gain


def left_gain(holding: Holding, standings: Standings, cost: Cost, minor_units: int) -> Decimal:
    """What the group had of a company when it left, beyond what the books of its holders say.

    Without what exchange rates made of it: that is a gain or loss when it leaves (IAS 21.48).
    """
    paid, goodwill, _gain = _goodwill(holding, standings, cost, minor_units)
    worth = rounded(holding.spans[-1].share * Fraction(standings.end.worth), minor_units)
    rates = ZERO
    if standings.foreign:
        acquired = _acquired(holding, standings, minor_units)
        changes = _changes(holding.spans, standings, minor_units)
        earned = rounded(standings.earned, minor_units)
        rates = worth - acquired - changes - earned + goodwill - paid
    return worth - cost.last + goodwill - rates


def bargain_gain(holding: Holding, standings: Standings, cost: Cost, minor_units: int) -> Decimal:
    """By how much the owners' share of the first day's net assets was more than what it cost."""
    return _goodwill(holding, standings, cost, minor_units)[2]


def _goodwill(
    holding: Holding, standings: Standings, cost: Cost, minor_units: int
) -> tuple[Decimal, Decimal, Decimal]:
    """Goodwill as it was paid and as it is worth (IAS 21.47), and a gain from a bargain."""
    if not holding.investment:
        return ZERO, ZERO, ZERO
    paid = cost.first - _acquired(holding, standings, minor_units)
    if paid <= 0:
        return ZERO, ZERO, -paid
    first, end = standings.starts[0].rate, standings.end.rate
    return paid, rounded(Fraction(paid) * end / first, minor_units), ZERO


def _acquired(holding: Holding, standings: Standings, minor_units: int) -> Decimal:
    """The owners' share of the net assets of the first day."""
    first = standings.starts[0]
    return rounded(holding.spans[0].share * Fraction(first.worth), minor_units)


def _changes(spans: Sequence[Span], standings: Standings, minor_units: int) -> Decimal:
    """What changes of the share were worth in the books of the company."""
    steps = zip(spans, spans[1:], standings.starts[1:], strict=False)
    return sum(
        (
            rounded((new.share - old.share) * Fraction(at.worth), minor_units)
            for old, new, at in steps
        ),
        ZERO,
    )


def _kept(holding: Holding, standings: Standings, column: Column) -> dict[str, Fraction]:
    """What the owners have of each account of equity and of prior results.

    Of what was there on the first day nothing, where it is set off; of each change their share
    on the days of the change.
    """
    points = (*standings.starts, standings.end)
    codes = sorted({code for one in points for code in (*one.equity, one.closed_into) if code})
    kept = dict.fromkeys((*codes, PRIOR), Fraction(0))

    def add(point: Standing, share: Fraction, prior: Decimal) -> None:
        for code, amount in point.equity.items():
            kept[code] += share * Fraction(amount)
        # What stood open then, and a closing has moved since, is in that account at the end.
        kept[point.closed_into or PRIOR] += share * Fraction(prior)

    spans = holding.within(date.min, column.end)
    for span, start, end in zip(spans, points, points[1:], strict=False):
        add(start, -span.share, start.prior)
        add(end, span.share, end.prior)
    if not holding.investment:
        add(points[0], spans[0].share, points[0].results)
    return kept


def _equity(books: MemberBooks) -> set[str]:
    return {
        code for code in books.figures if books.accounts[code].account_class is AccountClass.EQUITY
    }


class _Reading:
    """Reads what a company was at points of time."""

    def __init__(self, translated: Translated, column: Column) -> None:
        self.session = translated.session
        self.column = column
        self.translated = translated
        self.equity = equity_of(translated)
        self.results = results_of(translated)

    def standing(self, day: date, earned_until: date) -> Standing:
        """Equity at the end of a day, results at the end of one; no closing of that day."""
        equity = self._sums(day, self.equity, day)
        results = self._total(earned_until, day)
        before = day_before(self.column.start)
        prior = results if earned_until <= before else self._total(before, None)
        worth = -(sum(equity.values(), ZERO) + results)
        return Standing(
            {self.equity[key]: amount for key, amount in equity.items()},
            results,
            prior,
            self.translated.closing(worth, day),
            self.translated.rate(day),
            self._closed_into(day, before) if prior and earned_until <= before else "",
        )

    def grown(self, span: Span, until: date) -> Fraction:
        """By what the net assets grew: results at average rates, all else at that of its day.

        Arguments:
            until: the first day of the next share, whose changes are there before it begins.
        """
        worth = ZERO
        if self.results:
            found = self.translated.movements(Column(span.start, span.end), self.results)
            worth = sum(found.values(), ZERO)
        paid = sum((one.amount for one in moves(self.translated, span.start, until)), ZERO)
        return -Fraction(worth + paid)

    def _closed_into(self, day: date, before: date) -> str:
        """The account that took what stood open on a day; empty if that is open still.

        Years are closed in their order, so it is that of the first closing from that day on.
        """
        found = closings(self.translated, day, before)
        return found[0][1] if found else ""

    def _total(self, day: date, closing: date | None) -> Decimal:
        return sum(self._sums(day, self.results, closing).values(), ZERO)

    def _sums(self, day: date, ids: Iterable[int], closing: date | None) -> dict[int, Decimal]:
        wanted = list(ids)
        if not wanted:
            return {}
        return balances(self.session, day, wanted, without_closing_from=closing)
