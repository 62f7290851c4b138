"""Statements of several companies as if they were one, without what they owe each other.

Accounts with the same code are one account of the group. What stands between two companies is
eliminated up to the amount that both agree on; the rest is a mismatch, and stays visible in the
figures until somebody finds it. Eliminations of income and expenses leave the result as it is: what
one company earned the other spent. Every company counts in full from its first day in the group;
what others own of it is shown as theirs, within equity and of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from backstay.spi import Invalid, authorize, company_of
from backstay.spi import gettext as _
from backstay_ledger.currencies.conversion import rounded
from backstay_ledger.models import AccountClass
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.statements import capital
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.compute import Amounts, Drawn, Statement
from backstay_ledger.statements.costs import (
    Cost,
    Dividends,
    read_costs,
    read_dividends,
    stands_in,
)
from backstay_ledger.statements.group_books import (
    TRANSLATION,
    MemberBooks,
    Translated,
    read_member,
)
from backstay_ledger.statements.group_models import CompanyGroup
from backstay_ledger.statements.group_shares import WHOLE, HeldOn, Holding, holdings_of
from backstay_ledger.statements.groups import Elimination, members_of, read_eliminations
from backstay_ledger.statements.kinds import NodeKind, Part
from backstay_ledger.statements.mismatches import Mismatch, faults_of_shares
from backstay_ledger.statements.tree import KnownAccount, Tree, part_of

ZERO: Final = Decimal(0)
Open = Callable[[str], AbstractContextManager[Session]]
"""Opens a reading session in a company by its code, with the rights of whoever asks."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose the equity or the result is; a figure for each column, a profit positive."""

    owners: Amounts
    others: Amounts

    @property
    def whole(self) -> Amounts:
        """Of owners and others."""
        return tuple(one + other for one, other in zip(self.owners, self.others, strict=True))


@dataclass(frozen=True, slots=True)
class Consolidated:
    """A statement whose columns are the companies, what was eliminated, and the group.

    Arguments:
        companies: codes, the one that keeps the group first.
    """

    statement: Statement
    companies: tuple[str, ...]
    mismatches: tuple[Mismatch, ...]
    account_ids: Mapping[str, Mapping[str, int]]
    """By company and code, for the way to an account's card."""
    attribution: Attribution | None = None
    """Of the equity in a balance sheet, else of the result; None where no shares are on record."""
    foreign: tuple[str, ...] = ()
    """Codes of companies that keep their books in another currency."""


def consolidate(
    session: Session, group: CompanyGroup, tree: Tree, part: Part, column: Column, opens: Open
) -> Consolidated:
    """The balance sheet or the profit and loss statement of a group.

    Arguments:
        column: the days; of a balance sheet the last one, with the first of the fiscal year.

    Raises:
        Invalid: an account of the same code has another class in another company.
        RateMissing: a company keeps its books in another currency, and a rate of it is missing.
        NotFound: a company is not open to whoever asks.
    """
    authorize(session, BOOKS_VIEW)
    owner = company_of(session)
    codes = (owner.code, *members_of(group.members))
    holdings = holdings_of(session, group)
    read = _Read(column, part, holdings, owner.minor_units)
    for code in codes:
        with opens(code) as there:
            read.company(there, session, code)
    books = list(read.books.values())
    merged = _merged(books)
    effects = _effects(read)
    removed: dict[str, Decimal] = {}
    mismatches = faults_of_shares(column, holdings, read.costs, owner.minor_units)
    for rule in read_eliminations(group.eliminations, codes):
        mismatch = _eliminate(rule, read, merged, removed)
        if mismatch is not None:
            mismatches.append(mismatch)
    for code, amount in removed.items():
        effects.add(code, amount)
    _name_pseudo_accounts(effects, merged)
    return Consolidated(
        _drawn(tree, part, column, merged, books, effects),
        codes,
        tuple(mismatches),
        {one.code: {code: own.id for code, own in one.accounts.items()} for one in books},
        _attribution(part, books, merged, effects) if holdings else None,
        tuple(read.foreign),
    )


class _Read:
    """What was read of the companies of a group, one after the other."""

    def __init__(
        self, column: Column, part: Part, holdings: Mapping[str, Holding], minor_units: int
    ) -> None:
        self.column = column
        self.part = part
        self.holdings = holdings
        self.minor_units = minor_units
        self.books: dict[str, MemberBooks] = {}
        self.standings: dict[str, capital.Standings] = {}
        self.costs: dict[str, Cost] = {}
        self.dividends: dict[str, Dividends] = {}
        self.foreign: list[str] = []

    def company(self, there: Session, session: Session, code: str) -> None:
        """Read the company that a session works in."""
        holding = self.holdings.get(code, WHOLE)
        translated = Translated(there, session)
        if translated.foreign:
            self.foreign.append(code)
        self.books[code] = read_member(translated, self.part, self.column, holding)
        if code in self.holdings:
            found = capital.read_standings(translated, self.column, holding)
            if found is not None:
                self.standings[code] = found
        costs = read_costs(translated, self.column, code, self.holdings)
        for member, cost in costs.items():
            self.costs[member] = self.costs.get(member, Cost()) + cost
        dividends = read_dividends(translated, self.column, code, self.holdings)
        for member, taken in dividends.items():
            self.dividends[member] = self.dividends.get(member, Dividends()) + taken

    def cost(self, code: str) -> Cost:
        """What a company cost its group."""
        return self.costs.get(code, Cost())


def _effects(read: _Read) -> capital.Effects:
    """What investments, shares of others and dividends add to the sum of the companies."""
    effects = capital.Effects()
    column, units = read.column, read.minor_units
    sheet = read.part is Part.BALANCE_SHEET
    for code, standings in read.standings.items():
        holding, books, cost = read.holdings[code], read.books[code], read.cost(code)
        if not cost.first:
            # Without a cost there is nothing to set its equity off against; the statement says so.
            holding, cost = replace(holding, investment=()), Cost()
        _dividends(effects, read, read.dividends.get(code, Dividends()))
        gain = ZERO
        if column.start <= holding.first:
            gain = capital.bargain_gain(holding, standings, cost, units)
        if not sheet:
            effects.of_others[code] = rounded(books.earned_by_others, units)
            effects.add(capital.BARGAIN, -gain)
            effects.result -= gain
        elif holding.held(column.end):
            capital.set_off(effects, books, holding, standings, cost, column, units)
        if holding.left_within(column.start, column.end):
            left = capital.left_gain(holding, standings, cost, units)
            if sheet:
                own = books.in_group + rounded(books.earned_by_others, units)
                effects.move_to_prior(-(own + left - gain))
            else:
                effects.add(capital.LEFT, left)
                effects.result += left
    return effects


def _dividends(effects: capital.Effects, read: _Read, dividends: Dividends) -> None:
    """What a company distributes is no income of its group (IFRS 10.B86c)."""
    total = sum(dividends.taken.values(), ZERO)
    others = rounded(dividends.others, read.minor_units)
    if read.part is Part.BALANCE_SHEET:
        effects.move_to_prior(total - others)
        return
    for code, amount in dividends.taken.items():
        effects.add(code, -amount)
    effects.result -= total
    effects.others += others


def _name_pseudo_accounts(effects: capital.Effects, merged: dict[str, KnownAccount]) -> None:
    """Accounts that no chart has, below the others."""
    for code, name, account_class in (
        (capital.GOODWILL, _("Goodwill"), AccountClass.ASSET),
        (TRANSLATION, _("Translation difference"), AccountClass.EQUITY),
        (capital.OWNERSHIP, _("Changes of shares in companies"), AccountClass.EQUITY),
        (capital.MINORITY, _("Non-controlling interests"), AccountClass.EQUITY),
        (capital.BARGAIN, _("Gain from bargain purchases"), AccountClass.INCOME),
        (capital.LEFT, _("Result of companies that left the group"), AccountClass.INCOME),
    ):
        if effects.accounts.get(code):
            merged[code] = KnownAccount(0, code, name, account_class)


def _attribution(
    part: Part,
    books: Sequence[MemberBooks],
    merged: Mapping[str, KnownAccount],
    effects: capital.Effects,
) -> Attribution:
    if part is Part.BALANCE_SHEET:
        of_companies = [one.net_assets for one in books]
        equity = (
            amount
            for code, amount in effects.accounts.items()
            if amount and merged[code].account_class is AccountClass.EQUITY
        )
        eliminated = -(sum(equity, ZERO) + effects.result + effects.prior)
    else:
        of_companies = [-one.result for one in books]
        eliminated = -effects.result
    whole = [*of_companies, eliminated]
    others = [*(effects.of_others.get(one.code, ZERO) for one in books), effects.others]
    whole.append(sum(whole, ZERO))
    others.append(sum(others, ZERO))
    return Attribution(
        tuple(one - other for one, other in zip(whole, others, strict=True)), tuple(others)
    )


def _merged(books: Sequence[MemberBooks]) -> dict[str, KnownAccount]:
    """The accounts of all charts by code, as the first company that has one calls it."""
    merged: dict[str, KnownAccount] = {}
    for one in books:
        for code, account in one.accounts.items():
            known = merged.setdefault(code, account)
            if known.account_class is not account.account_class and one.figures.get(code):
                raise Invalid(
                    _(
                        "Account %(code)s has another class in %(company)s: %(theirs)s, not"
                        " %(ours)s.",
                        code=code,
                        company=one.code,
                        theirs=account.account_class.value,
                        ours=known.account_class.value,
                    )
                )
    return dict(sorted(merged.items()))


def _eliminate(
    rule: Elimination,
    read: _Read,
    merged: Mapping[str, KnownAccount],
    removed: dict[str, Decimal],
) -> Mismatch | None:
    """Take away what both sides agree on; returns what they do not."""
    held = [read.holdings.get(code, WHOLE) for code in (rule.first, rule.second)]
    if not all(_counts(read, one) for one in held):
        return None
    sides = []
    parts: set[Part] = set()
    taken_twice = False
    for code, accounts in ((rule.first, rule.first_accounts), (rule.second, rule.second_accounts)):
        books = read.books[code]
        named = [one for one in books.accounts if stands_in(merged[one], accounts)]
        sides.append({one: amount for one in named if (amount := books.figures.get(one))})
        parts |= {part_of(merged[one].account_class) for one in named}
        taken_twice = taken_twice or any(
            stands_in(books.accounts[one], held_on.accounts)
            for held_on in _held_by(read.holdings, code)
            for one in named
        )
    first, second = (sum(side.values(), ZERO) for side in sides)
    if len(parts) > 1:
        return Mismatch(
            rule, first, second, _("It names accounts of the balance sheet and of the result.")
        )
    if parts - {read.part}:
        return None
    if taken_twice:
        return Mismatch(
            rule, first, second, _("The share in a company eliminates its accounts already.")
        )
    if first * second < 0:
        agreed = min(abs(first), abs(second))
        for side, total in zip(sides, (first, second), strict=True):
            _take(side, agreed if total > 0 else -agreed, removed)
    return Mismatch(rule, first, second, _part_of_days(read, held)) if first + second else None


def _counts(read: _Read, holding: Holding) -> bool:
    """Whether a company has figures in the statement."""
    if read.part is Part.BALANCE_SHEET:
        return holding.held(read.column.end)
    return bool(holding.within(read.column.start, read.column.end))


def _part_of_days(read: _Read, held: Iterable[Holding]) -> str:
    """Why the sides of a result can't be equal: one of them is in the group for some days only."""
    days = read.column
    if read.part is Part.BALANCE_SHEET or all(
        one.first <= days.start and one.last >= days.end for one in held
    ):
        return ""
    return _("A company joined or left the group on these days; the other side has all of them.")


def _held_by(holdings: Mapping[str, Holding], code: str) -> Iterator[HeldOn]:
    """Accounts of a company that shares eliminate."""
    for holding in holdings.values():
        for one in (*holding.investment, *holding.dividends):
            if one.company == code:
                yield one


def _take(side: Mapping[str, Decimal], amount: Decimal, removed: dict[str, Decimal]) -> None:
    """Take an amount out of accounts of a side in the order of their codes."""
    rest = amount
    for account, figure in sorted(side.items()):
        if (figure > 0) != (rest > 0) or not rest:
            continue
        part = figure if abs(figure) < abs(rest) else rest
        removed[account] = removed.get(account, ZERO) - part
        rest -= part


def _drawn(
    tree: Tree,
    part: Part,
    column: Column,
    merged: Mapping[str, KnownAccount],
    books: Sequence[MemberBooks],
    effects: capital.Effects,
) -> Statement:
    ids = {code: number for number, code in enumerate(merged, 1)}
    accounts = [
        KnownAccount(ids[code], code, one.name, one.account_class) for code, one in merged.items()
    ]
    columns = [*(one.figures for one in books), effects.accounts]
    total = {code: sum((one.get(code, ZERO) for one in columns), ZERO) for code in merged}
    figures = [
        {ids[code]: amount for code, amount in one.items() if amount} for one in (*columns, total)
    ]
    computed = {NodeKind.RESULT: _with_sum((one.result for one in books), effects.result)}
    if part is Part.BALANCE_SHEET:
        computed[NodeKind.PRIOR_RESULTS] = _with_sum((one.prior for one in books), effects.prior)
    return Drawn(tree, part, accounts, figures, computed).statement((column,) * len(figures))


def _with_sum(of_companies: Iterable[Decimal], eliminated: Decimal) -> tuple[Decimal, ...]:
    """Figures of the companies, what is eliminated, and their sum."""
    figures = [*of_companies, eliminated]
    return (*figures, sum(figures, ZERO))
