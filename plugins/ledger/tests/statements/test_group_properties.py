"""What holds for every group: its column is the sum of its companies and what was eliminated."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay_ledger.statements.kinds import Part

from .test_groups import group, read

__all__ = ["group"]
ACCOUNTS = ("1000", "1500", "2500", "3000", "4500", "5500")
histories = st.lists(
    st.tuples(
        st.sampled_from(["ALPHA", "GAMMA"]),
        st.sampled_from(ACCOUNTS),
        st.sampled_from(ACCOUNTS),
        st.integers(1, 1_000_000),
        st.integers(0, 364),
    ).filter(lambda one: one[1] != one[2]),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("part", [Part.BALANCE_SHEET, Part.PROFIT_LOSS])
@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories)
def test_a_group_is_the_sum_of_its_companies_without_what_they_owe(
    group: Any, gamma: Any, part: Part, history: Any
) -> None:
    for company, debit, credit, cents, day in history:
        books = {"ALPHA": group, "GAMMA": gamma}[company]
        amount = str(Decimal(cents).scaleb(-2))
        on = date(2026, 1, 1) + timedelta(days=day)
        books.post(books.posting((debit, amount), (credit, f"-{amount}"), date=on))
    found = read(group, part)
    for row in found.statement.rows:
        *companies, eliminated, total = row.amounts
        assert sum(companies, eliminated) == total
    # What is eliminated on one side is eliminated on the other: the sheet still balances.
    assert found.statement.out_by == (0, 0, 0, 0)
    result = {row.code: row.amounts for row in found.statement.rows}
    eliminated = result["result" if part is Part.PROFIT_LOSS else "year"][-2]
    assert eliminated == 0
