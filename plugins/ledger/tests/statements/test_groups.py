"""Groups: companies side by side, what they owe each other gone, what differs shown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay.db.context import Actor, Context
from backstay.errors import Invalid, NotFound
from backstay.spi import context_elsewhere
from backstay_ledger.currencies.lookup import RateMissing
from backstay_ledger.currencies.rates import TypeRate, type_rate
from backstay_ledger.models import AccountClass
from backstay_ledger.models.currencies import RateKind
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.consolidation import consolidate
from backstay_ledger.statements.group_table import group_table, mismatches_json
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
from backstay_ledger.statements.tree import built_in_tree

YEAR = Column(date(2026, 1, 1), date(2026, 12, 31))
RULES = "ALPHA 1500 = GAMMA 2500\nALPHA 4500 = GAMMA 5500"


@pytest.fixture
def group(books: Any, gamma: Any) -> Any:
    """ALPHA lent GAMMA 100 of which GAMMA has booked 90, and charged 30 that GAMMA booked."""
    for one in (books, gamma):
        with one.write() as session:
            add_accounts(
                session,
                [
                    CreateAccount(code=code, name=code, account_class=account_class)
                    for code, account_class in (
                        ("1500", AccountClass.ASSET),
                        ("2500", AccountClass.LIABILITY),
                        ("4500", AccountClass.INCOME),
                        ("5500", AccountClass.EXPENSE),
                    )
                ],
            )
    books.post(books.posting(("1000", "500.00"), ("3000", "-500.00")))
    books.post(books.posting(("1500", "100.00"), ("1000", "-100.00")))
    books.post(books.posting(("1000", "30.00"), ("4500", "-30.00")))
    gamma.post(gamma.posting(("1000", "90.00"), ("2500", "-90.00")))
    gamma.post(gamma.posting(("5500", "30.00"), ("1000", "-30.00")))
    gamma.post(gamma.sale("12.00"))
    with books.write() as session:
        create_group(
            session,
            CreateGroup(code="all", name="All", members="GAMMA", eliminations=RULES),
        )
    return books


def read(books: Any, part: Part) -> Any:
    with books.read() as session:
        return consolidate(
            session,
            group_by_code(session, "all"),
            built_in_tree(),
            part,
            YEAR,
            books.opens,
        )


def test_companies_stand_beside_each_other_without_what_they_owe(group: Any) -> None:
    found = read(group, Part.BALANCE_SHEET)
    figures = {row.code: row.amounts for row in found.statement.rows}
    assert found.companies == ("ALPHA", "GAMMA")
    assert figures["1000"] == (430, 60, 0, 490)
    assert figures["1500"] == (100, 0, -90, 10)
    assert figures["2500"] == (0, 90, -90, 0)
    assert figures["assets"] == (530, 72, -90, 512)
    assert figures["both"] == (530, 72, -90, 512)
    assert figures["year"] == (30, -18, 0, 12)
    assert found.statement.out_by == (0, 0, 0, 0)
    (mismatch,) = found.mismatches
    assert (mismatch.first, mismatch.second, mismatch.difference) == (100, -90, 10)
    assert mismatches_json(found, 2)[0]["difference"] == "10.00"
    assert group_table(found).rows[-1].amounts == (100, -90, 0, 10)


def test_what_they_charged_each_other_is_no_income(group: Any) -> None:
    found = read(group, Part.PROFIT_LOSS)
    figures = {row.code: row.amounts for row in found.statement.rows}
    assert figures["4500"] == (30, 0, -30, 0)
    assert figures["5500"] == (0, 30, -30, 0)
    assert figures["result"] == (30, -18, 0, 12)
    assert found.mismatches == ()
    assert found.statement.out_by == (0, 0, 0, 0)


def test_a_rule_of_both_statements_is_flagged_and_not_applied(group: Any) -> None:
    with group.write() as session:
        edit_group(
            session,
            EditGroup(
                id=group_by_code(session, "all").id,
                code="all",
                name="All",
                members="GAMMA",
                eliminations="ALPHA 1500 = GAMMA 5500",
            ),
        )
    found = read(group, Part.BALANCE_SHEET)
    assert found.mismatches[0].why
    assert all(not row.amounts[2] for row in found.statement.rows)


def test_a_foreign_company_is_translated_at_closing_and_average_rates(
    group: Any, other_books: Any
) -> None:
    """BETA: 1,000 JPY paid in at 125, 600 earned in March at 120; the year ends at 100."""
    other_books.post(other_books.posting(("1000", "1000"), ("3000", "-1000")))
    other_books.post(other_books.posting(("1000", "600"), ("4000", "-600")))
    with group.write() as session:
        create_group(session, CreateGroup(code="far", name="Far", members="BETA"))
    with pytest.raises(RateMissing, match="JPY in EUR"):
        _far(group, Part.BALANCE_SHEET)
    with group.write() as session:
        for day, kind, rate in (
            (date(2026, 3, 15), RateKind.SPOT, "125"),
            (YEAR.end, RateKind.SPOT, "100"),
            (date(2026, 3, 31), RateKind.AVERAGE, "120"),
        ):
            command = TypeRate(date=day, base="EUR", quote="JPY", rate=rate, kind=kind)
            type_rate(session, command)
    sheet = _far(group, Part.BALANCE_SHEET)
    figures = {row.code: row.amounts for row in sheet.statement.rows}
    assert figures["1000"] == (430, 16, 0, 446)
    assert figures["3000"] == (500, 8, 0, 508)
    assert figures["year"] == (30, 5, 0, 35)
    assert figures["?translation"] == (0, 3, 0, 3)
    assert sheet.statement.out_by == (0, 0, 0, 0)
    earned = _far(group, Part.PROFIT_LOSS)
    assert {row.code: row.amounts for row in earned.statement.rows}["result"] == (30, 5, 0, 35)


def _far(group: Any, part: Part) -> Any:
    with group.read() as session:
        return consolidate(
            session, group_by_code(session, "far"), built_in_tree(), part, YEAR, group.opens
        )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"code": "all"}, "code"),
        ({"members": "ALPHA"}, "members"),
        ({"members": "; "}, "members"),
        ({"eliminations": "ALPHA 1500 GAMMA 2500"}, "eliminations"),
        ({"eliminations": "ALPHA 1500 = BETA 2500"}, "eliminations"),
        ({"eliminations": "ALPHA 2..1 = GAMMA 2500"}, "eliminations"),
        ({"eliminations": "GAMMA 1500 = GAMMA 2500"}, "eliminations"),
    ],
)
def test_what_is_wrong_with_a_group_is_said_at_its_field(
    group: Any, values: dict[str, str], field: str
) -> None:
    given = {"code": "new", "name": "New", "members": "GAMMA", **values}
    with pytest.raises(Invalid) as refused, group.write() as session:
        create_group(session, CreateGroup(**given))
    assert {one.field for one in refused.value.problems} == {field}


def test_a_group_goes_and_its_companies_stay(group: Any) -> None:
    with group.write() as session:
        delete_group(session, DeleteGroup(id=group_by_code(session, "all").id))
    with group.read() as session, pytest.raises(NotFound):
        group_by_code(session, "all")


def test_nobody_reads_a_company_that_is_not_open_to_them(group: Any) -> None:
    with group.read() as session:
        assert context_elsewhere(session, "GAMMA").company.code == "GAMMA"
        with pytest.raises(NotFound):
            context_elsewhere(session, "NONE")
    stranger = Context(
        Actor("stranger", 4711), company=group.company, company_ids=frozenset({group.company.id})
    )
    with group.database.read(stranger, group.suite) as session, pytest.raises(NotFound):
        context_elsewhere(session, "GAMMA")


def test_amounts_are_exact(group: Any) -> None:
    found = read(group, Part.BALANCE_SHEET)
    assert all(isinstance(one, Decimal) for row in found.statement.rows for one in row.amounts)


def test_headings_stand_alone_and_nothing_is_below_nothing(group: Any) -> None:
    group.post(group.posting(("5000", "100.00"), ("1000", "-100.00")))  # ALPHA makes a loss
    found = read(group, Part.BALANCE_SHEET)
    whole, headings = group_table(found), group_table(found, accounts=False)
    assert [row for row in whole.rows if row.kind != "account"] == list(headings.rows)
    assert len(headings.rows) < len(whole.rows)
    (mismatch,) = (row for row in headings.rows if row.kind == "mismatch")
    assert [f"{one:.2f}" for one in mismatch.amounts] == ["100.00", "-90.00", "0.00", "10.00"]


def test_an_average_that_is_missing_is_called_one(books: Any, other_books: Any) -> None:
    other_books.post(other_books.sale("1200"))
    with books.write() as session:
        create_group(session, CreateGroup(code="all", name="All", members="BETA"))
        command = TypeRate(date=date(2026, 12, 31), base="EUR", quote="JPY", rate="150")
        type_rate(session, command)
    with pytest.raises(RateMissing, match="no average rate of JPY in EUR on 2026-03-31"):
        read(books, Part.PROFIT_LOSS)
