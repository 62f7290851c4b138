"""What others own of a group: shares, goodwill, changes of shares; every figure is by hand."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from backstay.errors import Invalid, NotFound
from backstay.testing.fixtures import company_ref
from backstay_ledger.closing.services.years import CloseYear, close_year
from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.models import AccountClass, FiscalYear, Period, PeriodKind
from backstay_ledger.models.currencies import RateKind
from backstay_ledger.services.accounts import CreateAccount, account_by_code, create_account
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period
from backstay_ledger.statements import capital
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.consolidation import consolidate
from backstay_ledger.statements.costs import Cost
from backstay_ledger.statements.group_books import MemberBooks
from backstay_ledger.statements.group_shares import HeldOn, Holding, Span, holdings_of, shares_of
from backstay_ledger.statements.group_table import group_table
from backstay_ledger.statements.groups import (
    CreateGroup,
    DeleteGroup,
    EditGroup,
    create_group,
    delete_group,
    edit_group,
    group_by_code,
)
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.share_edits import (
    AddShare,
    DeleteShare,
    EditShare,
    add_share,
    delete_share,
    edit_share,
)
from backstay_ledger.statements.tree import Accounts, KnownAccount, built_in_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

NEW_YEAR, SUMMER, NEW_YEARS_EVE = date(2026, 1, 1), date(2026, 7, 1), date(2026, 12, 31)
YEAR = Column(NEW_YEAR, NEW_YEARS_EVE)
MARCH, OCTOBER = date(2026, 3, 15), date(2026, 10, 15)
ACCOUNTS = (
    ("1400", AccountClass.ASSET),
    ("3100", AccountClass.EQUITY),
    ("4700", AccountClass.INCOME),
)


@pytest.fixture
def parent(books: Any, gamma: Any) -> Any:
    """ALPHA: capital 2,000, earned 50. GAMMA: capital 1,000, earned 100 in March and in October."""
    for one in (books, gamma):
        with one.write() as session:
            for code, kind in ACCOUNTS:
                create_account(session, CreateAccount(code=code, name=code, account_class=kind))
    books.post(books.posting(("1000", "2000"), ("3000", "-2000"), date=NEW_YEAR))
    books.post(books.sale("50.00"))
    gamma.post(gamma.posting(("1000", "1000"), ("3000", "-1000"), date=NEW_YEAR))
    gamma.post(gamma.sale("100.00", date=MARCH))
    gamma.post(gamma.sale("100.00", date=OCTOBER))
    with books.write() as session:
        create_group(session, CreateGroup(code="all", name="All", members="GAMMA; DELTA; BETA"))
    return books


def alone(parent: Any, *members: str) -> None:
    """Leave only these companies in the group."""
    with parent.write() as session:
        group = group_by_code(session, "all")
        command = EditGroup(id=group.id, code="all", name="All", members="; ".join(members))
        edit_group(session, command)


def buy(parent: Any, amount: str, day: date) -> None:
    """ALPHA pays for a part of another company."""
    parent.post(parent.posting(("1400", amount), ("1000", f"-{amount}"), date=day))


def share(parent: Any, percent: str, start: date, **values: Any) -> None:
    values = {"member": "GAMMA", "investment": "ALPHA 1400", **values}
    with parent.write() as session:
        group_id = group_by_code(session, "all").id
        add_share(session, AddShare(group_id=group_id, share=percent, valid_from=start, **values))


def read(parent: Any, part: Part, column: Column = YEAR) -> Any:
    with parent.read() as session:
        group = group_by_code(session, "all")
        return consolidate(session, group, built_in_tree(), part, column, parent.opens)


def figures(found: Any) -> Mapping[str, tuple[Decimal, ...]]:
    assert not any(found.statement.out_by)
    return {row.code: row.amounts for row in found.statement.rows}


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


def test_a_closed_year_keeps_what_was_earned_before_out_of_retained_earnings(parent: Any) -> None:
    """As above, and GAMMA's 200 are carried to 3100: the owners have 80 % of the last 100."""
    alone(parent, "GAMMA")
    buy(parent, "900", SUMMER)
    share(parent, "80", SUMMER)
    company = company_ref(parent.database, parent.suite, "GAMMA")
    gamma = type(parent)(parent.database, parent.suite, company)
    with gamma.write() as session:
        year = session.scalars(select(FiscalYear).where(FiscalYear.starts_on == NEW_YEAR)).one().id
        account = account_by_code(session, "3100").id
        periods = (
            select(Period.id)
            .where(Period.fiscal_year_id == year, Period.kind != PeriodKind.CLOSING)
            .order_by(Period.starts_on)
        )
        for period in list(session.scalars(periods)):
            close_period(session, ClosePeriod(id=period))
        close_year(session, CloseYear(id=year, account=account))
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
    assert sheet["3000"] == (2000, 1250, -1250, 2000)
    assert sheet["year"] == (50, 200, -40, 210)
    # Goodwill of 100 at 100 is 125 at 80 (IAS 21.47).
    assert sheet["?goodwill"] == (0, 0, 125, 125)
    assert sheet["?minority"] == (0, 0, 310, 310)
    # 80 % of the 350 that the rates made of 1,000 and 200, and the 25 of the goodwill.
    assert sheet["?translation"] == (0, 100, 205, 305)
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


def test_shares_of_a_company_follow_each_other(parent: Any) -> None:
    share(parent, "80", NEW_YEAR)
    share(parent, "90", SUMMER)
    with parent.read() as session:
        first, second = shares_of(session, group_by_code(session, "all").id)
        assert (first.valid_from, first.valid_to) == (NEW_YEAR, date(2026, 6, 30))
        assert (second.valid_from, second.valid_to, second.share) == (SUMMER, None, Decimal("0.9"))
    with parent.write() as session:
        values = {"member": "GAMMA", "share": "80", "valid_from": NEW_YEAR}
        edit_share(session, EditShare(id=first.id, valid_to=date(2026, 6, 30), **values))
    with pytest.raises(Invalid) as refused, parent.write() as session:
        edit_share(session, EditShare(id=first.id, valid_to=SUMMER, **values))
    assert refused.value.problems[0].field == "valid_from"
    with parent.write() as session:
        delete_share(session, DeleteShare(id=second.id))
    assert days(parent) == [(NEW_YEAR, None)]
    with pytest.raises(NotFound), parent.write() as session:
        delete_share(session, DeleteShare(id=second.id))


def days(parent: Any) -> list[tuple[date, date | None]]:
    """Of each share in GAMMA, the first and the last day."""
    with parent.read() as session:
        rows = shares_of(session, group_by_code(session, "all").id, "GAMMA")
        return [(one.valid_from, one.valid_to) for one in rows]


def test_a_share_that_goes_gives_its_days_to_the_one_before(parent: Any) -> None:
    """A share in the middle, then one that has a last day; the first one leaves no day behind."""
    share(parent, "80", NEW_YEAR)
    share(parent, "90", SUMMER)
    share(parent, "95", OCTOBER, valid_to=NEW_YEARS_EVE)
    with parent.read() as session:
        first, second, third = (
            one.id for one in shares_of(session, group_by_code(session, "all").id)
        )
    for gone, left in (
        (second, [(NEW_YEAR, date(2026, 10, 14)), (OCTOBER, NEW_YEARS_EVE)]),
        (third, [(NEW_YEAR, NEW_YEARS_EVE)]),
        (first, []),
    ):
        with parent.write() as session:
            delete_share(session, DeleteShare(id=gone))
        assert days(parent) == left


@pytest.mark.parametrize("start", [date(2026, 3, 1), date(2026, 9, 1), date(2026, 1, 2)])
def test_a_share_that_begins_on_another_day_moves_the_end_of_the_one_before(
    parent: Any, start: date
) -> None:
    share(parent, "80", NEW_YEAR)
    share(parent, "90", SUMMER)
    with parent.read() as session:
        second = shares_of(session, group_by_code(session, "all").id)[1].id
    values = {"id": second, "member": "GAMMA", "share": "90"}
    with parent.write() as session:
        edit_share(session, EditShare(valid_from=start, **values))
    moved = [(NEW_YEAR, start - timedelta(days=1)), (start, None)]
    assert days(parent) == moved
    for taken in (NEW_YEAR, date(2025, 6, 1)):
        with pytest.raises(Invalid) as refused, parent.write() as session:
            edit_share(session, EditShare(valid_from=taken, **values))
        assert [one.field for one in refused.value.problems] == ["valid_from"]
    assert days(parent) == moved


def test_a_further_share_has_the_accounts_of_the_one_before(parent: Any) -> None:
    """Goodwill of 100 stays when the share changes and nobody names the accounts again."""
    alone(parent, "GAMMA")
    buy(parent, "900", NEW_YEAR)
    share(parent, "80", NEW_YEAR, dividends="ALPHA 4700")
    share(parent, "90", SUMMER, investment="")
    with parent.read() as session:
        second = shares_of(session, group_by_code(session, "all").id)[1]
        assert (second.investment, second.dividends) == ("ALPHA 1400", "ALPHA 4700")
    assert figures(read(parent, Part.BALANCE_SHEET))["?goodwill"] == (0, 0, 100, 100)
    values = {"member": "GAMMA", "share": "90", "valid_from": SUMMER}
    with parent.write() as session:
        edit_share(session, EditShare(id=second.id, dividends="ALPHA 4800", **values))
    with parent.read() as session:
        second = shares_of(session, group_by_code(session, "all").id)[1]
        assert (second.investment, second.dividends) == ("", "ALPHA 4800")


def test_accounts_are_those_of_one_company(parent: Any) -> None:
    """What stands on an account is set off for one company, whichever share names it."""
    share(parent, "80", NEW_YEAR, dividends="ALPHA 4700")
    for values in ({}, {"investment": "ALPHA 4700"}, {"investment": "", "dividends": "ALPHA 14*"}):
        with pytest.raises(Invalid) as refused:
            share(parent, "60", SUMMER, member="DELTA", **values)
        assert "GAMMA" in refused.value.problems[0].message
    share(parent, "60", SUMMER, member="DELTA", investment="GAMMA 1400")
    share(parent, "70", OCTOBER, member="DELTA", investment="BETA 1400")
    with parent.read() as session:
        held = holdings_of(session, group_by_code(session, "all"))
    assert [one.company for one in held["DELTA"].investment] == ["BETA"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"member": "ALPHA", "investment": ""}, "member"),
        ({"member": "OMEGA"}, "member"),
        ({"share": "0"}, "share"),
        ({"share": "100.00000001"}, "share"),
        ({"share": "-5"}, "share"),
        ({"share": "half"}, "share"),
        ({"valid_to": date(2025, 12, 31)}, "valid_to"),
        ({"investment": "ALPHA"}, "investment"),
        ({"investment": "OMEGA 1400"}, "investment"),
        ({"investment": "GAMMA 1400"}, "investment"),
        ({"dividends": "ALPHA 9..1"}, "dividends"),
        ({"dividends": "class:income"}, "dividends"),
        ({"dividends": "ALPHA class:income"}, "dividends"),
        ({"investment": "ALPHA 1400; 1510"}, "investment"),
        ({"investment": "ALPHA 1400\nALPHA 14*"}, "investment"),
        ({"dividends": "ALPHA 4700..4900"}, "dividends"),
        ({"dividends": "ALPHA 1500"}, "dividends"),
        ({"valid_from": date(2026, 3, 1), "member": "DELTA"}, "valid_from"),
        ({"valid_from": date(2026, 1, 10), "member": "DELTA"}, "valid_from"),
    ],
)
def test_what_is_wrong_with_a_share_is_said_at_its_field(
    parent: Any, values: dict[str, Any], field: str
) -> None:
    share(parent, "50", NEW_YEAR, member="DELTA", valid_to=date(2026, 1, 31), investment="")
    share(parent, "50", NEW_YEAR, member="BETA", investment="ALPHA 15*", dividends="ALPHA 4800")
    values = {"share": "80", "start": values.pop("valid_from", NEW_YEAR), **values}
    with pytest.raises(Invalid) as refused:
        share(parent, values.pop("share"), values.pop("start"), **values)
    assert {one.field for one in refused.value.problems} == {field}


def test_a_company_with_shares_stays_in_its_group_and_they_go_with_it(parent: Any) -> None:
    share(parent, "80", NEW_YEAR)
    with pytest.raises(Invalid) as refused:
        alone(parent, "BETA")
    assert {one.field for one in refused.value.problems} == {"members"}
    share(parent, "60", NEW_YEAR, member="DELTA", investment="", dividends="BETA 4700")
    with pytest.raises(Invalid) as refused:
        alone(parent, "GAMMA", "DELTA")
    assert {one.field for one in refused.value.problems} == {"members"}
    assert "BETA 4700" in refused.value.problems[0].message
    alone(parent, "GAMMA", "DELTA", "BETA")
    with parent.write() as session:
        delete_group(session, DeleteGroup(id=group_by_code(session, "all").id))
    assert parent.count("ledger_group_share") == 0


def test_a_share_of_a_holder_that_is_gone_is_an_answer(parent: Any, raw: Any) -> None:
    share(parent, "60", NEW_YEAR, member="DELTA", investment="BETA 1400")
    raw.run("UPDATE ledger_company_group SET members = 'GAMMA; DELTA'")
    with pytest.raises(Invalid, match="DELTA"):
        read(parent, Part.BALANCE_SHEET)


REFUSED = (sqlite3.Error, psycopg.Error)
INSERT = (
    "INSERT INTO ledger_group_share (id, company_id, group_id, member, valid_from, valid_to,"
    " share, investment, dividends, version) SELECT 4711, company_id, group_id, member, {days},"
    " {share}, '', '', 1 FROM ledger_group_share"
)


@pytest.mark.parametrize(
    "statement",
    [
        INSERT.format(days="'2026-12-01', NULL", share="1"),
        INSERT.format(days="'2025-01-01', '2026-01-01'", share="1"),
        INSERT.format(days="'2025-01-01', '2025-12-31'", share="0"),
        INSERT.format(days="'2025-01-01', '2025-12-31'", share="10000000001"),
        INSERT.format(days="'2025-12-31', '2025-01-01'", share="1"),
        "UPDATE ledger_group_share SET share = 0",
        "UPDATE ledger_group_share SET share = 10000000001",
        "UPDATE ledger_group_share SET member = 'BETA'",
        "DELETE FROM ledger_company_group",
    ],
)
def test_the_database_refuses_what_no_share_can_be(parent: Any, raw: Any, statement: str) -> None:
    share(parent, "80", NEW_YEAR)
    with pytest.raises(REFUSED):
        raw.run(statement)
    assert parent.count("ledger_group_share") == 1
    assert parent.value("SELECT share FROM ledger_group_share") == 8_000_000_000


def test_two_shares_of_a_company_can_not_be_moved_onto_each_other(parent: Any, raw: Any) -> None:
    share(parent, "80", NEW_YEAR)
    share(parent, "90", SUMMER)
    with pytest.raises(REFUSED):
        raw.run("UPDATE ledger_group_share SET valid_to = NULL WHERE valid_to IS NOT NULL")


CENTS = st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents).scaleb(-2))
SHARES = st.fractions(Fraction(1, 10**4), 1, max_denominator=10**4)


@given(
    equity=st.lists(CENTS, min_size=1, max_size=5),
    moved=st.lists(CENTS, min_size=5, max_size=5),
    results=st.tuples(CENTS, CENTS, CENTS),
    shares=st.tuples(SHARES, SHARES),
    cost=CENTS,
)
def test_owners_and_others_are_exactly_the_company(
    equity: list[Decimal],
    moved: list[Decimal],
    results: tuple[Decimal, Decimal, Decimal],
    shares: tuple[Fraction, Fraction],
    cost: Decimal,
) -> None:
    """Whatever the amounts and shares: what is eliminated adds up to nothing, to the last cent."""
    codes = [f"3{number}" for number in range(len(equity))]
    before, first, second = results
    half = dict(zip(codes, equity, strict=True))
    end = {code: one + change for (code, one), change in zip(half.items(), moved, strict=False)}
    halfway = -(sum(half.values()) + before + first)
    standings = capital.Standings(
        (
            capital.Standing(half, before, before, -(sum(half.values()) + before), Fraction(1)),
            capital.Standing(half, before + first, before, halfway, Fraction(1)),
        ),
        capital.Standing(
            end,
            before + first + second,
            before,
            -(sum(end.values()) + before + first + second),
            Fraction(1),
        ),
        foreign=False,
    )
    books = MemberBooks(
        "GAMMA",
        {code: KnownAccount(0, code, code, AccountClass.EQUITY) for code in codes},
        end,
        first + second,
        before,
        ((shares[0], first), (shares[1], second)),
    )
    holding = Holding(
        (Span(NEW_YEAR, date(2026, 6, 30), shares[0]), Span(SUMMER, date.max, shares[1])),
        (HeldOn("ALPHA", (Accounts("1400", "1400"),)),),
    )
    effects = capital.Effects()
    paid = Cost(cost, cost, {"1400": cost})
    capital.set_off(effects, books, holding, standings, paid, YEAR, 2)
    assert sum(effects.accounts.values()) + effects.result + effects.prior == 0
    others = -effects.accounts[capital.MINORITY]
    assert others == effects.of_others["GAMMA"]
    exact = (1 - shares[1]) * Fraction(books.net_assets)
    assert abs(Fraction(others) - exact) <= Fraction(1, 200)
    cent = Decimal("0.01")
    assert all(one == one.quantize(cent) for one in effects.accounts.values())
