"""What holds for every history of allocations."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay.errors import BackstayError

cents = st.integers(1, 500_000)
rates = st.integers(1, 40_000)
sides = st.lists(st.tuples(cents, rates), min_size=1, max_size=3)
parts = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), cents, st.integers(0, 30)),
    min_size=1,
    max_size=6,
)
on_one_database = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
START = date(2026, 3, 15)


def base_of(foreign: int, rate: int) -> Decimal:
    """A foreign amount in cents at a rate in ten-thousandths, at least a cent."""
    return max(Decimal(1), Decimal(foreign * rate // 10_000)).scaleb(-2)


@on_one_database
@given(debits=sides, credits_=sides, wanted=parts, keep=st.integers(0, 6))
def test_residuals_stay_between_zero_and_the_original_and_undoing_returns_all(
    desk: Any, debits: Any, credits_: Any, wanted: Any, keep: int
) -> None:
    originals: dict[str, tuple[Decimal, Decimal]] = {}
    accounts = ("1100", "7000", "7100")
    before = {code: desk.balance(code) for code in accounts}
    for sign, prefix, given_sides in ((1, "d", debits), (-1, "c", credits_)):
        for place, (foreign, rate) in enumerate(given_sides):
            name = f"{prefix}{place}"
            amount, base = sign * Decimal(foreign).scaleb(-2), sign * base_of(foreign, rate)
            desk.item(name, str(base), abroad=str(amount))
            originals[name] = (amount, base)
    posted = {code: desk.balance(code) - before[code] for code in accounts}
    made = []
    for debit, credit, amount, days in wanted:
        names = (f"d{debit % len(debits)}", f"c{credit % len(credits_)}")
        with suppress(BackstayError):
            made += desk.allocate(
                (*names, str(Decimal(amount).scaleb(-2))), on=START + timedelta(days=days)
            )
        left = {name: desk.left(name) for name in originals}
        for name, (original, base) in originals.items():
            for now, was in zip(left[name], (original, base), strict=True):
                assert min(Decimal(0), was) <= now <= max(Decimal(0), was)
            if left[name][0] == 0:
                assert left[name][1] == 0
        # What is left is what the account stands at: the differences were realised.
        assert sum(base for _amount, base in left.values()) == desk.balance("1100") - before["1100"]
    for one in made[keep:]:
        desk.undo(one, on=date(2026, 6, 1))
    if keep == 0:
        assert {name: desk.left(name) for name in originals} == originals
        after = {code: desk.balance(code) - before[code] for code in accounts}
        assert after == posted
    assert desk.sound()
