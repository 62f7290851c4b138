"""What is quicker seen than read: monthly results, cash over time, what the money is spent on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from backstay.spi import authorize
from backstay_ledger.models import AccountClass
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.balances import balances, movements
from backstay_ledger.statements.cash_accounts import cash_account_ids
from backstay_ledger.statements.columns import Column, months_until
from backstay_ledger.statements.compute import known_accounts, profit_and_loss
from backstay_ledger.statements.tree import KnownAccount, built_in_tree

ZERO: Final = Decimal(0)
MONTHS: Final = 12
MOST_PARTS: Final = 8
WIDTH: Final = 640
HEIGHT: Final = 220
STEP: Final = 40
"""From one lying bar to the next."""
NAMED: Final = 18
_GAP: Final = 8


@dataclass(frozen=True, slots=True)
class MonthlyFigure:
    """What a month brought, and what cash stood at when it ended (None without cash accounts)."""

    month: Column
    result: Decimal
    cash: Decimal | None


@dataclass(frozen=True, slots=True)
class ExpensePart:
    """What an account took of the expenses; no account for all that are too small to show."""

    account: KnownAccount | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in the units of a drawing that is 640 wide."""

    x: int
    y: int
    width: int
    height: int
    negative: bool = False


def monthly_figures(session: Session, until: date) -> list[MonthlyFigure]:
    """Result and cash of twelve months, the last one the month of a day."""
    authorize(session, BOOKS_VIEW)
    months = months_until(until, MONTHS)
    results = profit_and_loss(session, built_in_tree(), months).result
    cash = sorted(cash_account_ids(session))
    return [
        MonthlyFigure(
            month,
            result,
            sum(balances(session, month.end, cash).values(), ZERO) if cash else None,
        )
        for month, result in zip(months, results, strict=True)
    ]


def expense_parts(session: Session, start: date, end: date) -> list[ExpensePart]:
    """What the expenses of some days consist of, largest first, the small ones together."""
    authorize(session, BOOKS_VIEW)
    accounts = {
        one.id: one for one in known_accounts(session) if one.account_class is AccountClass.EXPENSE
    }
    moved = (
        movements(session, start, end, sorted(accounts), without_closing_from=start)
        if accounts
        else {}
    )
    parts = [ExpensePart(accounts[key], amount) for key, amount in moved.items() if amount]
    parts.sort(key=lambda part: (-part.amount, part.account.code if part.account else ""))
    rest = sum((part.amount for part in parts[MOST_PARTS:]), ZERO)
    return [*parts[:MOST_PARTS], *([ExpensePart(None, rest)] if rest else [])]


def upright_bars(amounts: Sequence[Decimal]) -> tuple[tuple[Bar, ...], int]:
    """Bars side by side from a line at zero, and where that line is."""
    top, bottom = max([*amounts, ZERO]), min([*amounts, ZERO])
    scale = top - bottom or Decimal(1)
    zero = int(top * HEIGHT / scale)
    step = WIDTH // max(len(amounts), 1)
    bars = []
    for place, amount in enumerate(amounts):
        height = int(abs(amount) * HEIGHT / scale)
        y = zero - height if amount >= 0 else zero
        bars.append(Bar(place * step + _GAP // 2, y, step - _GAP, height, amount < 0))
    return tuple(bars), zero


def lying_bars(amounts: Sequence[Decimal]) -> tuple[Bar, ...]:
    """Bars below each other, the largest as wide as the drawing; above each is room for a name."""
    largest = max((abs(one) for one in amounts), default=ZERO) or Decimal(1)
    return tuple(
        Bar(
            0,
            place * STEP + NAMED,
            max(1, int(abs(amount) * WIDTH / largest)),
            STEP - NAMED - _GAP,
            amount < 0,
        )
        for place, amount in enumerate(amounts)
    )


def line_points(amounts: Sequence[Decimal]) -> tuple[str, int]:
    """The corners of a line through amounts, as SVG writes them, and where zero is."""
    top, bottom = max([*amounts, ZERO]), min([*amounts, ZERO])
    scale = top - bottom or Decimal(1)
    step = WIDTH // max(len(amounts), 1)
    points = (
        f"{place * step + step // 2},{int((top - amount) * HEIGHT / scale)}"
        for place, amount in enumerate(amounts)
    )
    return " ".join(points), int(top * HEIGHT / scale)
