"""Scenarios 15 and 16 over the API and the command line, and what programs are refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from backstay.errors import Conflict
from backstay.testing.api import ApiClient
from backstay.testing.web import make_user, web_app
from backstay_ledger.closing.services.years import blockers_of_closing
from backstay_ledger.dimensions.values import (
    AddDimension,
    AddValue,
    add_dimension,
    add_value,
)
from backstay_ledger.models import Account, AccountClass, FiscalYear, Journal
from backstay_ledger.permissions import BOOKS_VIEW, PERIOD_CLOSE, PERMISSIONS
from backstay_ledger.services.accounts import CreateAccount, create_account
from plugins.ledger.tests.printing import printed

from .steps import account, sound

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

    Connect = Callable[..., ApiClient]

__all__ = ["web_app"]


@pytest.fixture
def connect(web_app: Flask, database: Database, suite: Suite) -> Connect:
    """A program of somebody with permissions in a company, all if none is named."""

    def to(company: CompanyRef, login: str = "ada", *permissions: object) -> ApiClient:
        make_user(database, login, permissions or PERMISSIONS, company)  # type: ignore[arg-type]
        root = f"/api/v1/c/{company.code}/ledger/"
        return ApiClient.for_user(web_app, database, suite, login, root)

    return to


@pytest.fixture
def run(database: Database, suite: Suite) -> Callable[..., Any]:
    """``backstay ledger ...`` on the test's own database; returns the JSON that it prints."""
    return partial(printed, database, suite)


def enter(program: ApiClient, day: str, *lines: tuple[str, ...]) -> None:
    """Post an entry of (account, debit, credit, values) lines."""
    names = ("account", "debit", "credit", "dimensions")
    body = {
        "journal": "GEN",
        "date": day,
        "lines": [
            {name: text for name, text in zip(names, line, strict=False) if text} for line in lines
        ],
    }
    posted = program.post("entries/actions/post", body)
    assert posted.status_code == 201, posted.text


def sell(program: ApiClient, day: str, amount: str, values: str = "") -> None:
    enter(program, day, ("1000", amount), ("4000", "", amount, values))


def year_of(program: ApiClient, code: str) -> dict[str, Any]:
    years = program.get("fiscal-years").json["items"]
    return next(one for one in years if one["code"] == code)


def close_months(program: ApiClient, code: str) -> None:
    year = year_of(program, code)["id"]
    for period in program.get(f"periods?year={year}&limit=50").json["items"]:
        if period["state"] == "open":
            done = program.post(f"periods/{period['id']}/actions/close")
            assert done.status_code == 200, done.text


def close(program: ApiClient, code: str, account: int) -> Any:
    body = {"account": str(account)}
    return program.post(f"fiscal-years/{year_of(program, code)['id']}/actions/close", body)


def reopen(program: ApiClient, code: str, reason: str = "late bill") -> Any:
    body = {"reason": reason}
    return program.post(f"fiscal-years/{year_of(program, code)['id']}/actions/reopen", body)


def preview(program: ApiClient, code: str, **body: Any) -> dict[str, Any]:
    year = year_of(program, code)["id"]
    shown = program.post("fiscal-years/actions/preview_closing", {"year": year, **body})
    assert shown.status_code == 200, shown.text
    return dict(shown.json)


def standing(books: Any, day: str, run: Callable[..., Any]) -> dict[str, tuple[str, str]]:
    """Debit and credit by account at the end of a day, as the command line prints them."""
    rows = run("trial-balance", "--company", books.company.code, "--as-of", day)
    return {row["account"]: (row["debit"], row["credit"]) for row in rows}


def closing_lines(books: Any) -> list[tuple[str, float]]:
    rows = books.rows(
        "SELECT a.code, l.amount FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id"
        " JOIN ledger_account a ON a.id = l.account_id WHERE e.kind = 'closing' ORDER BY 1, 2"
    )
    return [(code, amount / 10_000) for code, amount in rows]


def refused(answer: Any, status: int = 409) -> str:
    assert answer.status_code == status, answer.text
    return " ".join(one["message"] for one in answer.json["errors"])


SCENARIO_15 = [
    {"account": "4000", "debit": "400.00", "credit": None, "dimensions": ""},
    {"account": "5000", "debit": None, "credit": "600.00", "dimensions": ""},
    {"account": "3900", "debit": "200.00", "credit": None, "dimensions": ""},
]


def test_scenario_15_over_the_api(years: Any, connect: Connect, run: Callable[..., Any]) -> None:
    program = connect(years.company)
    sell(program, "2026-05-05", "400.00")
    enter(program, "2026-12-31", ("5000", "600.00"), ("1000", "", "600.00"))
    before = standing(years, "2027-01-01", run)
    shown = preview(program, "2026")
    assert (shown["account"], shown["result"], shown["date"]) == ("3900", "-200.00", "2026-12-31")
    assert shown["lines"] == SCENARIO_15
    assert len(shown["blocked_by"]) == 1
    close_months(program, "2026")
    assert preview(program, "2026")["blocked_by"] == []
    retained = account(years, "3900")
    done = close(program, "2026", retained)
    assert done.status_code == 200, done.text
    assert (done.json["closing"], done.json["closing_entry"]) == ("closed", "GEN-2026-000003")
    assert closing_lines(years) == [("3900", 200), ("4000", 400), ("5000", -600)]
    carried = {"1000": ("0.00", "200.00"), "3900": ("200.00", "0.00")}
    assert standing(years, "2027-01-01", run) == carried
    late = program.post(
        "entries/actions/post",
        {
            "journal": "GEN",
            "date": "2026-12-31",
            "lines": [{"account": "1000", "debit": "1"}, {"account": "4000", "credit": "1"}],
        },
    )
    assert "is closed" in refused(late)
    assert "closed already" in refused(close(program, "2026", retained))
    again = reopen(program, "2026")
    assert (again.json["closing"], again.json["closing_entry"]) == ("open", None)
    assert standing(years, "2027-01-01", run) == before
    assert sound(years)


def test_scenario_15_by_cost_centre_over_the_api(
    years: Any, connect: Connect, run: Callable[..., Any]
) -> None:
    with years.write() as session:
        key = add_dimension(session, AddDimension(code="cost_centre", name="Cost centre")).id
        for code in ("1", "2"):
            add_value(session, AddValue(dimension_id=key, code=code, name=f"Centre {code}"))
    program = connect(years.company)
    sell(program, "2026-03-15", "400.00", "cost_centre=1")
    sell(program, "2026-03-15", "200.00", "cost_centre=2")
    close_months(program, "2026")
    retained = account(years, "3900")
    shown = [
        (one["account"], one["credit"], one["dimensions"])
        for one in preview(program, "2026")["lines"]
    ]
    assert shown == [
        ("4000", None, "cost_centre=1"),
        ("4000", None, "cost_centre=2"),
        ("3900", "400.00", "cost_centre=1"),
        ("3900", "200.00", "cost_centre=2"),
    ]
    assert close(program, "2026", retained).status_code == 200
    sell(program, "2027-03-15", "300.00", "cost_centre=2")
    close_months(program, "2027")
    assert close(program, "2027", retained).status_code == 200
    figures = years.rows(
        "SELECT v.code, -sum(l.amount) / 10000 FROM ledger_line l"
        " JOIN ledger_dimset_value s ON s.dimset_id = l.dimset_id"
        " JOIN ledger_dimension_value v ON v.id = s.value_id"
        " WHERE l.account_id = :account GROUP BY v.code ORDER BY 1",
        account=retained,
    )
    assert [tuple(row) for row in figures] == [("1", 400), ("2", 500)]  # 200 + 300
    assert reopen(program, "2027").status_code == 200
    assert reopen(program, "2026").status_code == 200
    assert standing(years, "2027-12-31", run)["4000"] == ("0.00", "900.00")
    assert sound(years)


def test_scenario_15_on_the_command_line(
    years: Any, connect: Connect, run: Callable[..., Any]
) -> None:
    program = connect(years.company)
    sell(program, "2026-05-05", "400.00")
    enter(program, "2026-12-31", ("5000", "600.00"), ("1000", "", "600.00"))
    before = standing(years, "2027-01-01", run)
    for month in range(1, 13):
        run("close-period", "--company", "ALPHA", "--period", f"2026-{month:02}")
    year = ("--company", "ALPHA", "--year", "2026")
    tried = run("close-year", *year, "--dry-run")
    assert (tried["lines"], tried["result"], tried["blocked_by"]) == (SCENARIO_15, "-200.00", [])
    assert closing_lines(years) == []
    assert run("close-year", *year) == {"fiscal_year": "2026", "state": "closed"}
    assert closing_lines(years) == [("3900", 200), ("4000", 400), ("5000", -600)]
    with pytest.raises(Conflict, match="closed already"):
        run("close-year", *year)
    assert "closed already" in run("close-year", *year, "--dry-run")["blocked_by"][0]
    done = run("reopen-year", *year, "--reason", "late bill")
    assert done == {"fiscal_year": "2026", "state": "open"}
    assert standing(years, "2027-01-01", run) == before
    with pytest.raises(Conflict, match="is not closed"):
        run("reopen-year", *year, "--reason", "again")


@pytest.mark.parametrize("way", ["api", "command"])
def test_scenario_16_by_machine(
    may_books: Any, connect: Connect, run: Callable[..., Any], way: str
) -> None:
    """10,000 on 1 January and on 1 June; the year from May to April is closed on 1 May."""
    books = may_books
    program = connect(books.company)
    retained = account(books, "3900")

    def shut(code: str) -> None:
        close_months(program, code)
        if way == "api":
            assert close(program, code, retained).status_code == 200
        else:
            run("close-year", "--company", "BETA", "--year", code, "--account", "3900")

    def cancel(code: str) -> str:
        if way == "api":
            answer = reopen(program, code)
            return "" if answer.status_code == 200 else refused(answer)
        try:
            run("reopen-year", "--company", "BETA", "--year", code, "--reason", "late bill")
        except Conflict as error:
            return str(error)
        return ""

    def checkpoints() -> list[str]:
        days = ("2025-12-31", "2026-01-01", "2026-06-01")
        return [standing(books, day, run).get("1000", ("0", ""))[0] for day in days]

    for day in ("2026-01-01", "2026-06-01"):
        enter(program, day, ("1000", "10000"), ("3000", "", "10000"))
    assert checkpoints() == ["0", "10000", "20000"]
    shut("2025-26")
    assert checkpoints() == ["0", "10000", "20000"]
    shut("2026-27")
    assert checkpoints() == ["0", "10000", "20000"]
    assert "Only the last closing can be cancelled: fiscal year 2026-27" in cancel("2025-26")
    assert cancel("2026-27") == ""
    assert cancel("2025-26") == ""
    assert checkpoints() == ["0", "10000", "20000"]
    assert sound(books)


def test_each_reason_why_a_year_cannot_be_closed_is_an_error_of_its_own(
    years: Any, connect: Connect
) -> None:
    program = connect(years.company)
    made = program.post(
        "entries",
        {
            "journal": "GEN",
            "date": "2027-03-05",
            "lines": [{"account": "1000", "debit": "5"}, {"account": "4000", "credit": "5"}],
        },
    )
    assert made.status_code == 201, made.text
    close_months(program, "2026")
    period = next(
        one
        for one in program.get("periods?limit=50").json["items"]
        if one["first_day"] == "2027-01-01"
    )
    assert program.post(f"periods/{period['id']}/actions/close").status_code == 200
    said = [
        "Close fiscal year 2026 first: years are closed in order.",
        (
            "Periods of fiscal year 2027 are not closed yet: 2027-02, 2027-03, 2027-04, 2027-05,"
            " 2027-06, 2027-07, 2027-08, 2027-09, 2027-10, 2027-11, …."
        ),
        (
            "Drafts, or entries that wait for approval, are dated in 2027-03: post or delete them"
            " first."
        ),
    ]
    answer = close(program, "2027", account(years, "3900"))
    assert [one["message"] for one in answer.json["errors"]] == said
    assert answer.status_code == 409
    assert preview(program, "2027")["blocked_by"] == said
    assert "is not closed" in refused(reopen(program, "2026"))
    assert years.count("ledger_year_closing") == 0


def test_an_account_out_of_use_is_not_proposed_and_a_missing_journal_is_a_reason(
    years: Any, connect: Connect, run: Callable[..., Any]
) -> None:
    program = connect(years.company)
    with years.write() as session:
        account_class = AccountClass.EQUITY
        command = CreateAccount(code="3950", name="Carried on", account_class=account_class)
        other = create_account(session, command).id
    sell(program, "2026-05-05", "400.00")
    sell(program, "2027-05-05", "100.00")
    close_months(program, "2026")
    close_months(program, "2027")
    assert close(program, "2026", other).status_code == 200
    assert preview(program, "2027")["account"] == "3950"
    with years.write() as session:
        session.get_one(Account, other).active = False
    assert preview(program, "2027")["account"] == "3900"
    year = ("--company", "ALPHA", "--year", "2027")
    tried = run("close-year", *year, "--dry-run")
    assert (tried["account"], tried["blocked_by"]) == ("3900", [])
    with years.write() as session:
        session.scalars(select(Journal).where(Journal.code == "GEN")).one().active = False
    said = "There is no active general journal; create one."
    assert preview(program, "2027")["blocked_by"] == [said]
    assert said in refused(close(program, "2027", account(years, "3900")), 422)
    with years.write() as session:
        named = session.scalars(select(Account).where(Account.code == "3900")).one()
        named.active = False
    shown = preview(program, "2027")
    assert (shown["account"], shown["lines"]) == (None, [])
    assert shown["blocked_by"] == [said, "Name the account of retained earnings."]


def test_an_archived_company_is_a_reason(years: Any) -> None:
    with years.read() as session:
        outside = session.info["context"]
        session.info["context"] = outside.in_company(replace(years.company, archived=True))
        found = session.scalars(select(FiscalYear).where(FiscalYear.code == "2026")).one()
        reasons = blockers_of_closing(session, found)
    assert "Company ALPHA is archived: its books are closed." in reasons


def test_wrong_fields_are_named(years: Any, connect: Connect) -> None:
    program = connect(years.company)
    close_months(program, "2026")
    bank = close(program, "2026", account(years, "1000"))
    assert [one["field"] for one in bank.json["errors"]] == ["account"]
    assert "no active account of equity" in refused(bank, 422)
    year = year_of(program, "2026")["id"]
    missing = program.post(f"fiscal-years/{year}/actions/close")
    assert [one["field"] for one in missing.json["errors"]] == ["account"]
    assert close(program, "2026", account(years, "3900")).status_code == 200
    silent = program.post(f"fiscal-years/{year}/actions/reopen", {"reason": " "})
    assert [one["field"] for one in silent.json["errors"]] == ["reason"]
    clerk = connect(years.company, "ben", BOOKS_VIEW, PERIOD_CLOSE)
    assert reopen(clerk, "2026").status_code == 403
    assert preview(clerk, "2026")["lines"] == []


def test_of_two_at_once_one_closes_the_year_and_the_other_is_told(
    years: Any, connect: Connect
) -> None:
    programs = [connect(years.company, login) for login in ("ada", "ben")]
    sell(programs[0], "2026-05-05", "400.00")
    close_months(programs[0], "2026")
    retained = account(years, "3900")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: close(one, "2026", retained), programs))
    assert sorted(one.status_code for one in answers) == [200, 409], [one.text for one in answers]
    assert "closed already" in next(one.text for one in answers if one.status_code == 409)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: reopen(one, "2026"), programs))
    assert sorted(one.status_code for one in answers) == [200, 409], [one.text for one in answers]
    assert years.count("ledger_year_closing") == 1
    assert sound(years)
