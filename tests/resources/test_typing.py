"""Amounts with arithmetic and dates in shorthand, as docs/reference/typing.md publishes them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.resources.arithmetic import NoAmount, calculate
from backstay.resources.shorthand import NoDate, read_day
from tests.resources.published import TODAY, amounts, dates

LARGEST = Decimal(10) ** 12


def understood(text: str, locale: str) -> str:
    """What a field in a currency of two decimals makes of a text, in the page's words."""
    try:
        found = calculate(text, locale)
    except NoAmount as problem:
        return "divides by zero" if "zero" in str(problem) else "not an amount"
    amount = found.at(2)
    if abs(found.value) >= LARGEST:
        return "too large"
    return "too many decimals" if amount is None else f"{amount:.2f}"


@pytest.mark.parametrize(("locale", "text", "expected"), amounts())
def test_the_server_reads_amounts_as_published(locale: str, text: str, expected: str) -> None:
    assert understood(text, locale) == expected


@pytest.mark.parametrize(("text", "expected"), dates())
def test_the_server_reads_dates_as_published(text: str, expected: str) -> None:
    try:
        found = read_day(text, date.fromisoformat(TODAY)).isoformat()
    except NoDate:
        found = "not a date"
    assert found == expected


def test_the_page_publishes_enough_to_mean_something() -> None:
    assert len(amounts()) > 30
    assert len(dates()) > 25


def test_an_endless_text_is_no_amount() -> None:
    for text in ("1" * 5000, "(" * 60 + "1" + ")" * 60, "1+" * 3000 + "1", "-" * 100 + "1"):
        with pytest.raises(NoAmount):
            calculate(text, "en")


units = st.decimals(-(10**9), 10**9, places=2)


@given(st.lists(units, min_size=1, max_size=6))
def test_sums_are_exact(values: list[Decimal]) -> None:
    text = "+".join(f"({value:f})" for value in values)
    if len(text) <= 120:
        found = calculate(text, "en")
        assert found.at(2) == sum(values, Decimal(0))
        assert not found.rounds


@given(units, st.integers(1, 999))
def test_what_is_divided_and_multiplied_again_is_the_same(value: Decimal, by: int) -> None:
    assert calculate(f"{value:f}/{by}*{by}", "en").at(2) == value
