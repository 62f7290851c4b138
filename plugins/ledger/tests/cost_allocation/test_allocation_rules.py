"""Costs are spread by rules: the parts are the whole, once a month, and can be taken back."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay.contracts.ledger import Posting, PostingLine
from backstay.errors import Conflict, Invalid, Stale
from backstay_ledger.closing.services.periods import ADJUSTMENT, add_period
from backstay_ledger.closing.tasks import allocation_rules
from backstay_ledger.cost_allocation.models import Basis
from backstay_ledger.cost_allocation.named_accounts import accounts_said, may_name
from backstay_ledger.cost_allocation.rules import (
    AddAllocationRule,
    EditAllocationRule,
    add_rule,
    edit_rule,
    load_rule,
    shares_of,
)
from backstay_ledger.cost_allocation.running import RunAllocationRule, preview_rule, run_rule
from backstay_ledger.dimensions.slices import slice_of
from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value
from backstay_ledger.models import AccountClass, FiscalYear, PeriodKind
from backstay_ledger.services.accounts import CreateAccount, account_by_code, add_accounts
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.fiscal_years import period_on
from backstay_ledger.services.posting import post as post_entry
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from backstay_ledger.services.stored import stored_entry

REFUSED = (sqlite3.Error, psycopg.Error)
MARCH = date(2026, 3, 15)
MARCH_END = date(2026, 3, 31)
Pairs = tuple[tuple[str, str], ...]


@pytest.fixture
def ids(books: Any) -> dict[str, int]:
    """Cost centres 100, 200 and 300, and an account of square metres."""
    with books.write() as session:
        add_accounts(
            session,
            [
                CreateAccount(
                    code="9000", name="Square metres", account_class=AccountClass.EXPENSE
                ),
                CreateAccount(code="9001", name="Contra", account_class=AccountClass.EXPENSE),
            ],
        )
        centre = add_dimension(session, AddDimension(code="cost_centre", name="Cost centre")).id
        project = add_dimension(session, AddDimension(code="project", name="Project")).id
        for code in ("100", "200", "300"):
            add_value(session, AddValue(dimension_id=centre, code=code, name=code))
        add_value(session, AddValue(dimension_id=project, code="X", name="X"))
        return {"centre": centre, "march": period_on(session, MARCH).id}


def post(books: Any, *lines: tuple[str, str, Pairs], day: date = MARCH) -> None:
    books.post(
        Posting(
            key="",
            journal="GEN",
            date=day,
            lines=tuple(
                PostingLine(code, Decimal(amount), dimensions=pairs)
                for code, amount, pairs in lines
            ),
        )
    )


def centre(code: str) -> Pairs:
    return (("cost_centre", code),)


def rent(books: Any, amount: str, pairs: Pairs = (), day: date = MARCH) -> None:
    post(books, ("5000", amount, pairs), ("1000", f"-{amount}", ()), day=day)


def rule_for(books: Any, ids: dict[str, int], **values: Any) -> int:
    command = AddAllocationRule(
        name=values.pop("name", "Rent by floor space"),
        sources=values.pop("sources", "5000"),
        source_values=values.pop("source_values", "cost_centre=-"),
        dimension_id=ids["centre"],
        basis=values.pop("basis", Basis.SHARES),
        shares=values.pop("shares", "100=1, 200=1, 300=1"),
        valid_from=values.pop("valid_from", date(2026, 1, 1)),
        **values,
    )
    with books.write() as session:
        return add_rule(session, command).id


def run(books: Any, rule: int, ids: dict[str, int]) -> int:
    with books.write() as session:
        return run_rule(session, RunAllocationRule(id=rule, period_id=ids["march"])).entry_id


def standing(books: Any, *pairs: str) -> dict[str, Decimal]:
    with books.read() as session:
        within = slice_of(session, pairs).within(session)
        return {row.code: row.debit - row.credit for row in trial_balance(session, None, within)}


def sound(books: Any) -> bool:
    with books.read() as session:
        return check_books(session) == []


def test_the_parts_of_fixed_shares_are_the_whole(books: Any, ids: dict[str, int]) -> None:
    rent(books, "100.00")
    rent(books, "7.00", centre("100"))  # has its cost centre already
    rule = rule_for(books, ids)
    with books.read() as session:
        command = RunAllocationRule(id=rule, period_id=ids["march"])
        told = [(one.amount, one.text) for one in preview_rule(session, command)]
    entry = run(books, rule, ids)
    with books.read() as session:
        posted = stored_entry(session, entry)
        lines = [(line.amount, line.text) for line in posted.lines]
    assert lines == told
    assert [amount for amount, _text in lines] == [
        Decimal("-100.00"),
        Decimal("33.34"),
        Decimal("33.33"),
        Decimal("33.33"),
    ]
    assert lines[1][1] == "100.00 of 5000, 1 / 3"
    assert posted.row.date == MARCH_END
    assert standing(books, "cost_centre=-") == {"1000": Decimal("-107.00")}
    assert standing(books, "cost_centre=100") == {"5000": Decimal("40.34")}
    assert standing(books)["5000"] == Decimal("107.00")
    assert sound(books)


def test_a_rule_is_run_once_for_a_month_until_it_is_reversed(
    books: Any, ids: dict[str, int], raw: Any
) -> None:
    rent(books, "100.00")
    rule = rule_for(books, ids, shares="100=3, 200=1")
    entry = run(books, rule, ids)
    assert run(books, rule, ids) == entry
    assert books.count("ledger_allocation_run") == 1
    copied = (
        "INSERT INTO ledger_allocation_run (id, company_id, rule_id, period_id, attempt, entry_id,"
        " run_by, run_at) SELECT id + 1, company_id, rule_id, period_id, attempt + 1,"
        " entry_id - 1, run_by, run_at FROM ledger_allocation_run"
    )
    for statement, problem in (
        (copied, "run once"),
        ("DELETE FROM ledger_allocation_run", "stays on record"),
        ("UPDATE ledger_allocation_run SET attempt = 2", "stays on record|never change"),
        ("DELETE FROM ledger_allocation_rule", "allocation.rule"),
    ):
        with pytest.raises(REFUSED, match=problem):
            raw.run(statement)
    with books.write() as session:
        reverse_entry(session, ReverseEntry(id=entry, on=MARCH_END, reason="late bill"))
    assert standing(books, "cost_centre=100") == {}
    rent(books, "20.00")
    again = run(books, rule, ids)
    assert again != entry
    assert standing(books, "cost_centre=100") == {"5000": Decimal("90.00")}
    assert sound(books)


def test_parts_follow_what_other_accounts_moved(books: Any, ids: dict[str, int]) -> None:
    post(
        books,
        ("9000", "120.00", centre("100")),
        ("9000", "60.00", centre("300")),
        ("9001", "-180.00", ()),
    )
    rent(books, "1000.00", (("project", "X"),))
    rule = rule_for(books, ids, basis=Basis.BALANCES, shares="", basis_accounts="9000")
    run(books, rule, ids)
    assert standing(books, "cost_centre=100", "project=X") == {"5000": Decimal("666.67")}
    assert standing(books, "cost_centre=300", "project=X") == {"5000": Decimal("333.33")}
    assert "5000" not in standing(books, "cost_centre=-")
    april = rule_for(
        books, ids, name="other", basis=Basis.BALANCES, shares="", basis_accounts="1000"
    )
    rent(books, "1.00")
    with pytest.raises(Invalid, match="there is no basis"):
        run(books, april, ids)
    assert sound(books)


def test_other_accounts_may_take_the_parts_and_the_relief(books: Any, ids: dict[str, int]) -> None:
    rent(books, "100.00")
    with books.read() as session:
        target, relief = (account_by_code(session, code).id for code in ("9000", "9001"))
    rule = rule_for(
        books, ids, target_account_id=target, relief_account_id=relief, shares="100=1, 200=3"
    )
    run(books, rule, ids)
    assert standing(books) == {
        "1000": Decimal("-100.00"),
        "5000": Decimal("100.00"),
        "9000": Decimal("100.00"),
        "9001": Decimal("-100.00"),
    }
    assert standing(books, "cost_centre=200") == {"9000": Decimal("75.00")}


def test_the_close_cockpit_names_rules_that_were_not_run(books: Any, ids: dict[str, int]) -> None:
    rule = rule_for(books, ids)
    rule_for(books, ids, name="of next year", valid_from=date(2027, 1, 1))

    def found() -> list[str]:
        with books.read() as session:
            return [one.text for one in allocation_rules(session, period_on(session, MARCH))]

    assert found() == []  # there is nothing to allocate
    rent(books, "10.00")
    assert found() == ["Rent by floor space"]
    entry = run(books, rule, ids)
    assert found() == []
    with books.write() as session:
        reverse_entry(session, ReverseEntry(id=entry, on=MARCH_END, reason="late bill"))
    assert found() == ["Rent by floor space"]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("sources", "7777", "“7777” names no account"),
        ("sources", "none/assets", "“none/assets” names no account"),
        ("source_values", "cost_centre=9", "no value “9”"),
        ("source_values", "region=1", "no dimension “region”"),
        ("shares", "100=0", "write value=share"),
        ("shares", "100", "write value=share"),
        ("shares", "100=0.00001", "write value=share"),
        ("shares", "100=1e30", "at most 1,000,000,000"),
        ("shares", "100=1e16", "at most 1,000,000,000"),
        ("shares", "100=NaN", "write value=share"),
        ("shares", "900=1", "no value “900”"),
        ("shares", "100=1, 100=2", "has a share already"),
        ("shares", "", "which values get a share"),
        ("valid_to", date(2025, 1, 1), "end before they begin"),
        ("name", "taken", "one with this name"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    books: Any, ids: dict[str, int], field: str, value: Any, problem: str
) -> None:
    rule_for(books, ids, name="taken")
    with pytest.raises(Invalid) as refused:
        rule_for(books, ids, **{field: value})
    (one,) = refused.value.problems
    assert one.field == field
    assert problem in one.message


def test_a_rule_is_changed_and_has_its_days(books: Any, ids: dict[str, int]) -> None:
    rent(books, "100.00")
    rule = rule_for(books, ids, sources="5000-5999")
    changed = EditAllocationRule(
        id=rule,
        name="Rent",
        sources="5000",
        dimension_id=ids["centre"],
        basis=Basis.SHARES,
        shares="300=2.5",
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 2, 28),
    )
    with books.write() as session:
        edit_rule(session, changed)
    with books.read() as session:
        assert shares_of(session, load_rule(session, rule)) == [("300", Decimal("2.5"))]
    with pytest.raises(Conflict, match="is not valid in 2026-03"):
        run(books, rule, ids)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cents=st.lists(st.integers(-(10**9), 10**9).filter(bool), min_size=1, max_size=4),
    weights=st.lists(st.integers(1, 10**5), min_size=3, max_size=3),
)
def test_whatever_is_spread_stays_what_it_was(
    books: Any, ids: dict[str, int], cents: list[int], weights: list[int]
) -> None:
    name = f"rule {books.count('ledger_allocation_rule')}"
    before = standing(books)
    held: dict[str, Decimal] = defaultdict(Decimal, standing(books, "cost_centre=-"))
    for amount in cents:
        value = Decimal(amount).scaleb(-2)
        post(books, ("5000", str(value), ()), ("1000", str(-value), ()))
    total = Decimal(sum(cents)).scaleb(-2)
    shares = ", ".join(f"{100 * place}={one}" for place, one in enumerate(weights, 1))
    rule = rule_for(books, ids, name=name, shares=shares)
    if held["5000"] + total == 0:
        with pytest.raises(Invalid, match="nothing to allocate"):
            run(books, rule, ids)
        return
    run(books, rule, ids)
    assert standing(books).get("5000", 0) == before.get("5000", 0) + total
    assert "5000" not in standing(books, "cost_centre=-")


def test_a_sum_of_the_basis_is_of_the_month_alone(books: Any, ids: dict[str, int]) -> None:
    """What is spread is of December alone, so adjustments are in no weight either."""
    day = date(2026, 12, 10)
    rent(books, "100.00", day=day)
    post(books, ("9000", "1.00", centre("100")), ("9001", "-1.00", ()), day=day)
    lines = (
        PostingLine("9000", Decimal(3), dimensions=centre("200")),
        PostingLine("9001", Decimal(-3)),
    )
    with books.write() as session:
        december = period_on(session, day)
        year = session.get_one(FiscalYear, december.fiscal_year_id)
        add_period(session, year, PeriodKind.ADJUSTMENT, ADJUSTMENT)
        post_entry(session, Posting("", "GEN", date(2026, 12, 31), lines, adjustment=True))
        month = december.id
    rule = rule_for(books, ids, basis=Basis.BALANCES, shares="", basis_accounts="9000")
    run(books, rule, {"march": month})
    assert standing(books, "cost_centre=100")["5000"] == Decimal("100.00")
    assert "5000" not in standing(books, "cost_centre=200")


def edited(books: Any, rule: int, ids: dict[str, int], **values: Any) -> None:
    command = EditAllocationRule(
        id=rule,
        name="Rent by floor space",
        sources="5000",
        source_values="cost_centre=-",
        dimension_id=ids["centre"],
        basis=Basis.SHARES,
        valid_from=date(2026, 1, 1),
        **values,
    )
    with books.write() as session:
        edit_rule(session, command)


def test_changed_shares_are_audited_and_raise_the_version_of_their_rule(
    books: Any, ids: dict[str, int]
) -> None:
    rule = rule_for(books, ids, shares="100=1, 200=1")
    with books.read() as session:
        version = load_rule(session, rule).version
    edited(books, rule, ids, shares="200=1, 100=1", version=version)  # as it was
    edited(books, rule, ids, shares="200=5, 300=1", version=version)
    with books.read() as session:
        assert load_rule(session, rule).version == version + 1
        said = [("200", Decimal(5)), ("300", Decimal(1))]
        assert shares_of(session, load_rule(session, rule)) == said
    with pytest.raises(Stale):
        edited(books, rule, ids, shares="100=1", version=version)
    audited = books.rows(
        "SELECT action FROM core_audit WHERE entity = 'ledger_allocation_share' ORDER BY id"
    )
    assert sorted(row.action for row in audited) == ["create"] * 3 + ["delete", "update"]


def test_codes_of_accounts_may_have_spaces(books: Any, ids: dict[str, int]) -> None:
    code = "expenses:office rent"
    with books.write() as session:
        kind = AccountClass.EXPENSE
        add_accounts(session, [CreateAccount(code=code, name="Rent", account_class=kind)])
    post(books, (code, "10.00", ()), ("1000", "-10.00", ()))
    rent(books, "6.00", (("project", "X"),))
    values = "cost_centre=- project=-"
    rule = rule_for(books, ids, sources=f"{code}, 5000 - 5999", source_values=values)
    with books.read() as session:
        named = [one for _id, one in accounts_said(session, f"5000 - 5999;{code}", "sources")]
        due = [one.text for one in allocation_rules(session, period_on(session, MARCH))]
    assert named == ["5000", code]
    assert due == ["Rent by floor space"]
    run(books, rule, ids)
    assert standing(books, "cost_centre=-") == {"1000": Decimal("-16.00"), "5000": Decimal("6.00")}


@pytest.mark.parametrize(
    ("typed", "shown", "named"),
    [
        ("5000..5999", "5000..5999", ["5000", "5000-1"]),
        ("5000-5999", "5000..5999", ["5000", "5000-1"]),
        ("5000 \u2013 5999;\n1000", "5000..5999, 1000", ["1000", "5000", "5000-1"]),
        ("5000-1", "5000-1", ["5000-1"]),
        ("5000-1 .. 5000-9", "5000-1..5000-9", ["5000-1"]),
        ("5000-1-5000-9", None, "Write a range with two points"),
        ("5999..5000", None, "names no account"),
        ("..5000", None, "names no account"),
    ],
)
def test_ranges_have_one_notation_and_hyphens_belong_to_codes(
    books: Any, ids: dict[str, int], typed: str, shown: str | None, named: Any
) -> None:
    with books.write() as session:
        kind = AccountClass.EXPENSE
        add_accounts(session, [CreateAccount(code="5000-1", name="Rent", account_class=kind)])
    if shown is None:
        with pytest.raises(Invalid) as refused:
            rule_for(books, ids, sources=typed)
        (one,) = refused.value.problems
        assert (one.field, named in one.message) == ("sources", True)
        return
    rule = rule_for(books, ids, sources=typed)
    with books.read() as session:
        row = load_rule(session, rule)
        assert row.sources == shown
        assert [code for _id, code in accounts_said(session, row.sources, "sources")] == named
        assert [code for _id, code in accounts_said(session, typed, "sources")] == named
        assert may_name(row.sources, named[-1:])
