"""Charts: the figures of the books, drawn within their frame."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.statements.cash_accounts import mark_as_cash
from backstay_ledger.statements.charts import (
    HEIGHT,
    WIDTH,
    expense_parts,
    line_points,
    lying_bars,
    monthly_figures,
    upright_bars,
)

amounts = st.lists(
    st.integers(-(10**12), 10**12).map(lambda units: Decimal(units).scaleb(-2)),
    min_size=1,
    max_size=12,
)


@given(amounts)
def test_everything_stays_within_the_drawing(figures: list[Decimal]) -> None:
    bars, zero = upright_bars(figures)
    assert 0 <= zero <= HEIGHT
    for bar, figure in zip(bars, figures, strict=True):
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert bar.negative == (figure < 0)
    points, zero = line_points(figures)
    for point in points.split():
        x, y = map(int, point.split(","))
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT
    assert all(0 < bar.width <= WIDTH for bar in lying_bars(figures))


def test_months_and_expenses_are_those_of_the_books(books: Any) -> None:
    with books.write() as session:
        mark_as_cash(session, [account_by_code(session, "1000")])
    books.post(books.posting(("1000", "500.00"), ("4000", "-500.00"), date=date(2026, 2, 3)))
    books.post(books.posting(("5000", "120.00"), ("1000", "-120.00"), date=date(2026, 3, 5)))
    with books.read() as session:
        months = monthly_figures(session, date(2026, 3, 10))
        parts = expense_parts(session, date(2026, 1, 1), date(2026, 3, 31))
    assert [one.result for one in months[-3:]] == [0, 500, -120]
    assert [one.cash for one in months[-3:]] == [0, 500, 380]
    assert months[0].month.start == date(2025, 4, 1)
    assert [(one.account and one.account.code, one.amount) for one in parts] == [("5000", 120)]
