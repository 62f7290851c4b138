"""What companies have in their books for holding others of their group: costs and dividends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from backstay.spi import authorize
from backstay.spi import gettext as _
from backstay_ledger.currencies.conversion import rounded
from backstay_ledger.models import AccountClass
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.balances import balances
from backstay_ledger.services.sums import day_before
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.drafting import write_accounts
from backstay_ledger.statements.group_books import Translated
from backstay_ledger.statements.group_shares import WHOLE, HeldOn, Holding
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.tree import Accounts, KnownAccount, part_of

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why accounts that a share names can't be what it says that they are."""

    company: str
    accounts: str
    why: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a company cost those who hold it, in the currency of the group.

    Arguments:
        first: the owners' part at the end of the first day.
        last: the owners' part at the end of the days; of a company that left, just before.
        accounts: what stands on each account at the end of the days.
        rates: what exchange rates made of the owners' part since the first day.
        moved: the change on days on which the share did not change.
        named: companies with the codes of the accounts that its shares name.
        faults: accounts that are left out.
    """

    first: Decimal = ZERO
    last: Decimal = ZERO
    accounts: Mapping[str, Decimal] = field(default_factory=dict)
    rates: Decimal = ZERO
    moved: Decimal = ZERO
    named: frozenset[tuple[str, str]] = frozenset()
    faults: tuple[Fault, ...] = ()

    def __add__(self, other: Cost) -> Cost:
        """What two who hold it have together."""
        return Cost(
            self.first + other.first,
            self.last + other.last,
            _together(self.accounts, other.accounts),
            self.rates + other.rates,
            self.moved + other.moved,
            self.named | other.named,
            (*self.faults, *other.faults),
        )


@dataclass(frozen=True, slots=True)
class Dividends:
    """What a company distributed within its group, in the currency of the group, debit positive.

    Arguments:
        taken: by account, as those who hold it earned it on its days in the group.
        others: what others have of that, through those who hold it.
    """

    taken: Mapping[str, Decimal] = field(default_factory=dict)
    others: Fraction = Fraction(0)

    def __add__(self, other: Dividends) -> Dividends:
        """What two who hold it have together."""
        return Dividends(_together(self.taken, other.taken), self.others + other.others)


def stands_in(account: KnownAccount, accounts: Sequence[Accounts]) -> bool:
    """Whether an account is one of those."""
    return any(
        one.account_class is account.account_class
        if one.account_class is not None
        else one.first <= account.code <= one.last
        for one in accounts
    )


def read_costs(
    translated: Translated, column: Column, code: str, holdings: Mapping[str, Holding]
) -> dict[str, Cost]:
    """By company, what the translated one has in its books for holding it.

    Arguments:
        code: of the translated company.
    """
    authorize(translated.session, BOOKS_VIEW)
    own, chart = holdings.get(code, WHOLE), translated.chart
    costs = {}
    for member, holding in holdings.items():
        if holding.first > column.end:
            continue
        invested, wrong = _named(chart, _of(holding.investment, code), _why_no_investment)
        earning, others_wrong = _named(chart, _of(holding.dividends, code), _why_no_dividends)
        cost = _cost(translated, column, own, holding, invested) if invested else Cost()
        costs[member] = cost + Cost(
            named=frozenset((code, one.code) for one in (*invested, *earning)),
            faults=tuple(Fault(code, text, why) for text, why in (*wrong, *others_wrong)),
        )
    return costs


def read_dividends(
    translated: Translated, column: Column, code: str, holdings: Mapping[str, Holding]
) -> dict[str, Dividends]:
    """By company, what the translated one has of its dividends, while it is held.

    What an investee pays before it is a company of the group, or after, is income of the group.

    Arguments:
        code: of the translated company.
    """
    authorize(translated.session, BOOKS_VIEW)
    own, chart = holdings.get(code, WHOLE), translated.chart
    found: dict[str, Dividends] = {}
    for member, holding in holdings.items():
        earning, _wrong = _named(chart, _of(holding.dividends, code), _why_no_dividends)
        codes = {one.id: one.code for one in earning}
        if not codes:
            continue
        for span in holding.within(column.start, column.end):
            for mine in own.within(span.start, span.end):
                moved = translated.movements(Column(mine.start, mine.end), list(codes))
                taken = Dividends(
                    {codes[key]: amount for key, amount in moved.items()},
                    (1 - mine.share) * Fraction(sum(moved.values(), ZERO)),
                )
                found[member] = found.get(member, Dividends()) + taken
    return found


def _cost(
    translated: Translated,
    column: Column,
    own: Holding,
    holding: Holding,
    invested: Iterable[KnownAccount],
) -> Cost:
    codes = {one.id: one.code for one in invested}
    held = holding.held(column.end)
    end = column.end if held else day_before(holding.last)

    def on(day: date) -> dict[int, Decimal]:
        return balances(translated.session, day, list(codes))

    def part(amount: Decimal, day: date) -> Decimal:
        worth = translated.closing(amount, day)
        return rounded(own.share_on(day) * Fraction(worth), translated.units)

    ends = on(end)
    now = {key: translated.closing(amount, end) for key, amount in ends.items()}
    began = sum(on(holding.first).values(), ZERO)
    first = part(began, holding.first)
    last = rounded(own.share_on(end) * Fraction(sum(now.values(), ZERO)), translated.units)
    rest = sum(ends.values(), ZERO) - began
    then = first
    for span in holding.within(date.min, end)[1:]:
        paid = sum(on(span.start).values(), ZERO) - sum(on(day_before(span.start)).values(), ZERO)
        rest -= paid
        then += part(paid, span.start)
    then += part(rest, end)
    return Cost(
        first,
        last,
        {codes[key]: amount for key, amount in now.items()} if held else {},
        last - then if translated.foreign else ZERO,
        translated.closing(rest, end),
    )


def _of(held_on: Iterable[HeldOn], code: str) -> list[Accounts]:
    return [accounts for one in held_on if one.company == code for accounts in one.accounts]


def _named(
    chart: Sequence[KnownAccount],
    named: Iterable[Accounts],
    why: Callable[[Sequence[KnownAccount]], str],
) -> tuple[list[KnownAccount], list[tuple[str, str]]]:
    """The accounts that a share names, each once, and what it names that none can be."""
    right: dict[str, KnownAccount] = {}
    wrong = []
    for one in named:
        accounts = [account for account in chart if stands_in(account, [one])]
        if said := why(accounts):
            wrong.append((write_accounts([one]), said))
        else:
            right.update((account.code, account) for account in accounts)
    return list(right.values()), wrong


def _why_no_investment(accounts: Sequence[KnownAccount]) -> str:
    if accounts and all(one.account_class is AccountClass.ASSET for one in accounts):
        return ""
    return _("An investment stands on accounts of assets; here is none, or another one too.")


def _why_no_dividends(accounts: Sequence[KnownAccount]) -> str:
    if accounts and all(part_of(one.account_class) is Part.PROFIT_LOSS for one in accounts):
        return ""
    return _("Dividends stand on accounts of income; here is none, or another one too.")


def _together(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {
        code: one.get(code, ZERO) + other.get(code, ZERO) for code in dict.fromkeys((*one, *other))
    }
