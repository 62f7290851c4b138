"""What is due of plans is made over the API and on the command line, and each entry once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from backstay.testing.api import ApiClient
from backstay.testing.web import make_user, web_app
from backstay_ledger.closing.services.plans import ReverseLater, reverse_later
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_POST, PERMISSIONS
from plugins.ledger.tests.printing import printed

from .steps import move, sound
from .test_plans import insurance, standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

    Connect = Callable[..., ApiClient]

__all__ = ["web_app"]

DAYS_OF_THE_QUARTER = ["2026-01-31", "2026-02-28", "2026-03-31"]


@pytest.fixture
def connect(web_app: Flask, database: Database, suite: Suite, years: Any) -> Connect:
    """A program of somebody with permissions in ALPHA, all if none is named."""

    def to(login: str = "ada", *permissions: Any) -> ApiClient:
        make_user(database, login, permissions or PERMISSIONS, years.company)
        return ApiClient.for_user(web_app, database, suite, login, "/api/v1/c/ALPHA/ledger/")

    return to


@pytest.fixture
def run(database: Database, suite: Suite, years: Any) -> Callable[..., Any]:
    """``backstay ledger make-due`` on the test's own database; returns the JSON that it prints."""

    def command(*arguments: str) -> Any:
        company = ("--company", years.company.code)
        return printed(database, suite, "make-due", *company, *arguments)

    return command


def make(program: ApiClient, up_to: str = "2026-03-31", **more: str) -> dict[str, Any]:
    done = program.post("recurring-entries/actions/make_due", {"up_to": up_to, **more})
    assert done.status_code == 201, done.text
    return dict(done.json)


def test_a_second_run_makes_nothing_over_the_api(years: Any, connect: Connect) -> None:
    insurance(years)
    program = connect()
    done = make(program)
    assert [one["day"] for one in done["made"]] == DAYS_OF_THE_QUARTER
    assert {one["state"] for one in done["made"]} == {"posted"}
    first = done["made"][0]
    assert program.get(f"entries/{first['entry']}").json["number"] == first["number"]
    assert make(program) == {"made": [], "left_out": []}
    # Scenario 17: 1,000 over 500 days.
    make(program, "2026-12-31")
    assert standing(years, "1100", date(2026, 12, 31)) == 270
    since = make(program, "2027-12-31", since="2027-03-01")
    assert len(since["made"]) == 3
    # Days after the last period are not looked at: nothing could be posted there.
    assert len(make(program, "2999-12-31")["made"]) == 2
    assert standing(years, "1100") == 0
    assert sound(years)


def test_a_second_run_makes_nothing_on_the_command_line(
    years: Any, run: Callable[..., Any]
) -> None:
    insurance(years)
    done = run("--up-to", "2026-03-31")
    assert [one["day"] for one in done["made"]] == DAYS_OF_THE_QUARTER
    assert run("--up-to", "2026-03-31") == {"made": [], "left_out": []}
    assert sound(years)


@pytest.mark.parametrize("way", ["api", "command"])
def test_what_is_refused_is_named_and_holds_up_no_other(
    years: Any, connect: Connect, run: Callable[..., Any], way: str
) -> None:
    move(years, "closed", day=date(2026, 2, 1))
    insurance(years)
    done = make(connect()) if way == "api" else run("--up-to", "2026-03-31")
    assert [one["day"] for one in done["made"]] == ["2026-01-31", "2026-03-31"]
    (left,) = done["left_out"]
    assert (left["day"], left["label"]) == ("2026-02-28", "Insurance")
    assert "2026-02 is closed" in left["why"]
    again = make(connect("ben")) if way == "api" else run("--up-to", "2026-03-31")
    assert again == {"made": [], "left_out": [left]}
    assert sound(years)


def test_a_reversal_is_left_to_who_may_reverse(years: Any, connect: Connect) -> None:
    posted = years.post(years.posting(("5000", "10"), ("1000", "-10")))
    with years.write() as session:
        reverse_later(session, ReverseLater(id=posted.id, on=date(2026, 4, 1)))
    clerk = connect("ben", BOOKS_VIEW, ENTRY_POST)
    (left,) = make(clerk, "2026-04-30")["left_out"]
    assert left["label"] == f"Reversal of {posted.number}"
    (made,) = make(connect(), "2026-04-30")["made"]
    assert made["day"] == "2026-04-01"
    assert standing(years, "5000") == 0
    assert sound(years)


def test_two_at_once_make_each_entry_once(years: Any, connect: Connect) -> None:
    insurance(years)
    programs = [connect(login) for login in ("ada", "ben")]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(make, programs))
    assert sorted(one["day"] for each in done for one in each["made"]) == DAYS_OF_THE_QUARTER
    assert [one for each in done for one in each["left_out"]] == []
    assert sound(years)
