"""Year-end: scenarios 15 and 16 of published tests, and closing and reopening in order."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay.errors import Conflict, Invalid, Unavailable
from backstay_ledger.closing.services.periods import AddAdjustmentPeriod, add_adjustment_period
from backstay_ledger.closing.services.years import CloseYear, ReopenYear, close_year, reopen_year
from backstay_ledger.services.balances import balances, trial_balance, turnover
from backstay_ledger.services.fiscal_years import (
    ClosePeriod,
    close_period,
    list_fiscal_years,
    period_on,
)
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry

from .steps import YEAR_END, allow, move, person, post_as, sound

JANUARY = date(2026, 1, 1)
NEXT = date(2027, 1, 15)


def ids(books: Any) -> tuple[list[int], int]:
    with books.read() as session:
        found = [year.id for year in list_fiscal_years(session)]
    account = books.value(
        "SELECT id FROM ledger_account WHERE code = '3900' AND company_id = :company",
        company=books.company.id,
    )
    return found, account


def close_months(books: Any, index: int = 0) -> None:
    year = ids(books)[0][index]
    for (period,) in books.rows(
        "SELECT id FROM ledger_period WHERE fiscal_year_id = :year AND kind <> 'closing'"
        " AND state <> 'closed'",
        year=year,
    ):
        with books.write() as session:
            close_period(session, ClosePeriod(id=period))


def close(books: Any, index: int = 0) -> Any:
    found, account = ids(books)
    with books.write() as session:
        return close_year(session, CloseYear(id=found[index], account=account))


def reopen(books: Any, index: int = 0) -> Any:
    with books.write() as session:
        return reopen_year(session, ReopenYear(id=ids(books)[0][index], reason="late bill"))


def standing(books: Any, day: date | None, *, without: date | None = None) -> dict[str, Decimal]:
    """Balances by account code, those at zero left out."""
    codes = dict(books.rows("SELECT id, code FROM ledger_account"))
    with books.read() as session:
        found = balances(session, day, without_closing_from=without)
    return {codes[key]: amount for key, amount in sorted(found.items()) if amount}


def work(books: Any) -> None:
    """Sales of 400 and cost of 600 in 2026."""
    books.post(books.posting(("1000", "400"), ("4000", "-400"), date=date(2026, 5, 5)))
    books.post(books.posting(("5000", "600"), ("1000", "-600"), date=YEAR_END))


def test_scenario_15_sales_and_cost_go_to_retained_earnings(years: Any) -> None:
    work(years)
    before = standing(years, None)
    close_months(years)
    close(years)
    lines = years.rows(
        "SELECT a.code, l.amount FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id"
        " JOIN ledger_account a ON a.id = l.account_id WHERE e.kind = 'closing' ORDER BY 1"
    )
    assert [(code, amount / 10_000) for code, amount in lines] == [
        ("3900", 200),  # debit
        ("4000", 400),  # debit
        ("5000", -600),  # credit
    ]
    assert standing(years, date(2027, 1, 1)) == {"1000": Decimal(-200), "3900": Decimal(200)}
    for day in (date(2026, 5, 6), YEAR_END):
        with pytest.raises(Conflict, match="is closed"):
            years.post(years.sale(date=day))
    assert sound(years)
    reopen(years)
    assert standing(years, None) == before
    assert sound(years)


def test_reports_of_a_closed_year_still_show_its_result(years: Any) -> None:
    work(years)
    close_months(years)
    with years.read() as session:
        before = trial_balance(session, YEAR_END), turnover(session, date(2026, 1, 1), YEAR_END)
    close(years)
    with years.read() as session:
        assert trial_balance(session, YEAR_END) == before[0]
        assert turnover(session, JANUARY, YEAR_END, without_closing_from=JANUARY) == before[1]
        assert turnover(session, YEAR_END, YEAR_END, without_closing_from=YEAR_END) != {}
        assert turnover(session, date(2026, 1, 1), YEAR_END) != before[1]
    assert standing(years, YEAR_END, without=YEAR_END)["5000"] == Decimal(600)
    assert standing(years, YEAR_END) == {"1000": Decimal(-200), "3900": Decimal(200)}
    assert standing(years, date(2026, 12, 30), without=date(2026, 12, 30)) == standing(
        years, date(2026, 12, 30)
    )


def test_the_next_year_carries_on_and_is_closed_on_its_own(years: Any) -> None:
    work(years)
    close_months(years)
    close(years)
    years.post(years.posting(("1000", "50"), ("4000", "-50"), date=NEXT))
    with years.read() as session:
        codes = {row.code: row.credit - row.debit for row in trial_balance(session, NEXT)}
    assert codes == {"1000": 150, "3900": -200, "4000": 50}
    close_months(years, 1)
    close(years, 1)
    assert standing(years, None) == {"1000": Decimal(-150), "3900": Decimal(150)}
    assert sound(years)


def test_scenario_16_balances_are_identical_after_closing_and_only_the_last_is_reopened(
    may_books: Any,
) -> None:
    """10,000 on 1 January and on 1 June; the year from May to April is closed on 1 May."""
    books = may_books
    for day in (date(2026, 1, 1), date(2026, 6, 1)):
        books.post(books.posting(("1000", "10000"), ("3000", "-10000"), date=day))

    def checkpoints() -> list[Decimal]:
        days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 1))
        return [standing(books, day).get("1000", Decimal(0)) for day in days]

    assert checkpoints() == [0, 10_000, 20_000]
    close_months(books)
    close(books)
    assert checkpoints() == [0, 10_000, 20_000]
    with pytest.raises(Conflict, match="is closed"):
        books.post(books.sale("100", date=date(2026, 4, 30)))
    close_months(books, 1)
    close(books, 1)
    assert checkpoints() == [0, 10_000, 20_000]
    with pytest.raises(Conflict, match="Only the last closing"):
        reopen(books)
    reopen(books, 1)
    reopen(books)
    assert checkpoints() == [0, 10_000, 20_000]
    assert sound(books)


def test_the_audit_trail_says_which_year_was_closed_and_cancelled(years: Any) -> None:
    for index in (0, 1):
        close_months(years, index)
        close(years, index)
    reopen(years, 1)
    codes = [year for (year,) in years.rows("SELECT code FROM ledger_fiscal_year ORDER BY code")]
    said = years.rows(
        "SELECT action, label FROM core_audit WHERE entity = 'ledger_year_closing' ORDER BY id"
    )
    first, second = (f"year-end closing {code}" for code in codes[:2])
    assert said == [("create", first), ("create", second), ("update", second)]


def test_a_year_is_closed_in_order_and_once(years: Any) -> None:
    work(years)
    with pytest.raises(Conflict, match=r"not closed yet: 2026-01, .* 2026-10, …"):
        close(years)
    close_months(years)
    close_months(years, 1)
    with pytest.raises(Conflict, match="Close fiscal year 2026 first"):
        close(years, 1)
    with pytest.raises(Conflict, match="is not closed"):
        reopen(years)
    close(years)
    with pytest.raises(Conflict, match="closed already"):
        close(years)


def test_retained_earnings_are_equity(years: Any) -> None:
    work(years)
    close_months(years)
    bank = years.value("SELECT id FROM ledger_account WHERE code = '1000'")
    with pytest.raises(Invalid, match="no active account of equity"), years.write() as session:
        close_year(session, CloseYear(id=ids(years)[0][0], account=bank))


def test_a_period_of_a_closed_year_is_not_reopened_nor_posted_in(years: Any) -> None:
    work(years)
    close_months(years)
    allow(years, first_day=date(2026, 1, 1), last_day=YEAR_END)
    ben = person(years, "ben")
    post_as(years, ben, years.sale())
    close(years)
    with pytest.raises(Conflict, match="cancel its closing first"):
        move(years, "open")
    with pytest.raises(Conflict, match="fiscal year is closed"):
        post_as(years, ben, years.sale())
    closing = years.value("SELECT id FROM ledger_entry WHERE kind = 'closing'")
    with pytest.raises(Conflict, match="cancel the closing"), years.write() as session:
        reverse_entry(session, ReverseEntry(id=closing, on=YEAR_END, reason="x"))
    reopen(years)
    move(years, "open")
    years.post(years.sale())
    move(years, "closed")
    close(years)
    assert sound(years)


def test_adjustments_are_closed_with_their_year(years: Any) -> None:
    work(years)
    with years.write() as session:
        year = period_on(session, YEAR_END).fiscal_year_id
        add_adjustment_period(session, AddAdjustmentPeriod(id=year))
    years.post(years.posting(("5000", "1"), ("1000", "-1"), date=YEAR_END, adjustment=True))
    close_months(years)
    close(years)
    assert standing(years, NEXT) == {"1000": Decimal(-201), "3900": Decimal(201)}


def test_a_year_without_a_result_is_closed_without_an_entry(years: Any) -> None:
    close_months(years)
    close(years)
    assert years.count("ledger_entry") == 0
    reopen(years)
    close(years)
    assert years.value("SELECT count(*) FROM ledger_year_closing") == 2
    assert sound(years)


CLOSINGS = {
    "taken away": ("DELETE FROM ledger_year_closing", "never deleted"),
    "deleted": ("DELETE FROM ledger_period WHERE kind = 'closing'", "in use|foreign key|closed"),
    "its period reopened": (
        "UPDATE ledger_period SET state = 'open' WHERE kind = 'closing'",
        "cancel its closing",
    ),
    "a month reopened": (
        "UPDATE ledger_period SET state = 'open' WHERE number = 3",
        "cancel its closing",
    ),
    "moved to another year": (
        (
            "UPDATE ledger_year_closing SET fiscal_year_id = (SELECT max(id) FROM"
            " ledger_fiscal_year)"
        ),
        "never change",
    ),
    "twice": (
        (
            "INSERT INTO ledger_year_closing (id, company_id, fiscal_year_id, account_id,"
            " closed_by, closed_at) SELECT 7, company_id, fiscal_year_id, account_id, 'x', 1"
            " FROM ledger_year_closing"
        ),
        "closed already",
    ),
    "a year whose periods are open": (
        (
            "INSERT INTO ledger_year_closing (id, company_id, fiscal_year_id, account_id,"
            " closed_by, closed_at) SELECT 7, company_id, (SELECT max(id) FROM"
            " ledger_fiscal_year), account_id, 'x', 1 FROM ledger_year_closing"
        ),
        "Every period",
    ),
}


@pytest.mark.parametrize("what", CLOSINGS)
def test_a_closing_holds_against_sql(years: Any, raw: Any, what: str) -> None:
    work(years)
    close_months(years)
    close(years)
    statement, said = CLOSINGS[what]
    with pytest.raises(Exception, match=said):
        raw.run(statement)
    assert sound(years)


def test_sql_closes_and_cancels_in_order_only(years: Any, raw: Any) -> None:
    work(years)
    close_months(years)
    close_months(years, 1)
    first, second = ids(years)[0]
    account = ids(years)[1]
    insert = (
        "INSERT INTO ledger_year_closing (id, company_id, fiscal_year_id, account_id, closed_by,"
        f" closed_at) VALUES (%s, {years.company.id}, %s, {account}, 'x', 1)"
    )
    with pytest.raises(Exception, match="in order"):
        raw.run(insert % (8, second))
    raw.run(insert % (7, first), insert % (8, second))
    cancel = "UPDATE ledger_year_closing SET cancelled_by = 'x', cancelled_at = 1 WHERE id = %s"
    with pytest.raises(Exception, match="only the last closing"):
        raw.run(cancel % 7)
    raw.run(cancel % 8, cancel % 7)


def test_a_year_closes_before_or_after_a_late_post_never_between(years: Any) -> None:
    work(years)
    close_months(years)
    allow(years, first_day=date(2026, 1, 1), last_day=YEAR_END)
    ben = person(years, "ben")

    def post_late() -> Any:
        try:
            return post_as(years, ben, years.sale("1.00"))
        except (Conflict, Unavailable) as refused:
            return refused

    with ThreadPoolExecutor(4) as pool:
        posts = [pool.submit(post_late) for _turn in range(3)]
        closing = pool.submit(close, years)
        results = [one.result() for one in posts]
        closing.result()
    refused = [str(one) for one in results if isinstance(one, Exception)]
    assert all("fiscal year is closed" in one or "is closed" in one for one in refused), refused
    assert standing(years, NEXT).keys() <= {"1000", "1100", "3900"}
    assert sound(years)
