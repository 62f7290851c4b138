"""Dimensions on lines: what is said, required, stored once, reported, reversed and spread."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.contracts.ledger import Posting, PostingLine
from backstay.errors import Conflict, Invalid
from backstay_ledger.dimensions.slices import slice_of
from backstay_ledger.dimensions.spreading import (
    Share,
    SpreadBalance,
    preview_spread,
    spread_balance,
)
from backstay_ledger.dimensions.values import (
    AddDimension,
    AddValue,
    EditDimension,
    EditValue,
    RequireDimension,
    add_dimension,
    add_value,
    edit_dimension,
    edit_value,
    require_dimension,
)
from backstay_ledger.services.balances import balance, balances, trial_balance
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.drafts import (
    DraftLine,
    PostDraft,
    SaveDraft,
    as_typed,
    post_draft,
    save_draft,
)
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from backstay_ledger.services.splitting import split
from backstay_ledger.services.stored import stored_entry

REFUSED = (sqlite3.Error, psycopg.Error)
MARCH = date(2026, 3, 31)


@pytest.fixture
def ids(books: Any) -> Any:
    """Cost centres 100 (production, with 110 below it) and 200 (sales), and a project X."""
    with books.write() as session:
        centre = add_dimension(session, AddDimension(code="cost_centre", name="Cost centre")).id
        project = add_dimension(session, AddDimension(code="project", name="Project")).id

        def value(dimension: int, code: str, parent: int | None = None, **days: Any) -> int:
            command = AddValue(
                dimension_id=dimension, code=code, name=f"Value {code}", parent_id=parent, **days
            )
            return add_value(session, command).id

        production = value(centre, "100")
        return {
            "centre": centre,
            "project": project,
            "100": production,
            "110": value(centre, "110", production),
            "200": value(centre, "200"),
            "X": value(project, "X", valid_from=date(2026, 3, 1), valid_to=MARCH),
        }


def cost(amount: str, *pairs: tuple[str, str], day: date = date(2026, 3, 15), key: str = "") -> Any:
    return Posting(
        key=key,
        journal="GEN",
        date=day,
        lines=(
            PostingLine("5000", Decimal(amount), dimensions=pairs),
            PostingLine("1000", -Decimal(amount)),
        ),
    )


def account(books: Any, code: str) -> int:
    return int(books.value("SELECT id FROM ledger_account WHERE code = :code", code=code))


def of_value(books: Any, value: int, day: date = MARCH) -> dict[str, Decimal]:
    pair = books.value(
        "SELECT d.code || '=' || v.code FROM ledger_dimension_value AS v"
        " JOIN ledger_dimension AS d ON d.id = v.dimension_id WHERE v.id = :id",
        id=value,
    )
    with books.read() as session:
        within = slice_of(session, [pair]).within(session)
        found = trial_balance(session, day, within)
        return {row.code: row.debit - row.credit for row in found}


def sound(books: Any) -> bool:
    with books.read() as session:
        return check_books(session) == []


def test_a_report_by_a_value_contains_those_below_it(books: Any, ids: Any) -> None:
    books.post(cost("10.00", ("cost_centre", "100")))
    books.post(cost("20.00", ("cost_centre", "110"), ("project", "X")))
    books.post(cost("40.00", ("cost_centre", "200"), day=date(2026, 2, 10)))
    books.post(cost("80.00"))
    assert of_value(books, ids["100"]) == {"5000": Decimal(30)}
    assert of_value(books, ids["110"]) == {"5000": Decimal(20)}
    assert of_value(books, ids["200"]) == {"5000": Decimal(40)}
    assert of_value(books, ids["X"]) == {"5000": Decimal(20)}
    for day in (date(2026, 3, 14), date(2026, 2, 28), date(2026, 2, 9)):
        assert of_value(books, ids["100"], day) == {}
    assert of_value(books, ids["200"], date(2026, 2, 10)) == {"5000": Decimal(40)}
    assert of_value(books, ids["100"], date(2026, 3, 15)) == {"5000": Decimal(30)}
    assert sound(books)


def test_a_combination_is_stored_once_in_any_order(books: Any, ids: Any) -> None:
    both = (("cost_centre", "110"), ("project", "X"))
    books.post_many([cost("1.00", *both), cost("2.00", *reversed(both))])
    books.post(cost("3.00", *both))
    assert books.count("ledger_dimset") == 1
    assert books.count("ledger_dimset_value") == 2
    assert books.rows("SELECT debit, credit, n FROM ledger_dimension_balance") == [(60000, 0, 3)]


@pytest.mark.parametrize(
    ("pairs", "day", "said"),
    [
        ((("centre", "100"),), MARCH, "There is no dimension “centre”."),
        ((("cost_centre", "300"),), MARCH, "There is no value “300” of cost_centre."),
        ((("project", "100"),), MARCH, "There is no value “100” of project."),
        (
            (("cost_centre", "100"), ("cost_centre", "200")),
            MARCH,
            "The line has two values of cost_centre.",
        ),
        ((("project", "X"),), date(2026, 4, 1), "“X” of project is not valid on 2026-04-01."),
        ((("project", "X"),), date(2026, 2, 28), "“X” of project is not valid on 2026-02-28."),
    ],
)
def test_what_can_not_be_is_refused_at_its_line(
    books: Any, ids: Any, pairs: Any, day: date, said: str
) -> None:
    with pytest.raises(Invalid) as error:
        books.post(cost("1.00", *pairs, day=day))
    assert [(one.field, one.message) for one in error.value.problems] == [
        ("lines.0.dimensions", said)
    ]
    assert books.count("ledger_dimset") == 0


def test_an_account_that_requires_a_dimension_takes_no_line_without(books: Any, ids: Any) -> None:
    with books.write() as session:
        command = RequireDimension(account_id=account(books, "5000"), dimension_id=ids["centre"])
        require_dimension(session, command)
    with pytest.raises(Conflict, match="requires Cost centre already"), books.write() as session:
        require_dimension(session, command)
    with pytest.raises(Invalid) as error:
        books.post(cost("1.00", ("project", "X")))
    assert [(one.field, one.message) for one in error.value.problems] == [
        ("lines.0.dimensions", "Account 5000 requires a value of cost_centre.")
    ]
    books.post(cost("1.00", ("cost_centre", "100")))
    books.post(books.sale())
    assert sound(books)


def test_a_reversal_takes_back_values_that_are_not_valid_any_more(books: Any, ids: Any) -> None:
    posted = books.post(cost("20.00", ("project", "X")))
    with books.write() as session:
        edit_dimension(session, EditDimension(id=ids["project"], name="Project", active=False))
    with pytest.raises(Invalid, match="inactive"):
        books.post(cost("1.00", ("project", "X")))
    with books.write() as session:
        reverse_entry(session, ReverseEntry(id=posted.id, on=date(2026, 4, 2), reason="wrong"))
    assert of_value(books, ids["X"], date(2026, 4, 30)) == {}
    assert of_value(books, ids["X"]) == {"5000": Decimal(20)}
    assert sound(books)


def test_a_draft_keeps_what_was_typed(books: Any, ids: Any) -> None:
    lines = (
        DraftLine(account="5000", debit=Decimal(5), dimensions="project=X, cost_centre = 110"),
        DraftLine(account="1000", credit=Decimal(5)),
    )
    with books.write() as session:
        draft = save_draft(
            session, SaveDraft(journal="GEN", date=date(2026, 3, 15), lines=lines)
        ).id
        typed = as_typed(stored_entry(session, draft))
        assert typed.lines[0].dimensions == "cost_centre=110, project=X"
        assert save_draft(session, typed).version == 1
    with books.write() as session:
        post_draft(session, PostDraft(id=draft))
    assert of_value(books, ids["100"]) == {"5000": Decimal(5)}
    assert sound(books)
    wrong = (DraftLine(account="5000", debit=Decimal(5), dimensions="cost_centre"), lines[1])
    with pytest.raises(Invalid) as error, books.write() as session:
        save_draft(session, SaveDraft(journal="GEN", date=date(2026, 3, 15), lines=wrong))
    assert [one.field for one in error.value.problems] == ["lines.0.dimensions"]


@pytest.mark.needs("postgresql")
def test_postings_refer_to_a_dimension_while_its_values_move(books: Any, ids: Any) -> None:
    if books.database.is_sqlite:
        return  # one writer at a time
    with books.write() as session, books.database.engine.connect() as beside:
        edit_value(session, EditValue(id=ids["200"], name="200", parent_id=ids["100"]))
        posting = "SELECT id FROM ledger_dimension FOR KEY SHARE NOWAIT"
        assert beside.exec_driver_sql(posting).all()


def test_the_same_key_with_other_values_is_other_content(books: Any, ids: Any) -> None:
    first = books.post(cost("1.00", ("cost_centre", "100"), key="k"))
    assert books.post(cost("1.00", ("cost_centre", "100"), key="k")).id == first.id
    for pairs in ((("cost_centre", "200"),), ()):
        with pytest.raises(Conflict, match="other content"):
            books.post(cost("1.00", *pairs, key="k"))


def test_a_value_does_not_stand_below_itself(books: Any, ids: Any, raw: Any) -> None:
    with pytest.raises(Invalid) as error, books.write() as session:
        edit_value(session, EditValue(id=ids["100"], name="Production", parent_id=ids["110"]))
    assert [(one.field, one.message) for one in error.value.problems] == [
        ("parent_id", "“100 Value 100” would stand below itself.")
    ]
    with pytest.raises(Invalid, match="another dimension"), books.write() as session:
        edit_value(session, EditValue(id=ids["200"], name="Sales", parent_id=ids["X"]))
    for child, parent in (("100", "110"), ("100", "100"), ("200", "X")):
        with pytest.raises(REFUSED, match="stands below"):
            raw.run(
                f"UPDATE ledger_dimension_value SET parent_id = {ids[parent]}"
                f" WHERE id = {ids[child]}"
            )


HARM = {
    "a balance": ("UPDATE ledger_dimension_balance SET debit = 0", "can not be written"),
    "a deleted balance": ("DELETE FROM ledger_dimension_balance", "can not be written"),
    "a set": ("UPDATE ledger_dimset SET digest = 'x'", "never changes"),
    "a value of a set": ("DELETE FROM ledger_dimset_value", "never changes"),
    "one more value": (
        (
            "INSERT INTO ledger_dimset_value (dimset_id, dimension_id, company_id, value_id)"
            " SELECT id, {project}, company_id, {X} FROM ledger_dimset"
        ),
        "never changes",
    ),
    "a value of another dimension": (
        (
            "INSERT INTO ledger_dimset_value (dimset_id, dimension_id, company_id, value_id)"
            " SELECT id, {project}, company_id, {200} FROM ledger_dimset"
        ),
        "of the dimension they are named for",
    ),
    "a used value": ("DELETE FROM ledger_dimension_value WHERE id = {100}", "in use|foreign key"),
    "a moved value": (
        "UPDATE ledger_dimension_value SET dimension_id = {project} WHERE id = {100}",
        "never change",
    ),
    "the set of a posted line": (
        "UPDATE ledger_line SET dimset_id = NULL",
        "lines of a posted entry",
    ),
}


@pytest.mark.parametrize("what", HARM)
def test_sql_does_not_change_what_lines_say(books: Any, ids: Any, raw: Any, what: str) -> None:
    books.post(cost("10.00", ("cost_centre", "100")))
    statement, match = HARM[what]
    for name, value in ids.items():
        statement = statement.replace(f"{{{name}}}", str(value))
    if what.endswith("balance") and raw.is_sqlite and statement.startswith("UPDATE"):
        return  # there the rule is that only Backstay's connections write
    with pytest.raises(REFUSED, match=match):
        raw.run(statement)
    assert sound(books)


def test_sql_can_not_post_without_a_required_value(books: Any, ids: Any, raw: Any) -> None:
    books.post(books.sale())
    lines = (
        DraftLine(account="5000", debit=Decimal(5)),
        DraftLine(account="1000", credit=Decimal(5)),
    )
    with books.write() as session:
        command = RequireDimension(account_id=account(books, "5000"), dimension_id=ids["centre"])
        require_dimension(session, command)
        draft = save_draft(
            session, SaveDraft(journal="GEN", date=date(2026, 3, 15), lines=lines)
        ).id
    year, period = books.rows(
        "SELECT fiscal_year_id, period_id FROM ledger_entry WHERE state = 'posted'"
    )[0]
    with pytest.raises(REFUSED, match="requires a value of a dimension"):
        raw.run(
            f"UPDATE ledger_line SET date = '2026-03-15' WHERE entry_id = {draft}",
            "UPDATE ledger_sequence_head SET last_number = 2",
            "UPDATE ledger_entry SET state = 'posted', number = 2,"
            f" number_text = 'GEN-2026-000002', fiscal_year_id = {year}, period_id = {period},"
            f" posted_by = 'x', posted_at = 1 WHERE id = {draft}",
        )


def test_a_balance_is_spread_over_values_exactly(books: Any, ids: Any) -> None:
    books.post(cost("100.00"))
    command = SpreadBalance(
        account="5000",
        as_of=MARCH,
        dimension="cost_centre",
        shares=(
            Share("100", Decimal(1)),
            Share("110", Decimal(1)),
            Share("200", Decimal(1)),
        ),
    )
    with books.read() as session:
        told = preview_spread(session, command)
    assert [line.amount for line in told] == [
        Decimal("-100.00"),
        Decimal("33.34"),
        Decimal("33.33"),
        Decimal("33.33"),
    ]
    with books.write() as session:
        spread_balance(session, command)
    assert of_value(books, ids["100"]) == {"5000": Decimal("66.67")}
    assert of_value(books, ids["200"]) == {"5000": Decimal("33.33")}
    with books.read() as session:
        assert balance(session, "5000", MARCH) == 100
        within = slice_of(session, ["cost_centre=200"]).within(session)
        assert balances(session, MARCH, [account(books, "1000")], within=within) == {}
    with pytest.raises(Invalid), books.read() as session:
        preview_spread(
            session, SpreadBalance(account="2000", as_of=MARCH, dimension="x", shares=())
        )
    assert sound(books)


@given(
    units=st.integers(-(10**12), 10**12),
    weights=st.lists(st.integers(1, 10**6), min_size=1, max_size=12),
    minor_units=st.integers(0, 4),
)
def test_parts_add_up_to_the_whole(units: int, weights: list[int], minor_units: int) -> None:
    amount = Decimal(units).scaleb(-minor_units)
    parts = split(amount, [Decimal(weight) for weight in weights], minor_units)
    assert sum(parts) == amount
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        off = abs(part * total - amount * weight)
        assert off < Decimal(total).scaleb(-minor_units)
