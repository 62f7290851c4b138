"""What holds for every revaluation: it values exactly, and its reversal leaves nothing of it."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay_ledger.currencies.rates import CorrectRate, correct_rate
from backstay_ledger.services.checks import check_books

from .test_revaluation import APRIL, MARCH, run, rupees, stands_at

__all__ = ["rupees"]
CENT = Decimal("0.01")
ACCOUNTS = ("1000", "1100", "2000", "3000")
DIFFERENCES = ("4910", "5910")
cents = st.integers(1, 1_000_000)
positions = st.lists(
    st.tuples(st.sampled_from(ACCOUNTS[:3]), st.booleans(), cents, cents),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=positions, rate=st.integers(10_000, 2_000_000))
def test_what_is_revalued_is_as_before_on_the_next_day(
    rupees: Any, entry: Any, history: Any, rate: int
) -> None:
    per_unit = Decimal(rate).scaleb(-4)
    with rupees.write() as session:
        key = rupees.value("SELECT id FROM ledger_fx_rate")
        at = {"date": MARCH, "base": "USD", "quote": "INR", "rate": str(per_unit)}
        correct_rate(session, CorrectRate(id=key, **at))
    for account, debit, foreign, base in history:
        sign = 1 if debit else -1
        amount = sign * Decimal(base).scaleb(-2)
        abroad = sign * Decimal(foreign).scaleb(-2)
        rupees.post(
            entry(
                (account, str(amount), "USD", str(abroad)),
                ("3000", str(-amount)),
                exchange=True,
                date=date(2026, 3, 15),
            )
        )
    before = {code: stands_at(rupees, code, APRIL) for code in (*ACCOUNTS, *DIFFERENCES)}
    realised = run(rupees).realised is not None
    foreign = {
        code: Decimal(amount) / 10_000
        for code, amount in rupees.rows(
            "SELECT a.code, sum(b.debit_currency - b.credit_currency) FROM ledger_balance AS b"
            " JOIN ledger_account AS a ON a.id = b.account_id WHERE b.currency = 'USD'"
            " GROUP BY a.code"
        )
    }
    for code, left in foreign.items():
        assert stands_at(rupees, code) == (left * per_unit).quantize(CENT, ROUND_HALF_UP)
    after = {code: stands_at(rupees, code, APRIL) for code in (*ACCOUNTS, *DIFFERENCES)}
    if not realised:  # a value without any foreign amount left is cleared for good
        assert after == before
    assert [after[code] for code in DIFFERENCES] == [0, 0]
    with rupees.read() as session:
        assert check_books(session) == []
