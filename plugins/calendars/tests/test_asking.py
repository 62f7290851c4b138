"""Due dates and business days for programs: through the API and on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from backstay.cli import main
from backstay.testing.api import ApiClient
from backstay.testing.web import make_user

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay_calendars.reckoning import LoadedCalendar

HERE = "c/ALPHA/calendars/calendars/actions"


@pytest.fixture
def program(web_app: Flask, database: Database, suite: Suite, munich: LoadedCalendar) -> ApiClient:
    make_user(database, "robot", ["calendars.calendar.view"])
    return ApiClient.for_user(web_app, database, suite, "robot")


def test_a_due_date_is_reckoned_for_a_program(program: ApiClient) -> None:
    done = program.post(f"{HERE}/due", {"start": "2026-12-23", "count": 3})
    assert done.status_code == 200
    assert done.json == {
        "due": "2026-12-29",  # over Christmas, which lies on a Friday and a Saturday
        "calendar": "MUNICH",
        "is_business_day": True,
        "business_days": 3,
    }
    asked = {"start": "2026-01-31", "count": 1, "unit": "months", "roll": "modified_following"}
    assert program.post(f"{HERE}/due", asked).json["due"] == "2026-02-27"


def test_a_program_asks_whether_a_day_is_a_business_day(program: ApiClient) -> None:
    done = program.post(f"{HERE}/day", {"day": "2026-12-25", "calendar": "MUNICH"})
    assert done.status_code == 200
    assert done.json == {
        "day": "2026-12-25",
        "calendar": "MUNICH",
        "is_business_day": False,
        "kind": "holiday",
        "name": "Erster Weihnachtstag",
        "next_business_day": "2026-12-28",
    }
    assert program.post(f"{HERE}/day", {"day": "2026-12-24"}).json["is_business_day"] is True


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("due", {"start": "2026-02-30", "count": 1}, "start"),
        ("due", {"start": "2026-02-03", "count": 10**6}, "count"),
        ("due", {"start": "2026-02-03", "count": 1, "unit": "moons"}, "unit"),
        ("day", {"day": "2026-02-03", "calendar": "NONE"}, "calendar"),
        ("day", {"day": "2199-02-03"}, None),
    ],
)
def test_what_can_not_be_answered_is_refused_at_its_member(
    program: ApiClient, action: str, body: dict[str, Any], field: str | None
) -> None:
    refused = program.post(f"{HERE}/{action}", body)
    assert refused.status_code == 422
    assert refused.json["errors"][0].get("field") == field


def test_who_may_not_see_calendars_is_not_answered(
    web_app: Flask, database: Database, suite: Suite, munich: LoadedCalendar
) -> None:
    make_user(database, "stranger", ["ledger.books.view"])
    stranger = ApiClient.for_user(web_app, database, suite, "stranger")
    assert stranger.post(f"{HERE}/day", {"day": "2026-12-24"}).status_code == 403


def test_the_same_is_answered_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BACKSTAY_HOME", str(tmp_path / "home"))
    main(["migrate"])
    main(["plugin", "enable", "calendars"])
    created = ["company", "create", "ACME", "--name", "Acme", "--currency", "EUR"]
    main([*created, "--holidays", "DE", "--holiday-region", "BY"])
    capsys.readouterr()
    here = ["--company", "ACME"]

    main(["calendars", "due", *here, "--from", "2026-12-23", "--count", "3"])
    assert capsys.readouterr().out == "2026-12-29\n"
    main(["calendars", "holidays", *here, "--year", "2026"])
    printed = capsys.readouterr().out
    assert "2026-01-06  holiday  Heilige Drei K\u00f6nige\n" in printed
    main(["calendars", "holidays", *here, "--year", "2026", "--json"])
    days = json.loads(capsys.readouterr().out)
    assert {"day": "2026-05-01", "kind": "holiday", "name": "Erster Mai"} in days
    main(["calendars", "day", "2026-12-23", *here])
    assert capsys.readouterr().out == "2026-12-23 is a business day.\n"
    with pytest.raises(SystemExit) as left:
        main(["calendars", "day", "2026-12-25", *here])
    assert left.value.code == 1
    assert "Weihnachtstag" in capsys.readouterr().out
