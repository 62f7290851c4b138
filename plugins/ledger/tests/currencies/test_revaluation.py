"""Revaluation at a day, its reversal on the next, and what is left without a foreign amount."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from backstay.errors import BackstayError, Conflict, Forbidden, Invalid
from backstay_ledger.currencies.cash import with_rounded_cash
from backstay_ledger.currencies.lookup import RateMissing
from backstay_ledger.currencies.rates import CorrectRate, TypeRate, correct_rate, type_rate
from backstay_ledger.currencies.revaluation import Revalue, preview_revaluation, revalue
from backstay_ledger.currencies.settings import SaveExchangeSettings, save_exchange_settings
from backstay_ledger.currencies.units import (
    AddCurrency,
    EditCurrency,
    add_currency,
    edit_currency,
)
from backstay_ledger.models import Account
from backstay_ledger.models.currencies import CompanyCurrency
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.balances import balance
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, period_on

MARCH = date(2026, 3, 31)
APRIL = date(2026, 4, 1)


@pytest.fixture
def rupees(in_currency: Any) -> Any:
    """Books in INR with accounts for every difference; 1 USD = 85 INR at the end of March."""
    books = in_currency("INR")
    with books.write() as session:
        ids = {row.code: row.id for row in session.execute(select(Account.code, Account.id))}
        save_exchange_settings(
            session,
            SaveExchangeSettings(
                realised_gain_id=ids["4900"],
                realised_loss_id=ids["5900"],
                unrealised_gain_id=ids["4910"],
                unrealised_loss_id=ids["5910"],
                cash_rounding_id=ids["5920"],
            ),
        )
    rate(books, "85")
    return books


def rate(books: Any, value: str, day: date = MARCH) -> int:
    with books.write() as session:
        command = TypeRate(date=day, base="USD", quote="INR", rate=value)
        return type_rate(session, command).id


def run(books: Any, day: date = MARCH) -> Any:
    with books.write() as session:
        return revalue(session, Revalue(as_of=day))


def stands_at(books: Any, code: str, day: date = MARCH) -> Decimal:
    with books.read() as session:
        return balance(session, code, day)


def test_100_dollars_at_80_are_8500_at_85_and_8000_again_on_the_next_day(
    rupees: Any, entry: Any
) -> None:
    rupees.post(entry(("1000", "8000.00", "USD", "100.00"), ("3000", "-8000.00"), exchange=True))
    with rupees.read() as session:
        (told,) = preview_revaluation(session, MARCH)
    assert (told.position.base, told.after, told.difference) == (8000, 8500, 500)
    assert told.reason == (
        "100.00 USD at 1 USD = 85 INR of 2026-03-31: 8500.00 INR instead of 8000.00 INR."
    )
    assert rupees.count("ledger_entry") == 1
    done = run(rupees)
    assert done.realised is None
    assert stands_at(rupees, "1000") == 8500
    assert stands_at(rupees, "4910") == -500
    assert stands_at(rupees, "1000", APRIL) == 8000
    assert stands_at(rupees, "4910", APRIL) == 0
    with rupees.read() as session:
        assert check_books(session) == []


def test_a_value_without_a_foreign_amount_is_cleared_for_good(rupees: Any, entry: Any) -> None:
    rupees.post(entry(("1000", "8500.00", "USD", "100.00"), ("3000", "-8500.00"), exchange=True))
    rupees.post(entry(("1000", "-8000.00", "USD", "-100.00"), ("3000", "8000.00"), exchange=True))
    done = run(rupees)
    assert [one.difference for one in done.adjustments] == [-500]
    assert done.unrealised is None
    assert stands_at(rupees, "1000") == 0
    assert stands_at(rupees, "5900") == 500
    assert stands_at(rupees, "1000", APRIL) == 0
    assert run(rupees).adjustments == ()


def test_a_foreign_amount_without_a_value_gets_one(rupees: Any, entry: Any) -> None:
    rupees.post(entry(("1000", "8400.00", "USD", "105.00"), ("3000", "-8400.00"), exchange=True))
    rupees.post(entry(("1000", "-8400.00", "USD", "-100.00"), ("3000", "8400.00"), exchange=True))
    with rupees.write() as session:
        at = {"date": MARCH, "base": "USD", "quote": "INR", "rate": "84.2105"}
        key = rupees.value("SELECT id FROM ledger_fx_rate")
        correct_rate(session, CorrectRate(id=key, **at))
    done = run(rupees)
    assert [(one.position.foreign, one.position.base) for one in done.adjustments] == [(5, 0)]
    assert stands_at(rupees, "1000") == Decimal("421.05")
    assert stands_at(rupees, "4910") == Decimal("-421.05")
    assert stands_at(rupees, "1000", APRIL) == 0


def test_running_twice_does_nothing_twice_and_a_corrected_rate_books_the_rest(
    rupees: Any, entry: Any
) -> None:
    rupees.post(entry(("1000", "8000.00", "USD", "100.00"), ("3000", "-8000.00"), exchange=True))
    run(rupees)
    before = rupees.count("ledger_entry")
    assert run(rupees).adjustments == ()
    assert rupees.count("ledger_entry") == before
    with rupees.write() as session:
        at = {"date": MARCH, "base": "USD", "quote": "INR", "rate": "84"}
        key = rupees.value("SELECT id FROM ledger_fx_rate")
        correct_rate(session, CorrectRate(id=key, **at))
    assert [one.difference for one in run(rupees).adjustments] == [-100]
    assert stands_at(rupees, "1000") == 8400
    assert stands_at(rupees, "1000", APRIL) == 8000
    with rupees.read() as session:
        assert check_books(session) == []


def test_gains_and_losses_of_assets_and_debts_are_not_offset(rupees: Any, entry: Any) -> None:
    rupees.post(entry(("1000", "8000.00", "USD", "100.00"), ("3000", "-8000.00"), exchange=True))
    rupees.post(entry(("2000", "-4150.00", "USD", "-50.00"), ("5000", "4150.00"), exchange=True))
    run(rupees)
    assert stands_at(rupees, "2000") == -4250
    assert stands_at(rupees, "4910") == -500
    assert stands_at(rupees, "5910") == 100


def test_income_in_a_foreign_currency_keeps_the_value_it_was_earned_at(
    rupees: Any, entry: Any
) -> None:
    rupees.post(entry(("1100", "800.00"), ("4000", "-800.00", "USD", "-10.00"), exchange=True))
    assert run(rupees).adjustments == ()


def test_in_the_middle_of_a_month_only_what_was_there_counts(rupees: Any, entry: Any) -> None:
    rate(rupees, "81", date(2026, 3, 20))
    day = {"date": date(2026, 2, 10)}
    rupees.post(
        entry(("1000", "800.00", "USD", "10.00"), ("3000", "-800.00"), exchange=True, **day)
    )
    rupees.post(entry(("1000", "800.00", "USD", "10.00"), ("3000", "-800.00"), exchange=True))
    late = {"date": date(2026, 3, 25)}
    rupees.post(
        entry(("1000", "800.00", "USD", "10.00"), ("3000", "-800.00"), exchange=True, **late)
    )
    done = run(rupees, date(2026, 3, 20))
    assert [(one.position.foreign, one.difference) for one in done.adjustments] == [(20, 20)]


@pytest.mark.parametrize("what", ["no rate", "no account", "a closed period", "no year after"])
def test_a_revaluation_that_can_not_be_finished_leaves_nothing(
    rupees: Any, entry: Any, what: str
) -> None:
    rupees.post(entry(("1000", "8000.00", "USD", "100.00"), ("3000", "-8000.00"), exchange=True))
    day: date = MARCH
    error: type[BackstayError] = Invalid
    if what == "no rate":
        day, error = date(2026, 5, 31), RateMissing
    elif what == "no account":
        with rupees.write() as session:
            save_exchange_settings(session, SaveExchangeSettings())
    elif what == "a closed period":
        error = Conflict
        with rupees.write() as session:
            close_period(session, ClosePeriod(id=period_on(session, APRIL).id))
    else:
        day = date(2026, 12, 31)
        rate(rupees, "85", day)
    with pytest.raises(error):
        run(rupees, day)
    assert rupees.count("ledger_entry") == 1
    assert stands_at(rupees, "1000", date(2026, 12, 31)) == 8000


def test_only_who_may_revalues(rupees: Any, entry: Any) -> None:
    reader = replace(rupees.context(), permissions=frozenset({BOOKS_VIEW.name}))
    with pytest.raises(Forbidden), rupees.write(reader) as session:
        revalue(session, Revalue(as_of=MARCH))


def test_cash_of_42_06_is_42_10_and_0_04_on_its_own_account(rupees: Any, entry: Any) -> None:
    sale = entry(("1000", "42.06"), ("4000", "-42.06"))
    with rupees.write() as session:
        assert with_rounded_cash(session, sale, "1000") == sale
        add_currency(session, AddCurrency(code="INR", cash_unit=Decimal("0.10")))
        cash = with_rounded_cash(session, sale, "1000")
        assert with_rounded_cash(session, sale, "1100") == sale
        assert with_rounded_cash(session, cash, "1000") == cash
    rupees.post(cash)
    assert stands_at(rupees, "1000") == Decimal("42.10")
    assert stands_at(rupees, "5920") == Decimal("-0.04")
    assert stands_at(rupees, "4000") == Decimal("-42.06")


def test_a_currency_keeps_the_decimals_of_its_first_use(rupees: Any, entry: Any) -> None:
    rupees.post(entry(("1000", "8.00", "USD", "0.10"), ("3000", "-8.00"), exchange=True))
    with rupees.write() as session:
        dollar = session.scalars(select(CompanyCurrency)).one()
        assert (dollar.code, dollar.minor_units) == ("USD", 2)
        edit_currency(session, EditCurrency(id=dollar.id, minor_units=0))
    with pytest.raises(Invalid, match="more decimals"):
        rupees.post(entry(("1000", "8.00", "USD", "0.10"), ("3000", "-8.00"), exchange=True))
    rupees.post(entry(("1000", "80.00", "USD", "1"), ("3000", "-80.00"), exchange=True))
    assert rupees.rows(
        "SELECT minor_units_currency, amount_currency FROM ledger_line"
        " WHERE currency = 'USD' ORDER BY entry_id"
    ) == [(2, 1000), (0, 10000)]
    with rupees.read() as session:
        assert check_books(session) == []
