"""Equity of foreign companies over the years: what was translated once stays; all is by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.models import AccountClass
from backstay_ledger.models.currencies import RateKind
from backstay_ledger.services.accounts import CreateAccount, create_account
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.kinds import Part

from .holding import NEW_YEAR, NEW_YEARS_EVE, YEAR, alone, buy, close_2026, figures, read, share

NEXT, NEXT_END = date(2027, 1, 1), date(2027, 12, 31)
PAID, DISTRIBUTED = date(2026, 6, 30), date(2027, 5, 15)
LATER = Column(NEXT, NEXT_END)


@pytest.fixture
def abroad(parent: Any, other_books: Any) -> Any:
    """BETA in JPY: two years of capital, results and a dividend, at these rates of the yen.

    | 2026 | capital on 1 January | 100,000 at 100 | 1,000 |
    |      | March, average       |  24,000 at 120 |   200 |
    |      | paid in on 30 June   |  10,000 at 125 |    80 |
    |      | 31 December          | 134,000 at 80  | 1,675 |
    | 2027 | May, average         |  18,000 at 90  |   200 |
    |      | dividend on 15 May   |  12,000 at 96  |   125 |
    |      | 31 December          | 140,000 at 70  | 2,000 |
    """
    for books in (parent, other_books):
        with books.write() as session:
            ensure_fiscal_years(session, [NEXT])
    with other_books.write() as session:
        create_account(
            session, CreateAccount(code="3100", name="3100", account_class=AccountClass.EQUITY)
        )
    for amount, account, day in (
        ("100000", "3000", NEW_YEAR),
        ("24000", "4000", date(2026, 3, 15)),
        ("10000", "3000", PAID),
        ("18000", "4000", DISTRIBUTED),
        ("-12000", "3100", DISTRIBUTED),
    ):
        lines = (("1000", amount), (account, str(-Decimal(amount))))
        other_books.post(other_books.posting(*lines, date=day))
    with parent.write() as session:
        for day, kind, rate in (
            (NEW_YEAR, RateKind.SPOT, "100"),
            (date(2026, 3, 31), RateKind.AVERAGE, "120"),
            (PAID, RateKind.SPOT, "125"),
            (NEW_YEARS_EVE, RateKind.SPOT, "80"),
            (date(2027, 5, 31), RateKind.AVERAGE, "90"),
            (DISTRIBUTED, RateKind.SPOT, "96"),
            (NEXT_END, RateKind.SPOT, "70"),
        ):
            type_rate(session, TypeRate(date=day, base="EUR", quote="JPY", rate=rate, kind=kind))
    alone(parent, "BETA")
    return other_books


@pytest.mark.parametrize("closed", [False, True])
def test_prior_results_keep_the_rates_of_their_years(
    parent: Any, abroad: Any, *, closed: bool
) -> None:
    """IAS 21.39: 1,675 less 1,080 less 200 is a reserve of 395; a year later it is 645."""
    first = figures(read(parent, Part.BALANCE_SHEET))
    assert first["3000"] == (2000, 1080, 0, 3080)
    assert first["year"] == (50, 200, 0, 250)
    assert first["?translation"] == (0, 395, 0, 395)
    assert first["both"] == (2050, 1675, 0, 3725)
    if closed:
        close_2026(abroad)
    # Last year's own statement is as it was.
    assert figures(read(parent, Part.BALANCE_SHEET)) == first
    sheet = figures(read(parent, Part.BALANCE_SHEET, LATER))
    assert sheet["3000"] == (2000, 1080, 0, 3080)
    assert sheet["year"] == (0, 200, 0, 200)
    # The 200 of 2026, less a dividend of 125, wherever they stand.
    retained = sheet["prior"][1] + sheet["3100"][1]
    assert sheet["prior"][1] == (0 if closed else 200)
    assert retained == 75
    # 395, and 134,000 from 80 to 70: 239.29; 18,000 from 90: 57.14; 12,000 from 96: -46.43.
    assert sheet["?translation"] == (0, 645, 0, 645)
    assert sheet["both"] == (2050, 2000, 0, 4050)


@pytest.mark.parametrize("closed", [False, True])
def test_the_reserve_is_that_of_owners_and_others(
    parent: Any, abroad: Any, *, closed: bool
) -> None:
    """IAS 21.41: 80 % for 900; of 395 and of 645 the others have a fifth, within their part."""
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR, member="BETA")
    first = read(parent, Part.BALANCE_SHEET)
    sheet = figures(first)
    # Goodwill of 100 is 125 at 80; of the capital paid in the owners have 64.
    assert sheet["?goodwill"][-1] == 125
    assert sheet["3000"][-1] == 2064
    assert sheet["year"][-1] == 210
    assert sheet["?translation"][-1] == 316 + 25
    assert sheet["?minority"][-1] == 335
    assert sheet["both"][-1] == 2064 + 210 + 341 + 335
    if closed:
        close_2026(abroad)
    assert figures(read(parent, Part.BALANCE_SHEET)) == sheet
    later = read(parent, Part.BALANCE_SHEET, LATER)
    sheet = figures(later)
    assert sheet["?goodwill"][-1] == Decimal("142.86")
    assert sheet["3000"][-1] == 2064
    # 50 of ALPHA and 160, of which 100 were distributed.
    assert sheet["prior"][-1] + sheet["3100"][-1] == 50 + 160 - 100
    assert sheet["prior"][-1] == (50 if closed else 210)
    assert sheet["year"][-1] == 160
    assert sheet["?translation"][-1] == 516 + Decimal("42.86")
    assert sheet["?minority"][-1] == 400
    assert sheet["both"][-1] == Decimal("3292.86")
    assert later.attribution.others[-1] == 400


def test_a_further_part_of_a_foreign_company_is_equity(parent: Any, abroad: Any) -> None:
    """IFRS 10.B96: 10 % more for 110 on 30 June, of 1,072 at 125: 2.80 less equity.

    The owners have 80 % of the -208 that the rates made until then, and 90 % of the 603 after.
    """
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR, member="BETA")
    buy(parent, "110", PAID)
    share(parent, "90", PAID, member="BETA")
    found = read(parent, Part.BALANCE_SHEET)
    sheet = figures(found)
    assert sheet["?ownership"][-1] == Decimal("-2.80")
    assert sheet["?minority"][-1] == Decimal("167.50")
    assert sheet["3000"][-1] == 2064
    assert sheet["year"][-1] == 210
    assert sheet["?translation"][-1] == Decimal("376.30") + 25
    assert sheet["both"][-1] == 2840
    assert not found.mismatches
    close_2026(abroad)
    later = figures(read(parent, Part.BALANCE_SHEET, LATER))
    assert later["?ownership"][-1] == Decimal("-2.80")
    assert later["3000"][-1] == 2064
    # Of 200 the owners had 160; of the dividend of 125 they have 112.50.
    assert later["3100"][-1] == 160 - Decimal("112.50")
    assert later["year"][-1] == 180
    assert later["?minority"][-1] == 200


def test_what_was_earned_before_the_first_day_is_worth_what_that_day_said(
    parent: Any, abroad: Any
) -> None:
    """From 30 June on, nothing set off: 24,000 from before at 125 are 192, in both years."""
    share(parent, "100", PAID, member="BETA", investment="")
    sheet = figures(read(parent, Part.BALANCE_SHEET))
    assert sheet["3000"][-1] == 2000 + 880
    assert sheet["prior"][-1] == 192
    assert sheet["year"][-1] == 50
    assert sheet["?translation"][-1] == 1675 - 880 - 192
    close_2026(abroad)
    later = figures(read(parent, Part.BALANCE_SHEET, LATER))
    assert later["3000"] == (2000, 880, 0, 2880)
    assert later["3100"] == (0, 192 - 125, 0, 67)
    assert later["prior"] == (50, 0, 0, 50)
    assert later["?translation"] == (0, 2000 - 880 - 67 - 200, 0, 853)


def test_a_closing_that_is_a_rounding_apart_carries_what_the_year_said(
    parent: Any, other_books: Any
) -> None:
    """100 JPY in January and 100 in February at 300: 0.33 each; the year has 0.66, not 0.67."""
    for books in (parent, other_books):
        with books.write() as session:
            ensure_fiscal_years(session, [NEXT])
    alone(parent, "BETA")
    with parent.write() as session:
        for month in (31, 28):
            day = date(2026, 1 if month == 31 else 2, month)
            command = TypeRate(date=day, base="EUR", quote="JPY", rate="300", kind=RateKind.AVERAGE)
            type_rate(session, command)
        for day in (NEW_YEARS_EVE, NEXT_END):
            type_rate(session, TypeRate(date=day, base="EUR", quote="JPY", rate="300"))
    for month in (1, 2):
        other_books.post(
            other_books.posting(("1000", "100"), ("4000", "-100"), date=date(2026, month, 9))
        )
    first = figures(read(parent, Part.BALANCE_SHEET, YEAR))
    assert first["year"][1] == Decimal("0.66")
    later = figures(read(parent, Part.BALANCE_SHEET, LATER))
    assert later["prior"][1] == Decimal("0.66")
    assert later["?translation"] == first["?translation"]
