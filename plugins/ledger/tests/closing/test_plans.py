"""Entries that come by themselves: scenario 17, recurring entries, automatic reversals."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import given
from hypothesis import strategies as some

from backstay.errors import Conflict, Invalid
from backstay.spi import now
from backstay_ledger.closing.plan_models import Every, MakeAs, Recurring, ReleaseBy
from backstay_ledger.closing.services.deferrals import (
    CancelDeferral,
    Defer,
    cancel_deferral,
    defer,
)
from backstay_ledger.closing.services.plans import ReverseLater, due, make, reverse_later
from backstay_ledger.closing.services.recurring import (
    EndRecurring,
    PlanRecurring,
    due_days,
    end_recurring,
    plan_recurring,
)
from backstay_ledger.closing.services.spreading import spread
from backstay_ledger.models import EntryTemplate
from backstay_ledger.services.balances import balance
from backstay_ledger.services.fiscal_years import CreateFiscalYear, create_fiscal_year
from backstay_ledger.services.splitting import split

from .steps import account, move, run, sound

FIRST = date(2026, 1, 1)
"""With this first day 1,000 over 500 days give the figures of scenario 17."""


@pytest.fixture
def years(books: Any) -> Any:
    """Two fiscal years."""
    with books.write() as session:
        create_fiscal_year(session, CreateFiscalYear(starts_on=date(2027, 1, 1)))
    return books


def insurance(books: Any, amount: str = "1000", **values: Any) -> int:
    """1,000 over 500 days, booked as an expense on the first of them."""
    books.post(books.posting(("5000", amount), ("1000", f"-{amount}"), date=FIRST))
    command = Defer(
        name="Insurance",
        amount=Decimal(amount),
        account=account(books, "5000"),
        deferral_account=account(books, "1100"),
        journal=books.value("SELECT id FROM ledger_journal WHERE code = 'GEN'"),
        starts_on=FIRST,
        ends_on=values.pop("ends_on", FIRST + timedelta(days=499)),
        **values,
    )
    with books.write() as session:
        return defer(session, command).id


def standing(books: Any, code: str, day: date = date(2027, 12, 31)) -> Decimal:
    with books.read() as session:
        return balance(session, code, day)


def entries_of(books: Any, year: int) -> int:
    return int(
        books.value(
            "SELECT count(*) FROM ledger_entry e JOIN ledger_fiscal_year y"
            " ON y.id = e.fiscal_year_id WHERE e.source_type = 'ledger.deferral'"
            " AND y.code = :year",
            year=str(year),
        )
    )


def test_scenario_17_a_thousand_over_five_hundred_days(years: Any) -> None:
    deferral = insurance(years)
    assert standing(years, "5000") == 0
    assert run(years, date(2026, 12, 31)) == 12
    assert entries_of(years, 2026) == 13
    assert standing(years, "1100", date(2026, 12, 31)) == Decimal("270.00")
    assert run(years, date(2027, 12, 31)) == 5
    assert entries_of(years, 2026) + entries_of(years, 2027) == 18
    assert standing(years, "1100") == Decimal("0.00")
    assert standing(years, "5000") == Decimal(1000)
    assert run(years, date(2027, 12, 31)) == 0
    assert sound(years)
    with years.write() as session:
        cancel_deferral(session, CancelDeferral(id=deferral, reason="wrong bill"))
    assert standing(years, "1100") == 0
    assert standing(years, "5000", FIRST) == Decimal(1000)
    assert standing(years, "5000") == Decimal(1000)
    assert sound(years)


def test_what_is_left_of_a_cancelled_plan_is_not_released(years: Any) -> None:
    deferral = insurance(years)
    run(years, date(2026, 3, 31))
    move(years, "closed", day=date(2026, 2, 1))
    with years.write() as session:
        cancel_deferral(session, CancelDeferral(id=deferral, reason="wrong bill"))
    assert run(years, date(2027, 12, 31)) == 0
    assert standing(years, "5000", date(2026, 3, 31)) == Decimal(1000)
    with pytest.raises(Conflict, match="cancelled already"), years.write() as session:
        cancel_deferral(session, CancelDeferral(id=deferral, reason="again"))
    assert sound(years)


def test_a_release_in_a_closed_period_waits_and_holds_up_no_other(years: Any) -> None:
    move(years, "closed", day=date(2026, 2, 1))
    insurance(years)
    with years.read() as session:
        found = due(session, date(2026, 3, 31))
    with pytest.raises(Conflict, match="2026-02 is closed"), years.write() as session:
        make(session, found[1])
    with years.write() as session:
        make(session, found[2])
    with years.read() as session:
        assert [one.day for one in due(session, date(2026, 3, 31))] == [
            date(2026, 1, 31),
            date(2026, 2, 28),
        ]


def test_an_entry_that_is_due_is_made_once(years: Any) -> None:
    insurance(years)
    with years.read() as session:
        first = due(session, date(2026, 1, 31))[0]
    with years.write() as session:
        assert make(session, first) is not None
    with years.write() as session:
        assert make(session, first) is None


def test_deferred_income_waits_as_a_liability(years: Any) -> None:
    years.post(years.posting(("1000", "90"), ("4000", "-90"), date=FIRST))
    command = Defer(
        name="Support contract",
        amount=Decimal(90),
        account=account(years, "4000"),
        deferral_account=account(years, "2000"),
        journal=years.value("SELECT id FROM ledger_journal WHERE code = 'GEN'"),
        starts_on=FIRST,
        ends_on=date(2026, 3, 31),
        release_by=ReleaseBy.MONTH,
    )
    with years.write() as session:
        defer(session, command)
    assert run(years, date(2026, 1, 31)) == 1
    assert (standing(years, "4000"), standing(years, "2000")) == (Decimal(-30), Decimal(-60))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"amount": "0.00"}, "positive"),
        ({"amount": "0.001"}, "decimals|EUR"),
        ({"ends_on": date(2025, 1, 1)}, "before the first"),
        ({"ends_on": date(2126, 1, 1)}, "is the year right"),
    ],
)
def test_a_deferral_that_can_not_be_is_refused(years: Any, changes: Any, said: str) -> None:
    command = {
        "name": "x",
        "amount": Decimal(changes.get("amount", "5")),
        "account": account(years, "5000"),
        "deferral_account": account(years, "1100"),
        "journal": years.value("SELECT id FROM ledger_journal WHERE code = 'GEN'"),
        "starts_on": FIRST,
        "ends_on": changes.get("ends_on", FIRST),
    }
    with pytest.raises(Invalid, match=said), years.write() as session:
        defer(session, Defer(**command))
    command |= {"amount": Decimal(5), "ends_on": FIRST}
    for deferred_on, why in (("5000", "comes from"), ("4000", "balance sheet")):
        command["deferral_account"] = account(years, deferred_on)
        with pytest.raises(Invalid, match=why), years.write() as session:
            defer(session, Defer(**command))


@given(
    units=some.integers(-(10**12), 10**12),
    weights=some.lists(some.integers(1, 400), min_size=1, max_size=60),
    decimals=some.integers(0, 4),
)
def test_parts_are_exactly_the_whole(units: int, weights: list[int], decimals: int) -> None:
    amount = Decimal(units).scaleb(-decimals)
    parts = split(amount, weights, decimals)
    assert sum(parts) == amount
    exact = [amount * weight / sum(weights) for weight in weights]
    unit = Decimal(1).scaleb(-decimals)
    assert all(abs(part - share) < unit for part, share in zip(parts, exact, strict=True))


@given(
    first=some.dates(date(2020, 1, 1), date(2030, 12, 31)),
    days=some.integers(0, 2000),
    units=some.integers(1, 10**9),
    by=some.sampled_from(ReleaseBy),
)
def test_a_spread_amount_comes_back_whole(first: date, days: int, units: int, by: Any) -> None:
    amount, last = Decimal(units).scaleb(-2), first + timedelta(days=days)
    shares = spread(amount, first, last, by, 2)
    assert sum(share.amount for share in shares) == amount
    assert all(first <= share.day <= last for share in shares)
    assert len({share.day for share in shares}) == len(shares)


def rent(books: Any, **values: Any) -> int:
    """Rent of 850 on the last day of each month from January on."""
    with books.write() as session:
        template = EntryTemplate(
            company_id=books.company.id,
            owner_id=1,
            name="Rent",
            shared=True,
            created_by="x",
            created_at=now(),
            content={
                "journal": "GEN",
                "memo": "Rent",
                "lines": [
                    {"account": str(account(books, "5000")), "debit": "850.00"},
                    {"account": str(account(books, "1000")), "credit": "850.00"},
                ],
            },
        )
        session.add(template)
        session.flush()
        command = PlanRecurring(
            name="Rent",
            template=template.id,
            every=values.pop("every", Every.MONTH),
            day=values.pop("day", 31),
            starts_on=values.pop("starts_on", FIRST),
            until=values.pop("until", None),
            make_as=values.pop("make_as", MakeAs.POSTED),
        )
        return plan_recurring(session, command).id


def test_recurring_entries_are_made_on_their_days(years: Any) -> None:
    plan = rent(years)
    assert run(years, date(2026, 4, 29)) == 3
    assert [str(day) for (day,) in years.rows("SELECT date FROM ledger_entry ORDER BY 1")] == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
    ]
    assert standing(years, "5000") == Decimal(2550)
    assert run(years, date(2026, 4, 29)) == 0
    with years.write() as session:
        end_recurring(session, EndRecurring(id=plan))
    assert run(years, date(2026, 12, 31)) == 0
    assert sound(years)


def test_a_plan_by_quarter_ends_and_makes_drafts(years: Any) -> None:
    rent(years, every=Every.QUARTER, until=date(2026, 8, 1), make_as=MakeAs.DRAFT)
    with years.read() as session:
        days = [one.day for one in due(session, date(2027, 12, 31))]
    assert days == [date(2026, 1, 31), date(2026, 4, 30), date(2026, 7, 31)]
    run(years, date(2027, 12, 31))
    assert years.value("SELECT count(*) FROM ledger_entry WHERE state = 'draft'") == 3


@pytest.mark.parametrize(
    ("every", "days"),
    [
        (Every.MONTH, [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]),
        (Every.QUARTER, [date(2026, 2, 1), date(2026, 5, 1), date(2026, 8, 1)]),
        (Every.YEAR, [date(2026, 2, 1), date(2027, 2, 1)]),
    ],
)
def test_a_plan_that_starts_after_its_day_begins_in_the_next_month(
    years: Any, every: Every, days: list[date]
) -> None:
    rent(years, every=every, day=1, starts_on=date(2026, 1, 15))
    with years.read() as session:
        found = [one.day for one in due(session, date(2027, 12, 31))]
    assert found[:3] == days


@pytest.mark.parametrize(
    ("every", "starts_on", "day", "days"),
    [
        (Every.MONTH, date(2027, 12, 31), 31, ["2027-12-31", "2028-01-31", "2028-02-29"]),
        (Every.QUARTER, date(2026, 11, 30), 31, ["2026-11-30", "2027-02-28", "2027-05-31"]),
        (Every.QUARTER, date(2026, 1, 31), 30, ["2026-02-28", "2026-05-30", "2026-08-30"]),
        (Every.YEAR, date(2024, 2, 29), 29, ["2024-02-29", "2025-02-28", "2026-02-28"]),
        (Every.YEAR, date(2023, 3, 1), 29, ["2023-03-29", "2024-03-29", "2025-03-29"]),
        (Every.YEAR, date(2026, 12, 15), 1, ["2027-01-01", "2028-01-01", "2029-01-01"]),
    ],
)
def test_plans_at_the_ends_of_months_and_in_leap_years(
    every: Every, starts_on: date, day: int, days: list[str]
) -> None:
    plan = Recurring(every=every, day=day, starts_on=starts_on, until=None)
    found = list(due_days(plan, date(2100, 1, 1)))
    assert [str(one) for one in found[:3]] == days


@given(
    every=some.sampled_from(Every),
    day=some.integers(1, 31),
    starts_on=some.dates(date(1990, 1, 1), date(2090, 12, 31)),
    length=some.integers(0, 2000),
    until=some.none() | some.integers(0, 2000),
)
def test_a_plan_has_its_day_of_each_of_its_months_from_the_first_that_fits(
    every: Every, day: int, starts_on: date, length: int, until: int | None
) -> None:
    asked = starts_on + timedelta(days=length)
    last = asked if until is None else min(asked, starts_on + timedelta(days=until))
    fitting = [
        one
        for one in (starts_on + timedelta(days=n) for n in range((last - starts_on).days + 1))
        if one.day == min(day, monthrange(one.year, one.month)[1])
    ]
    step = {Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}[every]
    plan = Recurring(
        every=every,
        day=day,
        starts_on=starts_on,
        until=None if until is None else starts_on + timedelta(days=until),
    )
    assert list(due_days(plan, asked)) == fitting[::step]


@pytest.mark.parametrize("every", [Every.QUARTER, Every.YEAR])
def test_plans_from_before_keep_the_days_that_they_had(years: Any, every: Every) -> None:
    late = rent(years, every=every, day=1, starts_on=date(2026, 1, 15))
    with years.write() as session:
        step = import_module("backstay_ledger.migrations.versions.0023_starts_of_plans")
        with Operations.context(MigrationContext.configure(session.connection())):
            step.upgrade()
    with years.read() as session:
        plan = session.get_one(Recurring, late)
        months = {Every.QUARTER: date(2026, 4, 1), Every.YEAR: date(2027, 1, 1)}
        assert plan.starts_on == months[every]
        assert next(due_days(plan, date(2030, 1, 1))) == months[every]


def test_an_accrual_is_reversed_by_itself_once(years: Any) -> None:
    entry = years.post(years.posting(("5000", "70"), ("2000", "-70"), date=date(2026, 3, 31))).id
    command = ReverseLater(id=entry, on=date(2026, 4, 1))
    with years.write() as session:
        reverse_later(session, command)
    with pytest.raises(Conflict, match="planned for"), years.write() as session:
        reverse_later(session, command)
    assert run(years, date(2026, 3, 31)) == 0
    assert run(years, date(2026, 4, 1)) == 1
    assert standing(years, "5000", date(2026, 3, 31)) == Decimal(70)
    assert standing(years, "5000", date(2026, 4, 1)) == 0
    assert run(years, date(2026, 4, 30)) == 0
    assert sound(years)


PLANS = {
    "another amount": "UPDATE ledger_planned_entry SET amount = amount + 100",
    "another day": "UPDATE ledger_planned_entry SET due_on = '2026-12-31'",
    "another whole": "UPDATE ledger_deferral SET amount = amount + 100",
    "made again": "UPDATE ledger_planned_entry SET entry_id = NULL WHERE entry_id IS NOT NULL",
}


@pytest.mark.parametrize("what", PLANS)
def test_a_plan_holds_against_sql(years: Any, raw: Any, what: str) -> None:
    insurance(years)
    run(years, date(2026, 1, 31))
    with pytest.raises(Exception, match=r"never change|made once|already"):
        raw.run(PLANS[what])
    assert sound(years)
