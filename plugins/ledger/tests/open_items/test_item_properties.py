"""What holds for every history of allocations."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from backstay.errors import BackstayError
from backstay_ledger.open_items.items import open_items
from backstay_ledger.open_items.models import Allocation

cents = st.integers(1, 500_000)
rates = st.integers(1, 40_000)
sides = st.lists(st.tuples(cents, rates), min_size=1, max_size=3)
parts = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), cents, st.integers(0, 30), st.booleans()),
    min_size=1,
    max_size=6,
)
on_one_database = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
START = date(2026, 3, 15)
CENT = Decimal("0.01")


def base_of(foreign: int, rate: int) -> Decimal:
    """A foreign amount in cents at a rate in ten-thousandths, at least a cent."""
    return max(Decimal(1), Decimal(foreign * rate // 10_000)).scaleb(-2)


def rows_of(desk: Any) -> list[Any]:
    """Every allocation, as the table has it."""
    with desk.books.read() as session:
        return list(session.scalars(select(Allocation)))


def as_they_stand(desk: Any, day: date, originals: Any) -> dict[str, tuple[Decimal, Decimal]]:
    """What ageing says is left of each item at the end of a day."""
    with desk.books.read() as session:
        found = {one.id: (one.residual, one.residual_base) for one in open_items(session, day)}
    return {name: found.get(desk.ids[name], (Decimal(0), Decimal(0))) for name in originals}


def recomputed(desk: Any, day: date, originals: Any) -> dict[str, tuple[Decimal, Decimal]]:
    """The original less what allocations took up to a day, which never is beyond zero."""
    taken = [one for one in rows_of(desk) if one.date <= day]
    left = {}
    for name, (amount, base) in originals.items():
        for one in taken:
            if one.debit_id == desk.ids[name]:
                amount, base = amount - one.amount, base - one.base_debit  # noqa: PLW2901 - it shrinks
            if one.credit_id == desk.ids[name]:
                amount, base = amount + one.amount, base + one.base_credit  # noqa: PLW2901
        for now, was in zip((amount, base), originals[name], strict=True):
            assert min(Decimal(0), was) <= now <= max(Decimal(0), was)
        left[name] = (amount, base)
    return left


def undo_and_allocate(desk: Any, made: Any, later: Any, again: Any) -> list[Any]:
    """Undo allocations, on their own day at the earliest; some are made anew, on what day fits."""
    anew: list[Any] = []
    names = {number: name for name, number in desk.ids.items()}
    for place, one in enumerate(made):
        desk.undo(one, on=max(one.on, START + timedelta(days=later[place % len(later)])))
        if place in again:
            anew += desk.allocate((names[one.debit], names[one.credit], None))
    return anew


def post_items(desk: Any, debits: Any, credits_: Any) -> dict[str, tuple[Decimal, Decimal]]:
    """Items of both sides; their amounts by name, abroad and in base currency."""
    originals = {}
    for sign, prefix, given_sides in ((1, "d", debits), (-1, "c", credits_)):
        for place, (foreign, rate) in enumerate(given_sides):
            name = f"{prefix}{place}"
            amount, base = sign * Decimal(foreign).scaleb(-2), sign * base_of(foreign, rate)
            desk.item(name, str(base), abroad=str(amount))
            originals[name] = (amount, base)
    return originals


@on_one_database
@given(
    debits=sides,
    credits_=sides,
    wanted=parts,
    keep=st.integers(0, 2),
    later=st.lists(st.integers(0, 80), min_size=1, max_size=3),
    again=st.sets(st.integers(0, 2), min_size=1, max_size=2),
)
def test_residuals_stay_between_zero_and_the_original_and_undoing_returns_all(
    desk: Any, debits: Any, credits_: Any, wanted: Any, keep: int, later: Any, again: Any
) -> None:
    accounts = ("1100", "7000", "7100")
    before = {code: desk.balance(code) for code in accounts}
    originals = post_items(desk, debits, credits_)
    posted = {code: desk.balance(code) - before[code] for code in accounts}
    made = []
    left = dict(originals)
    for debit, credit, amount, days, fits in wanted:
        names = (f"d{debit % len(debits)}", f"c{credit % len(credits_)}")
        part = Decimal(amount).scaleb(-2)
        if fits:  # a share of what both have left
            part = (min(abs(left[name][0]) for name in names) * part / 5_000).quantize(CENT)
        with suppress(BackstayError):
            made += desk.allocate((*names, str(part)), on=START + timedelta(days=days))
        left = as_they_stand(desk, date(2026, 12, 31), originals)
        for name, (original, base) in originals.items():
            for now, was in zip(left[name], (original, base), strict=True):
                assert min(Decimal(0), was) <= now <= max(Decimal(0), was)
            if left[name][0] == 0:
                assert left[name][1] == 0
        # What is left is what the account stands at: the differences were realised.
        assert sum(base for _amount, base in left.values()) == desk.balance("1100") - before["1100"]
    anew = undo_and_allocate(desk, made[keep:], later, again)
    days = {one.date for one in rows_of(desk)} | {START}
    for day in days:
        assert as_they_stand(desk, day, originals) == recomputed(desk, day, originals)
    for one in anew:
        desk.undo(one, on=date(2026, 6, 30))
    if keep == 0:
        assert {name: desk.left(name) for name in originals} == originals
        after = {code: desk.balance(code) - before[code] for code in accounts}
        assert after == posted
    assert desk.sound()
