"""Statements of several companies as if they were one, without what they owe each other.

Accounts with the same code are one account of the group. What stands between two companies is
eliminated up to the amount that both agree on; the rest is a mismatch, and stays visible in the
figures until somebody finds it. Eliminations of income and expenses leave the result as it is: what
one company earned the other spent. Minorities are not computed: every company counts in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from backstay.spi import Invalid, authorize, company_of
from backstay.spi import gettext as _
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.compute import Drawn, Statement
from backstay_ledger.statements.group_books import MemberBooks, read_member
from backstay_ledger.statements.group_models import CompanyGroup
from backstay_ledger.statements.groups import Elimination, members_of, read_eliminations
from backstay_ledger.statements.kinds import NodeKind, Part
from backstay_ledger.statements.tree import Accounts, KnownAccount, Tree, part_of

ZERO: Final = Decimal(0)
Open = Callable[[str], AbstractContextManager[Session]]
"""Opens a reading session in a company by its code, with the rights of whoever asks."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Two sides that should be equal and are not; amounts are debit positive.

    Arguments:
        why: set where the rule can't be applied at all.
    """

    rule: Elimination
    first: Decimal
    second: Decimal
    why: str = ""

    @property
    def difference(self) -> Decimal:
        """What one side has and the other has not."""
        return self.first + self.second


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
    books = []
    for code in codes:
        with opens(code) as there:
            books.append(read_member(there, session, part, column))
    merged = _merged(books)
    removed: dict[str, Decimal] = {}
    mismatches = []
    for rule in read_eliminations(group.eliminations, codes):
        mismatch = _eliminate(rule, {one.code: one for one in books}, merged, part, removed)
        if mismatch is not None:
            mismatches.append(mismatch)
    by_company = [one.figures for one in books]
    total = {
        code: sum((one.get(code, ZERO) for one in by_company), ZERO) + removed.get(code, ZERO)
        for code in merged
    }
    return Consolidated(
        _drawn(tree, part, column, merged, books, removed, total),
        codes,
        tuple(mismatches),
        {one.code: {code: own.id for code, own in one.accounts.items()} for one in books},
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
    books: Mapping[str, MemberBooks],
    merged: Mapping[str, KnownAccount],
    part: Part,
    removed: dict[str, Decimal],
) -> Mismatch | None:
    """Take away what both sides agree on; returns what they do not."""
    sides = []
    parts: set[Part] = set()
    for code, accounts in ((rule.first, rule.first_accounts), (rule.second, rule.second_accounts)):
        taken = {
            account: amount
            for account, amount in books[code].figures.items()
            if amount and _within(merged[account], accounts)
        }
        sides.append(taken)
        parts |= {
            part_of(merged[account].account_class)
            for account in books[code].accounts
            if _within(merged[account], accounts)
        }
    first, second = (sum(side.values(), ZERO) for side in sides)
    if len(parts) > 1:
        return Mismatch(
            rule, first, second, _("It names accounts of the balance sheet and of the result.")
        )
    if parts - {part}:
        return None
    if first * second < 0:
        agreed = min(abs(first), abs(second))
        for side, total in zip(sides, (first, second), strict=True):
            _take(side, agreed if total > 0 else -agreed, removed)
    return Mismatch(rule, first, second) if first + second else None


def _within(account: KnownAccount, accounts: Sequence[Accounts]) -> bool:
    def has(one: Accounts) -> bool:
        if one.account_class is not None:
            return one.account_class is account.account_class
        return one.first <= account.code <= one.last

    return any(has(one) for one in accounts)


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
    removed: Mapping[str, Decimal],
    total: Mapping[str, Decimal],
) -> Statement:
    ids = {code: number for number, code in enumerate(merged, 1)}
    accounts = [
        KnownAccount(ids[code], code, one.name, one.account_class) for code, one in merged.items()
    ]
    columns = [one.figures for one in books] + [removed, total]
    figures = [{ids[code]: amount for code, amount in one.items()} for one in columns]

    results = _with_sum(one.result for one in books)
    computed = {NodeKind.RESULT: results}
    if part is Part.BALANCE_SHEET:
        computed[NodeKind.PRIOR_RESULTS] = _with_sum(one.prior for one in books)
    return Drawn(tree, part, accounts, figures, computed).statement((column,) * len(columns))


def _with_sum(of_companies: Iterable[Decimal]) -> tuple[Decimal, ...]:
    """Figures of the companies, nothing for what is eliminated, and their sum."""
    figures = list(of_companies)
    return (*figures, ZERO, sum(figures, ZERO))
