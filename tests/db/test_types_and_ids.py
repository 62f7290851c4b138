"""Money is exact, instants are aware, and ids rise."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.db.ids import IdMaker
from backstay.db.types import from_units, to_units

amounts = st.decimals(
    min_value=Decimal(-900000000000000), max_value=Decimal(900000000000000), places=4
)


@given(amounts)
def test_money_survives_its_way_through_the_database(amount: Decimal) -> None:
    assert from_units(to_units(amount)) == amount


@pytest.mark.parametrize("amount", [Decimal("0.00001"), Decimal("1e15")])
def test_money_that_does_not_fit_is_refused(amount: Decimal) -> None:
    with pytest.raises(ValueError, match=r"decimals|too large"):
        to_units(amount)


def test_floats_are_no_money() -> None:
    with pytest.raises(TypeError):
        to_units(0.1)  # type: ignore[arg-type]


def test_ids_rise_and_are_unique_between_threads() -> None:
    maker = IdMaker(7)
    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda _: maker.take(5_000), range(8)))
    everything = [one for batch in batches for one in batch]
    assert len(set(everything)) == len(everything)
    assert all(batch == sorted(batch) for batch in batches)
    assert max(everything) < 2**63


def test_two_nodes_never_make_the_same_id() -> None:
    assert not set(IdMaker(1).take(10_000)) & set(IdMaker(2).take(10_000))
