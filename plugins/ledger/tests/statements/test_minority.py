"""What others own of a group: shares, goodwill, changes of shares; every figure is by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.models.currencies import RateKind
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.group_table import group_table
from backstay_ledger.statements.groups import EditGroup, edit_group, group_by_code
from backstay_ledger.statements.kinds import Part

from .holding import (
    NEW_YEAR,
    NEW_YEARS_EVE,
    SUMMER,
    alone,
    buy,
    close_2026,
    figures,
    read,
    share,
)


def test_others_have_their_share_of_equity_and_of_the_result(parent: Any) -> None:
    """80 % for 900 of net assets of 1,000: goodwill 100; others have 20 % of 1,200 and of 200."""
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR)
    found = read(parent, Part.BALANCE_SHEET)
    sheet = figures(found)
    assert sheet["1400"] == (900, 0, -900, 0)
    assert sheet["?goodwill"] == (0, 0, 100, 100)
    assert sheet["3000"] == (2000, 1000, -1000, 2000)
    assert sheet["year"] == (50, 200, -40, 210)
    assert sheet["prior"] == (0, 0, 0, 0)
    assert sheet["?minority"] == (0, 0, 240, 240)
    assert sheet["assets"] == sheet["both"] == (2050, 1200, -800, 2450)
    assert "?ownership" not in sheet
    assert found.attribution.owners == (2050, 960, -800, 2210)
    assert found.attribution.others == (0, 240, 0, 240)
    earned = read(parent, Part.PROFIT_LOSS)
    assert figures(earned)["result"] == (50, 200, 0, 250)
    assert earned.attribution.owners == (50, 160, 0, 210)
    assert earned.attribution.others == (0, 40, 0, 40)
    assert [row.amounts for row in group_table(earned).rows][-3:] == [
        (50, 160, 0, 210),
        (0, 40, 0, 40),
        (50, 200, 0, 250),
    ]


def test_a_company_counts_from_its_first_day_in_the_group(parent: Any) -> None:
    """80 % for 900 on 1 July of net assets of 1,100: goodwill 20; half the result came before."""
    alone(parent, "GAMMA")
    buy(parent, "900", SUMMER)
    share(parent, "80", SUMMER)
    earned = read(parent, Part.PROFIT_LOSS)
    assert figures(earned)["result"] == (50, 100, 0, 150)
    assert earned.attribution.others == (0, 20, 0, 20)
    sheet = figures(read(parent, Part.BALANCE_SHEET))
    assert sheet["?goodwill"] == (0, 0, 20, 20)
    assert sheet["year"] == (50, 200, -120, 130)
    assert sheet["?minority"] == (0, 0, 240, 240)
    assert sheet["assets"] == sheet["both"] == (2050, 1200, -880, 2370)
    before = figures(read(parent, Part.BALANCE_SHEET, Column(NEW_YEAR, date(2026, 6, 30))))
    assert before["both"] == (2050, 0, 0, 2050)


def test_a_closed_year_keeps_what_was_earned_before_out_of_retained_earnings(
    parent: Any, gamma: Any
) -> None:
    """As above, and GAMMA's 200 are carried to 3100: the owners have 80 % of the last 100."""
    alone(parent, "GAMMA")
    buy(parent, "900", SUMMER)
    share(parent, "80", SUMMER)
    close_2026(gamma)
    sheet = figures(read(parent, Part.BALANCE_SHEET, Column(date(2027, 1, 1), date(2027, 3, 31))))
    assert sheet["3100"] == (0, 200, -120, 80)
    assert sheet["prior"] == (50, 0, 0, 50)
    assert sheet["?minority"] == (0, 0, 240, 240)
    assert sheet["both"] == (2050, 1200, -880, 2370)


def test_what_a_changed_share_costs_beyond_its_worth_is_equity(parent: Any) -> None:
    """10 % more for 150 on 1 July, worth 110: 40 less equity; others earned 20 and then 10."""
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR)
    buy(parent, "150", SUMMER)
    share(parent, "90", SUMMER)
    sheet = figures(read(parent, Part.BALANCE_SHEET))
    assert sheet["?goodwill"] == (0, 0, 100, 100)
    assert sheet["?ownership"] == (0, 0, -40, -40)
    assert sheet["?minority"] == (0, 0, 120, 120)
    assert sheet["year"] == (50, 200, -30, 220)
    assert sheet["assets"] == sheet["both"] == (2050, 1200, -950, 2300)
    assert read(parent, Part.PROFIT_LOSS).attribution.others == (0, 30, 0, 30)


def test_a_part_is_sold_while_control_is_kept(parent: Any) -> None:
    """IFRS 10.B96: 10 % bought for 150 and sold for 170, both worth 110: equity of 20, no gain.

    ALPHA took 120 off its investment and earned 50; those stand among prior results, and 30 less
    in the changes of shares. Others earned 20 until July and 20 in October.
    """
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR, dividends="ALPHA 4700")
    buy(parent, "150", SUMMER)
    share(parent, "90", SUMMER, dividends="ALPHA 4700")
    autumn = date(2026, 10, 1)
    lines = (("1000", "170"), ("1400", "-120"), ("4700", "-50"))
    parent.post(parent.posting(*lines, date=autumn))
    share(parent, "80", autumn, dividends="ALPHA 4700")
    earned = read(parent, Part.PROFIT_LOSS)
    assert figures(earned)["4700"] == (50, 0, -50, 0)
    assert figures(earned)["result"] == (100, 200, -50, 250)
    assert earned.attribution.others == (0, 40, 0, 40)
    found = read(parent, Part.BALANCE_SHEET)
    sheet = figures(found)
    assert sheet["?goodwill"] == (0, 0, 100, 100)
    assert sheet["?ownership"] == (0, 0, -30, -30)
    assert sheet["prior"] == (0, 0, 50, 50)
    assert sheet["year"] == (100, 200, -90, 210)
    assert sheet["?minority"] == (0, 0, 240, 240)
    assert sheet["both"] == (2100, 1200, -830, 2470)
    assert not found.mismatches


def test_a_bargain_is_a_gain_of_the_first_days(parent: Any) -> None:
    """80 % for 700 of net assets of 1,000: a gain of 100."""
    alone(parent, "GAMMA")
    buy(parent, "700", NEW_YEAR)
    share(parent, "80", NEW_YEAR)
    earned = read(parent, Part.PROFIT_LOSS)
    assert figures(earned)["?bargain"] == (0, 0, 100, 100)
    assert figures(earned)["result"] == (50, 200, 100, 350)
    assert earned.attribution.owners == (50, 160, 100, 310)
    sheet = figures(read(parent, Part.BALANCE_SHEET))
    assert sheet["year"] == (50, 200, 60, 310)
    assert sheet["both"] == (2050, 1200, -700, 2550)


def test_dividends_within_the_group_are_no_income(parent: Any, gamma: Any) -> None:
    """GAMMA distributes 50, of which ALPHA has 40 as income."""
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR, dividends="ALPHA 4700")
    gamma.post(gamma.posting(("3100", "50"), ("1000", "-50")))
    parent.post(parent.posting(("1000", "40"), ("4700", "-40")))
    earned = read(parent, Part.PROFIT_LOSS)
    assert figures(earned)["4700"] == (40, 0, -40, 0)
    assert figures(earned)["result"] == (90, 200, -40, 250)
    assert earned.attribution.others == (0, 40, 0, 40)
    sheet = figures(read(parent, Part.BALANCE_SHEET))
    assert sheet["year"] == (90, 200, -80, 210)
    assert sheet["prior"] == (0, 0, 40, 40)
    assert sheet["3100"] == (0, -50, 10, -40)
    assert sheet["?minority"] == (0, 0, 230, 230)
    assert sheet["both"] == (2090, 1150, -800, 2440)


def test_a_company_that_leaves_takes_what_the_group_had_of_it(parent: Any) -> None:
    """Sold for 1,100 on 30 September: ALPHA gained 200, the group 80 less, which it had earned."""
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    end = date(2026, 9, 30)
    share(parent, "80", NEW_YEAR, valid_to=end)
    parent.post(parent.posting(("1000", "1100"), ("1400", "-900"), ("4000", "-200"), date=end))
    earned = read(parent, Part.PROFIT_LOSS)
    assert figures(earned)["?left"] == (0, 0, -80, -80)
    assert figures(earned)["result"] == (250, 100, -80, 270)
    assert earned.attribution.owners == (250, 80, -80, 250)
    assert earned.attribution.others == (0, 20, 0, 20)
    sheet = figures(read(parent, Part.BALANCE_SHEET))
    assert sheet["year"] == (250, 0, 0, 250)
    assert sheet["both"] == (2250, 0, 0, 2250)


def test_a_share_through_another_company(parent: Any, gamma: Any, delta: Any) -> None:
    """ALPHA has 80 % of GAMMA for 800, GAMMA 60 % of DELTA for 300: the owners 48 %."""
    alone(parent, "GAMMA", "DELTA")
    buy(parent, "800", NEW_YEAR)
    share(parent, "80", NEW_YEAR)
    delta.post(delta.posting(("1000", "400"), ("3000", "-400"), date=NEW_YEAR))
    delta.post(delta.sale("100.00"))
    gamma.post(gamma.posting(("1400", "300"), ("1000", "-300"), date=NEW_YEAR))
    share(parent, "48", NEW_YEAR, member="DELTA", investment="GAMMA 1400")
    found = read(parent, Part.BALANCE_SHEET)
    sheet = figures(found)
    assert sheet["1400"] == (800, 300, 0, -1100, 0)
    # 80 % of 300 for 48 % of 400.
    assert sheet["?goodwill"] == (0, 0, 0, 48, 48)
    # 20 % of 1,200 and 52 % of 500, without 20 % of the 300 that GAMMA paid.
    assert found.attribution.others == (0, 240, 260, -60, 440)
    assert sheet["?minority"][-1] == 440
    assert sheet["year"] == (50, 200, 100, -92, 258)
    assert sheet["both"][-1] == 2000 + 258 + 440
    assert read(parent, Part.PROFIT_LOSS).attribution.others == (0, 40, 52, 0, 92)


def test_a_foreign_company_of_which_others_own_a_part(parent: Any, other_books: Any) -> None:
    """BETA: 100,000 JPY at 100, earned 24,000 at 120, the year ends at 80: worth 1,550."""
    alone(parent, "BETA")
    other_books.post(other_books.posting(("1000", "100000"), ("3000", "-100000"), date=NEW_YEAR))
    other_books.post(other_books.posting(("1000", "24000"), ("4000", "-24000")))
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR, member="BETA")
    with parent.write() as session:
        for day, kind, rate in (
            (NEW_YEAR, RateKind.SPOT, "100"),
            (date(2026, 3, 31), RateKind.AVERAGE, "120"),
            (NEW_YEARS_EVE, RateKind.SPOT, "80"),
        ):
            type_rate(session, TypeRate(date=day, base="EUR", quote="JPY", rate=rate, kind=kind))
    found = read(parent, Part.BALANCE_SHEET)
    sheet = figures(found)
    assert found.foreign == ("BETA",)
    assert sheet["3000"] == (2000, 1000, -1000, 2000)
    assert sheet["year"] == (50, 200, -40, 210)
    # Goodwill of 100 at 100 is 125 at 80 (IAS 21.47).
    assert sheet["?goodwill"] == (0, 0, 125, 125)
    assert sheet["?minority"] == (0, 0, 310, 310)
    # 80 % of the 350 that the rates made of 1,000 and 200, and the 25 of the goodwill.
    assert sheet["?translation"] == (0, 350, -45, 305)
    assert sheet["both"] == (2050, 1550, -775, 2825)
    assert read(parent, Part.PROFIT_LOSS).attribution.others == (0, 40, 0, 40)


def test_without_an_investment_only_the_part_of_others_is_shown(parent: Any) -> None:
    alone(parent, "GAMMA")
    share(parent, "75", SUMMER, investment="")
    sheet = figures(read(parent, Part.BALANCE_SHEET))
    assert sheet["3000"] == (2000, 1000, -250, 2750)
    assert sheet["year"] == (50, 200, -125, 125)
    # Of the 100 that it had earned before, the owners have 75.
    assert sheet["prior"] == (0, 0, 75, 75)
    assert sheet["?minority"] == (0, 0, 300, 300)
    assert sheet["both"] == (2050, 1200, 0, 3250)


def test_a_rule_of_accounts_that_a_share_eliminates_is_flagged(parent: Any) -> None:
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR)
    with parent.write() as session:
        group = group_by_code(session, "all")
        command = EditGroup(
            id=group.id,
            code="all",
            name="All",
            members="GAMMA",
            eliminations="ALPHA 1400 = GAMMA 3000\nALPHA 1100 = GAMMA 2000",
        )
        edit_group(session, command)
    flagged, differs = read(parent, Part.BALANCE_SHEET).mismatches
    assert flagged.why
    assert (differs.first, differs.second, differs.why) == (50, 0, "")
