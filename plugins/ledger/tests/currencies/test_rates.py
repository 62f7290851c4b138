"""Rates: typed in, imported, looked up, and missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.errors import Forbidden, Invalid, Stale
from backstay_ledger.currencies.conversion import multiple, rounded
from backstay_ledger.currencies.lookup import RateMissing, find_rate, find_rates
from backstay_ledger.currencies.rates import (
    CorrectRate,
    DeleteRate,
    TypeRate,
    correct_rate,
    delete_rate,
    type_rate,
)
from backstay_ledger.currencies.settings import SaveExchangeSettings, save_exchange_settings
from backstay_ledger.permissions import BOOKS_VIEW

NEW_YEAR_S_EVE = date(2024, 12, 31)


def rate(books: Any, base: str, quote: str, value: str, day: date = NEW_YEAR_S_EVE) -> Any:
    with books.write() as session:
        return type_rate(session, TypeRate(date=day, base=base, quote=quote, rate=value)).id


def found(books: Any, currency: str, day: date = NEW_YEAR_S_EVE, **values: Any) -> Any:
    with books.read() as session:
        return find_rate(session, currency, day, **values)


def test_a_rate_is_quoted_turned_round_and_found_over_a_third(dollars: Any) -> None:
    rate(dollars, "EUR", "USD", "1.0389")
    rate(dollars, "EUR", "GBP", "0.82918")
    euro = found(dollars, "EUR")
    assert euro.convert(Decimal(400), 2) == Decimal("415.56")
    assert euro.why == "1 EUR = 1.0389 USD of 2024-12-31"
    back = found(dollars, "USD", target="EUR")
    assert back.convert(Decimal("415.56"), 2) == Decimal("400.00")
    assert back.why == "1 EUR = 1.0389 USD of 2024-12-31, the other way round"
    pound = found(dollars, "GBP")
    assert pound.value == Fraction("1.0389") / Fraction("0.82918")
    assert pound.convert(Decimal(100), 2) == Decimal("125.29")
    assert pound.why == ("1 EUR = 0.82918 GBP, 1 EUR = 1.0389 USD of 2024-12-31, over EUR")
    assert found(dollars, "USD").convert(Decimal("5.00"), 2) == Decimal("5.00")


def test_the_last_rate_before_a_day_counts_and_says_so(dollars: Any) -> None:
    rate(dollars, "EUR", "USD", "1.0435", date(2024, 12, 27))
    late = found(dollars, "EUR", date(2025, 1, 3))
    assert late.why == "1 EUR = 1.0435 USD of 2024-12-27: the last rate before 2025-01-03"


def test_a_rate_that_is_too_old_is_none(dollars: Any) -> None:
    rate(dollars, "EUR", "USD", "1.0435", date(2024, 12, 27))
    with pytest.raises(RateMissing) as error:
        found(dollars, "EUR", date(2025, 1, 4), field="lines.0.currency")
    assert error.value.problems[0].field == "lines.0.currency"
    assert error.value.message == (
        "There is no rate of EUR in USD on 2025-01-04, nor in the 7 days before. Type it in, or"
        " import a file of rates."
    )
    with dollars.write() as session:
        save_exchange_settings(session, SaveExchangeSettings(rate_days=8))
    assert found(dollars, "EUR", date(2025, 1, 4)).decimal == Decimal("1.0435")


def test_a_later_rate_is_no_rate_of_today(dollars: Any) -> None:
    rate(dollars, "EUR", "USD", "1.0389")
    with pytest.raises(RateMissing, match="EUR in USD on 2024-12-30"):
        found(dollars, "EUR", date(2024, 12, 30))


def test_a_pair_of_its_own_day_goes_before_an_older_better_one(dollars: Any) -> None:
    rate(dollars, "GBP", "USD", "1.25", date(2024, 12, 30))
    rate(dollars, "EUR", "USD", "1.0389")
    rate(dollars, "EUR", "GBP", "0.82918")
    assert len(found(dollars, "GBP").quotes) == 2
    rate(dollars, "USD", "GBP", "0.8")
    assert found(dollars, "GBP").value == Fraction("1.25")


def test_every_missing_pair_is_named_at_once(dollars: Any) -> None:
    with dollars.read() as session, pytest.raises(RateMissing) as error:
        find_rates(session, {"EUR", "GBP", "USD"}, NEW_YEAR_S_EVE, target="USD")
    assert [problem.message.split(" on ")[0] for problem in error.value.problems] == [
        "There is no rate of EUR in USD",
        "There is no rate of GBP in USD",
    ]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("base", {"base": "XQX"}),
        ("quote", {"quote": "EUR"}),
        ("rate", {"rate": "0"}),
        ("rate", {"rate": "-1"}),
        ("rate", {"rate": "1.2.3"}),
        ("rate", {"rate": "1.00000000001"}),
        ("rate", {"rate": "100000000"}),
        ("date", {"date": NEW_YEAR_S_EVE}),
    ],
)
def test_what_is_no_rate_is_refused_at_its_field(
    dollars: Any, field: str, values: dict[str, Any]
) -> None:
    rate(dollars, "EUR", "USD", "1.0389")
    command = {"date": date(2025, 1, 2), "base": "EUR", "quote": "USD", "rate": "1.03", **values}
    with pytest.raises(Invalid) as error, dollars.write() as session:
        type_rate(session, TypeRate(**command))
    assert [problem.field for problem in error.value.problems] == [field]


def test_a_rate_is_corrected_and_deleted_by_who_may(dollars: Any) -> None:
    key = rate(dollars, "EUR", "USD", "1,0398")
    values = {"date": NEW_YEAR_S_EVE, "base": "EUR", "quote": "USD", "rate": "1.0389"}
    with dollars.write() as session:
        correct_rate(session, CorrectRate(id=key, version=1, **values))
    with pytest.raises(Stale), dollars.write() as session:
        correct_rate(session, CorrectRate(id=key, version=1, **values))
    assert found(dollars, "EUR").decimal == Decimal("1.0389")
    reader = replace(dollars.context(), permissions=frozenset({BOOKS_VIEW.name}))
    with pytest.raises(Forbidden), dollars.write(reader) as session:
        delete_rate(session, DeleteRate(id=key))
    with dollars.write() as session:
        delete_rate(session, DeleteRate(id=key))
    assert dollars.count("ledger_fx_rate") == 0


def test_rates_stay_in_their_company(dollars: Any, other_books: Any) -> None:
    rate(dollars, "EUR", "USD", "1.0389")
    with pytest.raises(RateMissing):
        found(other_books, "EUR", target="USD")


@given(
    units=st.integers(-(10**14), 10**14),
    rate=st.integers(1, 10**14).map(lambda whole: Fraction(whole, 10**10)),
    minor_units=st.integers(0, 4),
)
def test_a_converted_amount_is_off_by_half_a_unit_at_most(
    units: int, rate: Fraction, minor_units: int
) -> None:
    exact = Fraction(units, 100) * rate
    amount = rounded(exact, minor_units)
    off = abs(Fraction(amount) - exact) * 10**minor_units
    assert off <= Fraction(1, 2)
    assert rounded(-exact, minor_units) == -amount
    if off == Fraction(1, 2):
        assert abs(Fraction(amount)) > abs(exact)


@given(
    units=st.integers(-(10**12), 10**12),
    coin=st.sampled_from([Decimal("0.05"), Decimal("0.10"), Decimal("0.25"), Decimal(1)]),
)
def test_cash_is_rounded_to_the_nearest_multiple(units: int, coin: Decimal) -> None:
    amount = Decimal(units).scaleb(-2)
    cash = multiple(amount, coin)
    assert cash % coin == 0
    assert abs(cash - amount) * 2 <= coin
