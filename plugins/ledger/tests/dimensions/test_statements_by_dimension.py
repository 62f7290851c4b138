"""Statements of one part of the books, and beside each other: the parts are the whole."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay.contracts.ledger import Posting, PostingLine
from backstay.errors import Invalid
from backstay_ledger.dimensions import columns as dimension_columns
from backstay_ledger.dimensions.slices import WHOLE, Slice, slice_of
from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value
from backstay_ledger.services.account_card import account_card, general_ledger
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.compute import Statement, balance_sheet, profit_and_loss
from backstay_ledger.statements.journal_report import journal_entries
from backstay_ledger.statements.tree import built_in_tree
from backstay_ledger.statements.trial_table import trial_balance_by

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

YEAR = Column(date(2026, 1, 1), date(2026, 12, 31))
MID_MARCH = date(2026, 3, 15)
Pairs = tuple[tuple[str, str], ...]


@pytest.fixture
def centres(books: Any) -> Any:
    """Cost centres 100 (with 110 and 120 below it) and 200, projects X and Y."""
    with books.write() as session:
        centre = add_dimension(session, AddDimension(code="cost_centre", name="Cost centre")).id
        project = add_dimension(session, AddDimension(code="project", name="Project")).id

        def value(dimension: int, code: str, parent: int | None = None) -> int:
            command = AddValue(
                dimension_id=dimension, code=code, name=f"Value {code}", parent_id=parent
            )
            return add_value(session, command).id

        top = value(centre, "100")
        for code in ("110", "120"):
            value(centre, code, top)
        value(centre, "200")
        for code in ("X", "Y"):
            value(project, code)
    return books


def entry(
    debit: str, credit: str, amount: str, pairs: Pairs = (), day: date = MID_MARCH
) -> Posting:
    """The line on income or expense carries the values."""
    return Posting(
        key="",
        journal="GEN",
        date=day,
        lines=tuple(
            PostingLine(code, sign * Decimal(amount), dimensions=pairs if code >= "4000" else ())
            for code, sign in ((debit, 1), (credit, -1))
        ),
    )


def sale(amount: str, *pairs: tuple[str, str], day: date = MID_MARCH) -> Posting:
    return entry("1000", "4000", amount, pairs, day)


def cost(amount: str, *pairs: tuple[str, str], day: date = MID_MARCH) -> Posting:
    return entry("5000", "1000", amount, pairs, day)


def busy(books: Any) -> None:
    books.post_many(
        [
            sale("1000.00", ("cost_centre", "100"), day=date(2026, 1, 31)),
            sale("500.00", ("cost_centre", "110"), ("project", "X")),
            sale("70.00", ("cost_centre", "200"), ("project", "Y"), day=date(2026, 4, 10)),
            sale("8.00"),
            cost("300.00", ("cost_centre", "120"), ("project", "X"), day=date(2026, 2, 20)),
            cost("40.00", ("cost_centre", "200")),
            cost("5.00", ("project", "X")),
        ]
    )


def result(session: Session, *pairs: str, end: date = YEAR.end) -> Decimal:
    days = Column(YEAR.start, end)
    found = profit_and_loss(session, built_in_tree(), (days,), slice_of(session, pairs))
    assert not any(found.out_by)
    return found.result[0]


def by_name(statement: Statement) -> dict[str, Decimal]:
    return {
        column.name: amount
        for column, amount in zip(statement.columns, statement.result, strict=True)
    }


def test_a_statement_of_a_value_has_those_below_it(centres: Any) -> None:
    busy(centres)
    with centres.read() as session:
        assert result(session) == Decimal("1233.00")
        assert result(session, "cost_centre=100") == Decimal("1200.00")
        assert result(session, "cost_centre==100") == Decimal("1000.00")
        assert result(session, "cost_centre=200") == Decimal("30.00")
        assert result(session, "cost_centre=-") == Decimal("3.00")
        assert result(session, "cost_centre=100", "project=X") == Decimal("200.00")
        assert result(session, "cost_centre=-", "project=X") == Decimal("-5.00")
        assert result(session, "cost_centre=-", "project=-") == Decimal("8.00")
        assert result(session, "cost_centre=200", "project=-") == Decimal("-40.00")
        assert result(session, "cost_centre=100", end=date(2026, 2, 19)) == Decimal("1000.00")
        assert result(session, "cost_centre=-", end=date(2026, 3, 14)) == 0


def test_columns_by_value_add_up_to_the_whole(centres: Any) -> None:
    busy(centres)
    tree = built_in_tree()
    with centres.read() as session:
        whole = profit_and_loss(session, tree, (YEAR,), by="cost_centre")
        assert by_name(whole) == {
            "100 Value 100": Decimal("1200.00"),
            "200 Value 200": Decimal("30.00"),
            "Without Cost centre": Decimal("3.00"),
            "Total": Decimal("1233.00"),
        }
        of = slice_of(session, ["cost_centre=100"])
        assert by_name(profit_and_loss(session, tree, (YEAR,), of, "cost_centre")) == {
            "100 Value 100 alone": Decimal("1000.00"),
            "110 Value 110": Decimal("500.00"),
            "120 Value 120": Decimal("-300.00"),
            "Total": Decimal("1200.00"),
        }
        of = slice_of(session, ["project=X"])
        assert by_name(profit_and_loss(session, tree, (YEAR,), of, "cost_centre")) == {
            "100 Value 100": Decimal("200.00"),
            "Without Cost centre": Decimal("-5.00"),
            "Total": Decimal("195.00"),
        }
        sheet = balance_sheet(session, tree, (YEAR,), by="project")
        assert by_name(sheet)["Total"] == Decimal("1233.00")
        assert not any(sheet.out_by)
        with pytest.raises(Invalid, match="no dimension “nothing”"):
            balance_sheet(session, tree, (YEAR,), by="nothing")
        with pytest.raises(Invalid, match="leave the comparison out"):
            balance_sheet(session, tree, (YEAR, YEAR), by="project")


def test_values_beyond_the_most_stand_in_one_column(
    centres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(centres)
    monkeypatch.setattr(dimension_columns, "MOST_VALUES", 1)
    with centres.read() as session:
        shown = by_name(profit_and_loss(session, built_in_tree(), (YEAR,), by="cost_centre"))
    assert list(shown) == ["100 Value 100", "Other values", "Without Cost centre", "Total"]
    assert shown["Other values"] == Decimal("30.00")


def test_lines_and_entries_of_a_value(centres: Any) -> None:
    busy(centres)
    with centres.read() as session:
        within = slice_of(session, ["cost_centre=100"]).within(session)
        sales = account_by_code(session, "4000").id
        card = account_card(session, sales, date(2026, 2, 1), YEAR.end, limit=10, within=within)
        assert (card.opening, card.closing) == (Decimal(-1000), Decimal(-1500))
        assert [line.amount for line in card.lines] == [Decimal(-500)]
        rows = list(general_ledger(session, YEAR.start, YEAR.end, within=within))
        assert [(row.code, row.kind.value, row.balance) for row in rows] == [
            ("4000", "opening", Decimal(0)),
            ("4000", "line", Decimal(-1000)),
            ("4000", "line", Decimal(-1500)),
            ("4000", "closing", Decimal(-1500)),
            ("5000", "opening", Decimal(0)),
            ("5000", "line", Decimal(300)),
            ("5000", "closing", Decimal(300)),
        ]
        entries = journal_entries(session, YEAR.start, YEAR.end, within=within)
        assert [one.lines[0].amount for one in entries] == [1000, 300, 500]
        assert all(len(one.lines) == 2 for one in entries)
        rest = slice_of(session, ["cost_centre=-"]).within(session)
        card = account_card(session, sales, YEAR.start, YEAR.end, limit=10, within=rest)
        assert [line.amount for line in card.lines] == [Decimal(-8)]


def test_what_is_not_there_is_named(centres: Any) -> None:
    with centres.read() as session:
        for pair, problem in {
            "region=1": "no dimension “region”",
            "cost_centre=9": "no value “9” of cost_centre",
            "cost_centre": "not written as dimension=value",
        }.items():
            with pytest.raises(Invalid, match=problem):
                slice_of(session, [pair])
        with pytest.raises(Invalid, match="Two values of project"):
            slice_of(session, ["project=X", "project=Y"])


VALUES: dict[str, list[str | None]] = {
    "cost_centre": [None, "100", "110", "120", "200"],
    "project": [None, "X", "Y"],
}
POSTED = st.lists(
    st.tuples(
        st.integers(1, 10**7),
        st.booleans(),
        st.sampled_from(VALUES["cost_centre"]),
        st.sampled_from(VALUES["project"]),
        st.dates(YEAR.start, YEAR.end),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(posted=POSTED, day=st.dates(YEAR.start, YEAR.end))
def test_the_parts_are_the_whole_on_any_day(centres: Any, posted: Any, day: date) -> None:
    centres.post_many(
        [
            (cost if is_cost else sale)(
                str(Decimal(cents).scaleb(-2)),
                *((name, value) for name, value in zip(VALUES, values, strict=True) if value),
                day=on,
            )
            for cents, is_cost, *values, on in posted
        ]
    )
    tree, days = built_in_tree(), Column(YEAR.start, day)
    with centres.read() as session:
        slices = [WHOLE, *(slice_of(session, [one]) for one in ("project=X", "cost_centre=100"))]
        for of, by in itertools.product(slices, VALUES):
            for statement in (
                profit_and_loss(session, tree, (days,), of, by),
                balance_sheet(session, tree, (days,), of, by),
            ):
                assert not any(statement.out_by)
                for row in statement.rows:
                    assert sum(row.amounts[:-1]) == row.amounts[-1]
            whole = profit_and_loss(session, tree, (days,), of)
            divided = profit_and_loss(session, tree, (days,), of, by)
            assert divided.result[-1] == whole.result[0]
            _columns_are_what_they_open(session, of, by, day)


def _columns_are_what_they_open(session: Session, of: Slice, by: str, day: date) -> None:
    columns, rows = trial_balance_by(session, day, by, of)
    for place, column in enumerate(columns[:-1]):
        assert column.chosen is not None
        others = [f"{one.dimension}={one.text}" for one in of.chosen if one.dimension != by]
        opened = slice_of(session, [*others, "=".join(column.chosen)])
        found = {
            row.code: row.debit - row.credit
            for row in trial_balance(session, day, opened.within(session))
        }
        assert found == {row.account.code: row.amounts[place] for row in rows if row.amounts[place]}
