"""What holds for every year that is closed, and for every closing that is cancelled."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay_ledger.services.fiscal_years import ReopenPeriod, reopen_period

from .steps import YEAR_END, sound
from .test_years import close, close_months, reopen, standing

RESULT = {"4000", "5000"}
ACCOUNTS = ("1000", "1100", "2000", "3000", "4000", "5000")
histories = st.lists(
    st.tuples(
        st.sampled_from(ACCOUNTS),
        st.sampled_from(ACCOUNTS),
        st.integers(1, 9_999_999),
        st.integers(0, 364),
    ).filter(lambda one: one[0] != one[1]),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories)
def test_a_closed_year_carries_its_result_and_reopened_it_is_as_before(
    years: Any, history: Any
) -> None:
    for debit, credit, cents, day in history:
        amount = str(Decimal(cents).scaleb(-2))
        on = date(2026, 1, 1) + timedelta(days=day)
        years.post(years.posting((debit, amount), (credit, f"-{amount}"), date=on))
    before = standing(years, None)
    until = standing(years, date(2026, 6, 30))
    close_months(years)
    close(years)
    after = standing(years, date(2027, 1, 1))
    result = sum((before.get(code, Decimal(0)) for code in RESULT), Decimal(0))
    kept = {code: amount for code, amount in before.items() if code not in RESULT}
    assert after == kept | ({"3900": result} if result else {})
    assert sum(after.values(), Decimal(0)) == 0
    assert standing(years, date(2026, 6, 30)) == until
    assert standing(years, YEAR_END, without=YEAR_END) == before
    assert sound(years)
    reopen(years)
    assert standing(years, None) == before
    _open_months(years)
    assert sound(years)


def _open_months(books: Any) -> None:
    """For the next example, which posts in the same books."""
    for (period,) in books.rows(
        "SELECT id FROM ledger_period WHERE state = 'closed' AND kind <> 'closing'"
    ):
        with books.write() as session:
            reopen_period(session, ReopenPeriod(id=period, reason="the next example"))
