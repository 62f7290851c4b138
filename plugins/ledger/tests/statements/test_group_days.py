"""Companies that join, leave and change hands on days that matter; every figure is by hand."""

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
from backstay_ledger.statements.consolidation import consolidate
from backstay_ledger.statements.group_models import GroupShare
from backstay_ledger.statements.groups import EditGroup, edit_group, group_by_code
from backstay_ledger.statements.kinds import NodeKind, Part, Side
from backstay_ledger.statements.tree import Accounts, Node, Tree

from .holding import (
    NEW_YEAR,
    NEW_YEARS_EVE,
    SUMMER,
    YEAR,
    alone,
    buy,
    close_2026,
    figures,
    read,
    share,
)

AUTUMN = date(2026, 9, 30)
NEXT = date(2027, 1, 1)
SPRING = Column(NEXT, date(2027, 3, 31))


def opened_2027(*companies: Any) -> None:
    for books in companies:
        with books.write() as session:
            ensure_fiscal_years(session, [NEXT])


def rates(parent: Any, *typed: tuple[date, RateKind, str]) -> None:
    with parent.write() as session:
        for day, kind, rate in typed:
            type_rate(session, TypeRate(date=day, base="EUR", quote="JPY", rate=rate, kind=kind))


def on_record(parent: Any, member: str, investment: str = "", dividends: str = "") -> None:
    """A share of 80 % as a database may have it, from the new year on."""
    with parent.write() as session:
        group = group_by_code(session, "all")
        row = GroupShare(
            company_id=group.company_id,
            group_id=group.id,
            member=member,
            valid_from=NEW_YEAR,
            valid_to=None,
            share=Decimal("0.8"),
            investment=investment,
            dividends=dividends,
        )
        session.add(row)


def said(found: Any) -> list[tuple[str, bool]]:
    return [(one.rule.text, bool(one.why)) for one in found.mismatches]


def test_a_company_may_leave_on_the_last_day_of_the_year(parent: Any) -> None:
    """Sold for 1,100 on 31 December: ALPHA gained 200; 160 of them the group had earned."""
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR, valid_to=NEW_YEARS_EVE)
    sold = (("1000", "1100"), ("1400", "-900"), ("4000", "-200"))
    parent.post(parent.posting(*sold, date=NEW_YEARS_EVE))
    earned = read(parent, Part.PROFIT_LOSS)
    # 80 % of 1,200 and goodwill of 100, less the 900.
    assert figures(earned)["?left"] == (0, 0, -160, -160)
    assert figures(earned)["result"] == (250, 200, -160, 290)
    assert earned.attribution.owners == (250, 160, -160, 250)
    sheet = figures(read(parent, Part.BALANCE_SHEET))
    assert sheet["year"] == (250, 0, 0, 250)
    assert sheet["both"] == (2250, 0, 0, 2250)
    assert "?ownership" not in sheet
    day_before = figures(read(parent, Part.BALANCE_SHEET, Column(NEW_YEAR, date(2026, 12, 30))))
    # ALPHA 2,050 without 900, GAMMA 1,200, goodwill 100.
    assert day_before["both"][-1] == 2450
    assert "?left" not in figures(read(parent, Part.PROFIT_LOSS, SPRING))
    later = figures(read(parent, Part.BALANCE_SHEET, SPRING))
    assert later["prior"] == (250, 0, 0, 250)
    assert later["both"] == (2250, 0, 0, 2250)


def test_quarters_add_up_to_the_year_in_which_a_company_left(parent: Any) -> None:
    """Sold for 1,100 on 30 September, when 80 % were worth 880 and goodwill 100."""
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR, valid_to=AUTUMN)
    parent.post(parent.posting(("1000", "1100"), ("1400", "-900"), ("4000", "-200"), date=AUTUMN))
    days = (
        Column(NEW_YEAR, date(2026, 6, 30)),
        Column(SUMMER, AUTUMN),
        Column(date(2026, 10, 1), NEW_YEARS_EVE),
    )
    results = [figures(read(parent, Part.PROFIT_LOSS, one))["result"] for one in days]
    assert results == [(50, 100, 0, 150), (200, 0, -80, 120), (0, 0, 0, 0)]
    assert figures(read(parent, Part.PROFIT_LOSS))["result"] == (250, 100, -80, 270)
    sheet = figures(read(parent, Part.BALANCE_SHEET, Column(NEW_YEAR, AUTUMN)))
    assert sheet["both"] == (2250, 0, 0, 2250)
    assert "?ownership" not in sheet


@pytest.mark.parametrize("closed", [False, True])
def test_a_share_may_begin_on_the_last_day_of_the_year(
    parent: Any, gamma: Any, *, closed: bool
) -> None:
    """80 % for 1,060 of net assets of 1,200: goodwill 100, before closing and after."""
    alone(parent, "GAMMA")
    buy(parent, "1060", NEW_YEARS_EVE)
    share(parent, "80", NEW_YEARS_EVE)
    if closed:
        close_2026(gamma)
    for column in (YEAR, SPRING):
        sheet = figures(read(parent, Part.BALANCE_SHEET, column))
        assert sheet["?goodwill"] == (0, 0, 100, 100)
        assert sheet["?minority"] == (0, 0, 240, 240)
        assert sheet["3000"] == (2000, 1000, -1000, 2000)
        assert sheet["both"] == (2050, 1200, -960, 2290)
        assert sheet.get("3100", (0, 0, 0, 0))[-1] == 0
    assert sheet["prior"][-1] == 50


@pytest.mark.parametrize("closed", [False, True])
def test_a_share_may_change_on_the_last_day_of_the_year(
    parent: Any, gamma: Any, *, closed: bool
) -> None:
    """10 % more for 150, worth 120; 160 were earned for the owners before."""
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR)
    buy(parent, "150", NEW_YEARS_EVE)
    share(parent, "90", NEW_YEARS_EVE)
    if closed:
        close_2026(gamma)
    sheet = figures(read(parent, Part.BALANCE_SHEET, SPRING))
    assert sheet["?ownership"] == (0, 0, -30, -30)
    assert sheet["?minority"] == (0, 0, 120, 120)
    assert sheet["prior"][-1] + sheet.get("3100", (0, 0, 0, 0))[-1] == 50 + 160
    assert sheet["both"][-1] == 2000 + 210 - 30 + 120


def test_what_was_earned_before_is_where_the_closing_moved_it(parent: Any, gamma: Any) -> None:
    """Of 200 in 3100 the group has 80 % of 100, and of the open 50 of the next year 40."""
    alone(parent, "GAMMA")
    opened_2027(gamma)
    buy(parent, "900", SUMMER)
    share(parent, "80", SUMMER)
    close_2026(gamma)
    gamma.post(gamma.sale("50.00", date=date(2027, 3, 15)))
    sheet = figures(read(parent, Part.BALANCE_SHEET, Column(date(2028, 1, 1), date(2028, 3, 31))))
    assert sheet["3100"] == (0, 200, -120, 80)
    assert sheet["prior"] == (50, 50, -10, 90)
    assert sheet["?minority"] == (0, 0, 250, 250)


def test_dividends_from_before_and_after_are_income_of_the_group(parent: Any) -> None:
    """30 in May as from an investee, 40 in September from the group, 7 and 9 after it left."""
    alone(parent, "GAMMA")
    opened_2027(parent)
    buy(parent, "900", SUMMER)
    share(parent, "80", SUMMER, valid_to=AUTUMN, dividends="ALPHA 4700")
    for day, amount in (
        (date(2026, 5, 15), "30"),
        (date(2026, 9, 1), "40"),
        (date(2026, 10, 10), "7"),
        (date(2027, 2, 1), "9"),
    ):
        parent.post(parent.posting(("1000", amount), ("4700", f"-{amount}"), date=day))
    assert figures(read(parent, Part.PROFIT_LOSS))["4700"] == (77, 0, -40, 37)
    assert figures(read(parent, Part.PROFIT_LOSS, SPRING))["result"] == (9, 0, 0, 9)
    sheet = figures(read(parent, Part.BALANCE_SHEET, SPRING))
    assert sheet["year"] == (9, 0, 0, 9)
    assert sheet["prior"] == (127, 0, 0, 127)


def beta_is_sold(parent: Any, other_books: Any, day: date) -> None:
    """80 % of BETA for 900, as in the test of a foreign company, and sold for 1,365."""
    alone(parent, "BETA")
    other_books.post(other_books.posting(("1000", "100000"), ("3000", "-100000"), date=NEW_YEAR))
    other_books.post(other_books.posting(("1000", "24000"), ("4000", "-24000")))
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR, member="BETA", valid_to=day)
    parent.post(parent.posting(("1000", "1365"), ("1400", "-900"), ("4000", "-465"), date=day))
    rates(
        parent,
        (NEW_YEAR, RateKind.SPOT, "100"),
        (date(2026, 3, 31), RateKind.AVERAGE, "120"),
        (day, RateKind.SPOT, "80"),
    )


def test_what_rates_made_of_a_company_is_earned_when_it_leaves(
    parent: Any, other_books: Any
) -> None:
    """IAS 21.48: the 305 that the rates made stay in the gain; only the 160 it earned leave it."""
    beta_is_sold(parent, other_books, NEW_YEARS_EVE)
    earned = read(parent, Part.PROFIT_LOSS)
    assert figures(earned)["?left"] == (0, 0, -160, -160)
    assert figures(earned)["result"] == (515, 200, -160, 555)
    assert earned.attribution.owners == (515, 160, -160, 515)
    sheet = figures(read(parent, Part.BALANCE_SHEET))
    assert sheet["year"] == (515, 0, 0, 515)
    assert sheet["prior"] == (0, 0, 0, 0)
    assert "?translation" not in sheet


def test_what_it_earned_in_earlier_years_stays_there(parent: Any, other_books: Any) -> None:
    opened_2027(parent)
    day = date(2027, 3, 31)
    beta_is_sold(parent, other_books, day)
    # 160 of the gain were earned in 2026; 305 are what the rates made of it until now.
    assert figures(read(parent, Part.PROFIT_LOSS, SPRING))["result"] == (465, 0, -160, 305)
    sheet = figures(read(parent, Part.BALANCE_SHEET, SPRING))
    assert sheet["year"] == (465, 0, -160, 305)
    assert sheet["prior"] == (50, 0, 160, 210)
    assert sheet["both"] == (2515, 0, 0, 2515)


def test_what_rates_make_of_a_cost_is_no_change_of_shares(parent: Any, other_books: Any) -> None:
    """BETA has 80 % of GAMMA for 80,000 JPY: 800 at 100, shown as 1,000 at 80."""
    alone(parent, "BETA", "GAMMA")
    with other_books.write() as session:
        create_account(
            session, CreateAccount(code="1400", name="1400", account_class=AccountClass.ASSET)
        )
    for lines in (
        (("1000", "100000"), ("3000", "-100000")),
        (("1400", "80000"), ("1000", "-80000")),
    ):
        other_books.post(other_books.posting(*lines, date=NEW_YEAR))
    share(parent, "80", NEW_YEAR, investment="BETA 1400")
    rates(parent, (NEW_YEAR, RateKind.SPOT, "100"), (NEW_YEARS_EVE, RateKind.SPOT, "80"))
    found = read(parent, Part.BALANCE_SHEET)
    sheet = figures(found)
    assert sheet["1400"] == (0, 1000, 0, -1000, 0)
    # BETA's capital of 1,000 is worth 1,250; the 200 of the cost are not there for the group.
    assert sheet["?translation"] == (0, 250, 0, -200, 50)
    assert "?ownership" not in sheet
    assert "?goodwill" not in sheet
    # 2,050 of ALPHA, 250 of BETA's money, 1,200 of GAMMA.
    assert sheet["both"][-1] == 3500
    assert said(found) == []


def test_a_cost_that_moves_while_the_share_does_not_is_flagged(parent: Any, gamma: Any) -> None:
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR)
    buy(parent, "150", SUMMER)
    share(parent, "90", SUMMER)
    assert said(read(parent, Part.BALANCE_SHEET)) == []
    gamma.post(gamma.posting(("1000", "200"), ("3000", "-200"), date=AUTUMN))
    buy(parent, "180", AUTUMN)
    found = read(parent, Part.BALANCE_SHEET)
    assert figures(found)["both"][-1]
    assert said(found) == [("GAMMA: ALPHA 1400", True)]
    assert "180.00" in found.mismatches[0].why


@pytest.mark.parametrize(
    ("investment", "faults"),
    [("ALPHA 140", 2), ("ALPHA 3000", 2), ("ALPHA 1400", 1)],
)
def test_where_no_cost_is_there_is_no_gain(parent: Any, investment: str, faults: int) -> None:
    """Nothing is set off: 80 % of GAMMA's capital is the group's, and the statement says why."""
    alone(parent, "GAMMA")
    buy(parent, "900", SUMMER)
    on_record(parent, "GAMMA", investment)
    found = read(parent, Part.BALANCE_SHEET)
    sheet = figures(found)
    assert sheet["1400"] == (900, 0, 0, 900)
    assert sheet["3000"] == (2000, 1000, -200, 2800)
    assert sheet["?minority"] == (0, 0, 240, 240)
    assert "?ownership" not in sheet
    assert said(found) == [(f"GAMMA: {investment}", True)] * faults
    earned = read(parent, Part.PROFIT_LOSS)
    assert "?bargain" not in figures(earned)
    assert figures(earned)["result"] == (50, 200, 0, 250)


def test_accounts_that_two_shares_name_are_flagged(parent: Any, delta: Any) -> None:
    alone(parent, "GAMMA", "DELTA")
    delta.post(delta.posting(("1000", "400"), ("3000", "-400"), date=NEW_YEAR))
    buy(parent, "1200", NEW_YEAR)
    on_record(parent, "GAMMA", "ALPHA 1400", "ALPHA 4700")
    on_record(parent, "DELTA", "ALPHA 14*", "ALPHA 1000\nALPHA 4700")
    assert said(read(parent, Part.BALANCE_SHEET)) == [
        ("DELTA, GAMMA: ALPHA 1400", True),
        ("DELTA, GAMMA: ALPHA 4700", True),
        ("DELTA: ALPHA 1000", True),
    ]


def test_rules_count_while_both_companies_do(parent: Any) -> None:
    alone(parent, "GAMMA")
    buy(parent, "900", SUMMER)
    share(parent, "80", SUMMER, valid_to=AUTUMN)
    rules = "ALPHA 1100 = GAMMA 2000\nALPHA 4000 = GAMMA 5000"
    with parent.write() as session:
        group = group_by_code(session, "all")
        names = {"code": "all", "name": "All", "members": "GAMMA"}
        edit_group(session, EditGroup(id=group.id, eliminations=rules, **names))
    sheet, earned = Part.BALANCE_SHEET, Part.PROFIT_LOSS
    first, second = rules.splitlines()
    assert said(read(parent, sheet, Column(NEW_YEAR, SUMMER))) == [(first, False)]
    assert said(read(parent, sheet, Column(NEW_YEAR, date(2026, 6, 30)))) == []
    assert said(read(parent, sheet, Column(NEW_YEAR, AUTUMN))) == []
    assert said(read(parent, sheet)) == []
    assert said(read(parent, earned)) == [(second, True)]
    assert said(read(parent, earned, Column(date(2026, 10, 1), NEW_YEARS_EVE))) == []


def test_a_tree_of_ranges_has_a_place_for_what_no_chart_has(parent: Any) -> None:
    """IAS 1.54(q): non-controlling interests stand within equity, goodwill with the assets."""

    def node(code: str, side: Side, last: str = "", part: Part = Part.BALANCE_SHEET) -> Node:
        accounts = (Accounts(code, last),) if last else ()
        above = code[:1] if len(code) > 1 and code[0] == "3" else ""
        return Node(code, code, part, side, above, NodeKind.ACCOUNTS, accounts=accounts)

    debit, credit = Side.DEBIT, Side.CREDIT
    tree = Tree(
        "own",
        "Own",
        (
            node("10", debit, "1199"),
            node("12", debit, "1999"),
            node("2", credit, "2999"),
            node("3", credit),
            node("30", credit, "3099"),
            node("31", credit, "3999"),
            node("4", credit, "4999", Part.PROFIT_LOSS),
            node("5", debit, "5999", Part.PROFIT_LOSS),
        ),
    )
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR)
    with parent.read() as session:
        group = group_by_code(session, "all")
        found = consolidate(session, group, tree, Part.BALANCE_SHEET, YEAR, parent.opens)
    rows = found.statement.rows
    at = {row.code: number for number, row in enumerate(rows)}
    assert "?" not in at
    assert rows[at["3"]].amounts == (2000, 1000, -760, 2240)
    assert at["3"] < at["?minority"] < at["30"]
    assert rows[at["?minority"]].depth == 1
    assert at["10"] < at["?goodwill"] < at["12"]
    assert not any(found.statement.out_by)
