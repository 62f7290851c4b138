"""Cash flow, direct and indirect: two ways to explain how cash changed, which agree to the cent.

Direct: of every entry that moved cash, the lines on other accounts are why. Indirect: the result,
and what changed on every other account of the balance sheet. An entry's lines add up to nothing, so
both give exactly what the cash accounts moved by.

Opening balances moved nothing: the cash that they bring was there at the beginning. Nor does a new
rate: what it makes of foreign cash is no flow, and stands by itself (IAS 7.28).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import Select, func, or_, select, union_all
from sqlalchemy.orm import Session

from backstay.spi import Invalid, Money, authorize, company_of
from backstay.spi import gettext as _
from backstay_ledger.models import (
    AccountBalance,
    Entry,
    EntryKind,
    EntryState,
    FiscalYear,
    Line,
    Opening,
)
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.balances import balances, movements
from backstay_ledger.services.sums import day_before
from backstay_ledger.statements.cash_accounts import cash_account_ids
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.compute import Amounts, known_accounts
from backstay_ledger.statements.kinds import Activity, Part
from backstay_ledger.statements.tree import KnownAccount, Tree, part_of

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class CashFlowRow:
    """Money that came in (positive) or went out, in each column.

    Arguments:
        account_id: the account that it came from or went to; None for the result.
    """

    activity: Activity
    code: str
    heading: str
    amounts: Amounts
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class CashFlow:
    """How cash changed from the opening to the closing balance of each column.

    Arguments:
        exchange: what other rates made of foreign cash, which is part of the change and no flow.
        out_by: the change less everything that explains it; zero in every sound set of books.
    """

    direct: bool
    columns: tuple[Column, ...]
    rows: tuple[CashFlowRow, ...]
    opening: Amounts
    closing: Amounts
    exchange: Amounts
    out_by: Amounts

    def total(self, activity: Activity) -> Amounts:
        """The cash that an activity brought or took."""
        own = [row.amounts for row in self.rows if row.activity is activity]
        return tuple(sum(figures, ZERO) for figures in zip(*own, strict=True)) or self.nothing

    @property
    def change(self) -> Amounts:
        """By how much cash changed."""
        return tuple(b - a for a, b in zip(self.opening, self.closing, strict=True))

    @property
    def nothing(self) -> Amounts:
        """Zero in each column."""
        return (ZERO,) * len(self.columns)


class NoCashAccounts(Invalid):
    """The company has not said which of its accounts are cash."""


def cash_flow(session: Session, tree: Tree, columns: Sequence[Column], *, direct: bool) -> CashFlow:
    """The cash flow statement of the days of each column.

    Arguments:
        tree: says by its nodes which activity an account belongs to; without a node, accounts of
            the balance sheet and of the result count as operating.

    Raises:
        NoCashAccounts: no account counts as cash.
    """
    authorize(session, BOOKS_VIEW)
    cash = cash_account_ids(session)
    if not cash:
        raise NoCashAccounts(
            _("No account counts as cash: name the accounts of tills and banks first.")
        )
    accounts = known_accounts(session)
    ids = sorted(cash)
    opening, closing, moved, exchange = [], [], [], []
    foreign = _has_foreign(session, ids)
    for column in columns:
        brought = _brought(session, column)
        before = sum(balances(session, day_before(column.start), ids).values(), ZERO)
        opening.append(before + sum((brought.get(key, ZERO) for key in ids), ZERO))
        closing.append(sum(balances(session, column.end, ids).values(), ZERO))
        found = (
            _counter_lines(session, column, ids, revalued=foreign)
            if direct
            else _without(
                movements(session, column.start, column.end, without_closing_from=column.start),
                brought,
            )
        )
        moved.append({key: -net for key, net in found.items() if key not in cash})
        exchange.append(_revalued_by(session, column, ids) if foreign else ZERO)
    rows = tuple(_rows(tree, accounts, moved, exchange, split=direct))
    explained = [row.amounts for row in rows]
    changes = [b - a for a, b in zip(opening, closing, strict=True)]
    return CashFlow(
        direct,
        tuple(columns),
        rows,
        tuple(opening),
        tuple(closing),
        tuple(exchange),
        tuple(
            change - exchange[at] - sum((amounts[at] for amounts in explained), ZERO)
            for at, change in enumerate(changes)
        ),
    )


def _openings(company_id: int, column: Column) -> Select[tuple[int]]:
    """The entries of opening balances in a column, and what took them back."""
    first_days = select(FiscalYear.starts_on).where(
        FiscalYear.company_id == company_id,
        FiscalYear.starts_on.between(column.start, column.end),
    )
    begun = select(Opening.date).where(
        Opening.company_id == company_id, Opening.date.between(column.start, column.end)
    )
    opened = select(Entry.id).where(
        Entry.company_id == company_id,
        or_(Entry.date.in_(first_days), Entry.date.in_(begun)),
        Entry.kind == EntryKind.OPENING,
        Entry.state == EntryState.POSTED,
    )
    taken_back = select(Entry.id).where(
        Entry.company_id == company_id,
        Entry.reverses_id.in_(opened),
        Entry.date.between(column.start, column.end),
        Entry.state == EntryState.POSTED,
    )
    found = union_all(opened, taken_back).subquery()
    return select(found.c.id)


def _brought(session: Session, column: Column) -> dict[int, Decimal]:
    """Sums by account of the opening balances in a column."""
    company_id = company_of(session).id
    found = session.execute(
        select(Line.account_id, func.sum(Line.amount, type_=Money()))
        .where(Line.company_id == company_id, Line.entry_id.in_(_openings(company_id, column)))
        .group_by(Line.account_id)
    )
    return {row[0]: row[1] for row in found}


def _without(moved: Mapping[int, Decimal], brought: Mapping[int, Decimal]) -> dict[int, Decimal]:
    return {key: net - brought.get(key, ZERO) for key, net in moved.items()}


def _counter_lines(
    session: Session, column: Column, cash: Sequence[int], *, revalued: bool
) -> dict[int, Decimal]:
    """Sums by account of the other lines of entries that have a line on a cash account.

    Arguments:
        revalued: entries that changed nothing but the value of cash are to be left out.
    """
    company_id = company_of(session).id
    moved_cash = _cash_lines(company_id, column, cash)
    if revalued:
        moved_cash = moved_cash.where(_MOVES)
    found = session.execute(
        select(Line.account_id, func.sum(Line.amount, type_=Money()))
        .where(
            Line.company_id == company_id,
            Line.entry_id.in_(moved_cash),
            Line.entry_id.not_in(_openings(company_id, column)),
            Line.account_id.not_in(cash),
        )
        .group_by(Line.account_id)
    )
    return {row[0]: row[1] for row in found}


_MOVES: Final = or_(Line.currency.is_(None), Line.amount_currency != 0)
"""That a line is more than a new value of the same foreign amount."""


def _cash_lines(company_id: int, column: Column, cash: Sequence[int]) -> Select[int]:
    """The entries that have a line on a cash account."""
    return select(Line.entry_id).where(
        Line.company_id == company_id,
        Line.account_id.in_(cash),
        Line.date.between(column.start, column.end),
    )


def _has_foreign(session: Session, cash: Sequence[int]) -> bool:
    """Whether there ever was foreign cash; without it no value changes by a rate."""
    found = select(AccountBalance.account_id).where(
        AccountBalance.company_id == company_of(session).id,
        AccountBalance.account_id.in_(cash),
        AccountBalance.currency != "",
    )
    return session.scalar(found.limit(1)) is not None


def _revalued_by(session: Session, column: Column, cash: Sequence[int]) -> Decimal:
    """What entries that changed nothing but its value made of cash."""
    company_id = company_of(session).id
    found = session.scalar(
        select(func.sum(Line.amount, type_=Money())).where(
            Line.company_id == company_id,
            Line.account_id.in_(cash),
            Line.date.between(column.start, column.end),
            Line.entry_id.not_in(_cash_lines(company_id, column, cash).where(_MOVES)),
            Line.entry_id.not_in(_openings(company_id, column)),
        )
    )
    return found or ZERO


def _rows(
    tree: Tree,
    accounts: Iterable[KnownAccount],
    moved: Sequence[Mapping[int, Decimal]],
    exchange: Sequence[Decimal],
    *,
    split: bool,
) -> Iterable[CashFlowRow]:
    """A row for each account by activity; the indirect way has one for the whole result."""
    placed = tree.place(accounts)
    rows: list[CashFlowRow] = []
    result = [ZERO] * len(moved)
    for account in accounts:
        amounts = tuple(one.get(account.id, ZERO) for one in moved)
        if not any(amounts):
            continue
        if not split and part_of(account.account_class) is Part.PROFIT_LOSS:
            result = [a + b for a, b in zip(result, amounts, strict=True)]
            continue
        node = placed.get(account.id)
        activity = tree.activity_of(node) if node else None
        rows.append(
            CashFlowRow(
                activity or Activity.OPERATING, account.code, account.name, amounts, account.id
            )
        )
    if not split:
        rows.insert(0, CashFlowRow(Activity.OPERATING, "", _("Result"), tuple(result)))
        if any(exchange):
            taken_out = tuple(-one for one in exchange)
            said = _("Exchange differences of cash in it")
            rows.insert(1, CashFlowRow(Activity.OPERATING, "", said, taken_out))
    order = list(Activity)
    return sorted(rows, key=lambda row: order.index(row.activity))
