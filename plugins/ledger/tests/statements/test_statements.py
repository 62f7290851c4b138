"""Balance sheet and profit and loss: every account once, both sides equal, for any day."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay.errors import Invalid
from backstay.testing.requirements import data_folder
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.statements.columns import (
    Column,
    Compare,
    Comparison,
    balance_columns,
    percent,
    read_comparisons,
    span_columns,
)
from backstay_ledger.statements.compute import RowKind, balance_sheet, profit_and_loss
from backstay_ledger.statements.tables import as_json, as_text, table_of
from backstay_ledger.statements.tree import built_in_tree

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.statements.compute import Statement

MARCH = Column(date(2026, 1, 1), date(2026, 3, 31))


def of(statement: Statement, code: str, column: int = 0) -> Decimal:
    """The figure of a node or an account."""
    return next(row.amounts[column] for row in statement.rows if row.code == code)


@pytest.fixture
def traded(books: Any) -> Any:
    """Capital 1,000, a sale of 400, a purchase of 150 of which 50 is owed, last year 70 earned."""
    with books.write() as session:
        ensure_fiscal_years(session, [date(2025, 1, 1)])
    books.post_many(
        [
            books.posting(("1000", "70.00"), ("4000", "-70.00"), date=date(2025, 6, 1)),
            books.posting(("1000", "1000.00"), ("3000", "-1000.00"), date=date(2026, 1, 2)),
            books.posting(("1100", "400.00"), ("4000", "-400.00"), date=date(2026, 2, 10)),
            books.posting(
                ("5000", "150.00"), ("1000", "-100.00"), ("2000", "-50.00"), date=date(2026, 3, 5)
            ),
        ]
    )
    return books


def test_the_result_is_computed_without_closing(traded: Any) -> None:
    with traded.read() as session:
        columns = balance_columns(session, date(2026, 3, 31))
        sheet = balance_sheet(session, built_in_tree(), columns)
        earned = profit_and_loss(session, built_in_tree(), (MARCH,))
    assert columns == (MARCH,)
    assert of(sheet, "assets") == Decimal("1370.00")
    assert of(sheet, "liabilities") == Decimal("50.00")
    assert of(sheet, "year") == Decimal("250.00")
    assert of(sheet, "prior") == Decimal("70.00")
    assert of(sheet, "equity") == Decimal("1320.00")
    assert of(sheet, "both") == of(sheet, "assets")
    assert sheet.out_by == (0,)
    assert of(earned, "income") == Decimal("400.00")
    assert of(earned, "expenses") == Decimal("150.00")
    assert of(earned, "result") == Decimal("250.00")
    assert earned.result == (Decimal("250.00"),)


def test_any_day_within_a_month_is_read(traded: Any) -> None:
    with traded.read() as session:
        day = balance_columns(session, date(2026, 3, 4))
        sheet = balance_sheet(session, built_in_tree(), day)
    assert of(sheet, "1000") == Decimal("1070.00")
    assert of(sheet, "year") == Decimal("400.00")


def test_columns_stand_beside_each_other(traded: Any) -> None:
    compared = read_comparisons("prior-year, prior-period:2")
    with traded.read() as session:
        earned = profit_and_loss(
            session, built_in_tree(), span_columns(date(2026, 3, 1), date(2026, 3, 31), compared)
        )
        table = as_json(session, table_of(earned))
        text = as_text(session, table_of(earned))
    assert [(one.start, one.end) for one in earned.columns] == [
        (date(2026, 3, 1), date(2026, 3, 31)),
        (date(2025, 3, 1), date(2025, 3, 31)),
        (date(2026, 2, 1), date(2026, 2, 28)),
        (date(2026, 1, 1), date(2026, 1, 31)),
    ]
    result = next(row for row in earned.rows if row.code == "result")
    assert result.amounts == (Decimal(-150), Decimal(0), Decimal(400), Decimal(0))
    assert table["rows"][-1]["amounts"] == ["-150.00", "0.00", "400.00", "0.00"]
    assert "2026-02-01/2026-02-28" in text
    assert "4000 Sales" in text


@pytest.mark.parametrize(
    ("day", "compare", "earlier"),
    [
        (date(2026, 3, 31), Compare.PRIOR_PERIOD, date(2026, 2, 28)),
        (date(2026, 3, 30), Compare.PRIOR_PERIOD, date(2026, 2, 28)),
        (date(2024, 2, 29), Compare.PRIOR_YEAR, date(2023, 2, 28)),
        (date(2025, 2, 28), Compare.PRIOR_YEAR, date(2024, 2, 29)),
        (date(2026, 3, 17), Compare.PRIOR_YEAR, date(2025, 3, 17)),
    ],
)
def test_the_end_of_a_month_stays_one(books: Any, day: Any, compare: Any, earlier: Any) -> None:
    with books.read() as session:
        assert balance_columns(session, day, (Comparison(compare),))[1].end == earlier


def test_days_that_are_no_months_are_compared_with_as_many_before() -> None:
    found = span_columns(date(2026, 3, 10), date(2026, 3, 16), (Comparison(Compare.PRIOR_PERIOD),))
    assert found[1] == Column(date(2026, 3, 3), date(2026, 3, 9))


@pytest.mark.parametrize("text", ["last-year", "prior-year:x", "prior-year:0", "prior-period:12"])
def test_a_comparison_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        span_columns(date(2026, 1, 1), date(2026, 1, 31), read_comparisons(text))


def test_there_are_no_days_before_the_calendar() -> None:
    for start, end in ((date(1, 1, 1), date(1, 1, 31)), (date(1, 1, 2), date(1, 1, 9))):
        with pytest.raises(Invalid):
            span_columns(start, end, (Comparison(Compare.PRIOR_PERIOD, 2),))


def test_a_change_in_per_cent_is_exact() -> None:
    assert percent(Decimal(110), Decimal(100)) == Decimal("10.0")
    assert percent(Decimal(-50), Decimal(-100)) == Decimal("50.0")
    assert percent(Decimal("1.0005"), Decimal(1)) == Decimal("0.1")
    assert percent(Decimal(1), Decimal(0)) is None


def test_an_account_without_a_class_is_shown_and_the_sheet_balances(books: Any) -> None:
    with books.write() as session:
        new = CreateAccount(code="assets:x", name="X", account_class=AccountClass.UNSET)
        add_accounts(session, [new])
    books.post(books.posting(("assets:x", "10.00"), ("3000", "-10.00")))
    with books.read() as session:
        sheet = balance_sheet(session, built_in_tree(), (MARCH,))
    shown = [row for row in sheet.rows if row.kind is RowKind.UNPLACED]
    assert [row.amounts for row in shown] == [(Decimal(10),)]
    assert sheet.out_by == (0,)


cents = st.integers(-10_000_000, 10_000_000).filter(bool)
entries = st.tuples(
    st.sampled_from(["1000", "1100", "2000", "4000", "5000"]),
    st.sampled_from(["1000", "2000", "3000", "4000", "5000"]),
    cents,
    st.integers(0, 729),
).filter(lambda entry: entry[0] != entry[1])


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=st.lists(entries, min_size=1, max_size=8), at=st.integers(0, 800))
def test_assets_are_liabilities_equity_and_result(books: Any, history: Any, at: Any) -> None:
    first = date(2025, 1, 1)
    with books.write() as session:
        ensure_fiscal_years(session, [first])
    books.post_many(
        [
            books.posting(
                (debit, str(Decimal(amount).scaleb(-2))),
                (credit, str(Decimal(-amount).scaleb(-2))),
                date=first + timedelta(days=day),
            )
            for debit, credit, amount, day in history
        ]
    )
    as_of = first + timedelta(days=at)
    with books.read() as session:
        columns = balance_columns(session, as_of)
        sheet = balance_sheet(session, built_in_tree(), columns)
        earned = profit_and_loss(session, built_in_tree(), columns)
        rows = {row.code: row.debit - row.credit for row in trial_balance(session, as_of)}
    assert of(sheet, "assets") == of(sheet, "liabilities") + of(sheet, "equity")
    assert of(sheet, "year") == earned.result[0]
    assert sheet.out_by == (0,)
    assert earned.out_by == (0,)
    shown = {row.code: row for row in sheet.rows if row.kind is RowKind.ACCOUNT}
    assert {code for code in rows if code < "4000"} == set(shown)
    for code, row in shown.items():
        assert abs(row.amounts[0]) == abs(rows[code])


@pytest.mark.needs("data")
def test_a_company_s_books_agree_with_their_trial_balance(books: Any) -> None:
    folder = data_folder()
    assert folder is not None
    _import_company(books, folder / "finance" / "company")
    with books.read() as session:
        _agree(session, folder / "finance" / "company" / "trial_balance.csv")


def _import_company(books: Any, folder: Any) -> None:
    """The chart and the entries of the published books, beside what the fixture has."""
    from backstay.contracts.ledger import Posting, PostingLine

    with (folder / "chart.csv").open(encoding="utf-8") as file:
        chart = list(csv.DictReader(file))
    with books.write() as session:
        have = {"1000", "1100", "2000", "3000", "4000", "5000"}
        add_accounts(
            session,
            [
                CreateAccount(
                    code=row["code"], name=row["name"], account_class=AccountClass(row["type"])
                )
                for row in chart
                if row["code"] not in have
            ],
        )
    entries: dict[str, list[dict[str, str]]] = {}
    with (folder / "journal.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            entries.setdefault(row["entry"], []).append(row)
    books.post_many(
        [
            Posting(
                key=key,
                journal="GEN",
                date=date.fromisoformat(rows[0]["date"]),
                lines=tuple(
                    PostingLine(row["account"], Decimal(row["debit"]) - Decimal(row["credit"]))
                    for row in rows
                ),
                memo=rows[0]["memo"],
            )
            for key, rows in entries.items()
        ]
    )


def _agree(session: Session, path: Any) -> None:
    with path.open(encoding="utf-8") as file:
        published = {
            row["account"]: Decimal(row["debit"]) - Decimal(row["credit"])
            for row in csv.DictReader(file)
        }
    columns = balance_columns(session, date(2026, 12, 31))
    sheet = balance_sheet(session, built_in_tree(), columns)
    earned = profit_and_loss(session, built_in_tree(), columns)
    ours = {
        row.code: row.amounts[0] if row.side.value == "debit" else -row.amounts[0]
        for row in (*sheet.rows, *earned.rows)
        if row.kind is RowKind.ACCOUNT
    }
    assert ours == {code: amount for code, amount in published.items() if amount}
    assert of(sheet, "year") == -sum(amount for code, amount in published.items() if code >= "4000")
    assert json.dumps(as_json(session, table_of(sheet)))
