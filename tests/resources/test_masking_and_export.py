"""What one may not read is nowhere: list, record, form, history, file, search, sort and filter."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.audit.models import AuditEvent
from backstay.testing.web import Browser, make_user

from .garden import EDIT, EVERYTHING, VIEW, Plant

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

LIST = "/c/ALPHA/garden/plants"


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture
def half(app: Flask, database: Database, alpha: CompanyRef) -> Browser:
    """Somebody who may edit plants, but not read or write their notes."""
    make_user(database, "half", (VIEW, EDIT), alpha)
    return Browser.for_user(app, database, "half")


def test_a_masked_field_is_shown_nowhere(
    half: Browser, gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    (plant,) = sow({"note": "TRUFFLES"})
    gardener.get(f"{LIST}/{plant}/edit")
    gardener.post(
        f"{LIST}/{plant}/edit",
        {"version": "1", "name": "P", "price": "1", "note": "TRUFFLES HERE"},
    )
    assert "TRUFFLES HERE" in gardener.get(f"{LIST}/{plant}").text
    for path in (LIST, f"{LIST}/{plant}", f"{LIST}/{plant}/edit", f"{LIST}.csv", f"{LIST}/new"):
        response = half.get(path)
        assert response.status_code == 200
        assert "TRUFFLES" not in response.text, path
    assert "note" not in half.get(f"{LIST}/{plant}/edit").text.partition("<form class")[2]


def test_a_masked_field_can_be_neither_searched_nor_sorted_nor_filtered(
    half: Browser, sow: Callable[..., list[int]]
) -> None:
    sow({"note": "TRUFFLES"})
    assert "P0001" not in half.get(f"{LIST}?q=TRUFFLES").text
    assert half.get(f"{LIST}?sort=note").status_code == 400
    assert half.get(f"{LIST}?note=TRUFFLES").status_code == 400
    assert "sort=note" not in half.get(LIST).text


def test_a_field_that_may_not_be_written_keeps_its_value(
    half: Browser,
    sow: Callable[..., list[int]],
    database: Database,
    garden: Suite,
    operator: Context,
) -> None:
    (plant,) = sow({"note": "KEPT"})
    half.get(f"{LIST}/{plant}/edit")
    answer = half.post(
        f"{LIST}/{plant}/edit", {"version": "1", "name": "Q", "price": "1", "note": "STOLEN"}
    )
    assert answer.status_code == 303
    with database.read(operator, garden) as session:
        assert session.scalars(select(Plant)).one().note == "KEPT"


def test_a_file_holds_exact_values_and_no_formulas(
    gardener: Browser, sow: Callable[..., list[int]], bed: int
) -> None:
    sow(
        {"name": "=1+1", "price": Decimal("-1234.5"), "bed_id": bed},
        {"name": '@x,"y"', "note": "\tz", "height": 5},
        {"name": "-2", "edible": True},
    )
    response = gardener.get(f"{LIST}.csv?sort=code")
    rows = table(response.text)
    assert response.mimetype == "text/csv"
    assert "attachment" in response.headers["Content-Disposition"]
    assert [row["name"] for row in rows] == ["'=1+1", '\'@x,"y"', "'-2"]
    assert rows[0]["price"] == "-1234.50"
    assert rows[0]["bed"] == "B1"
    assert rows[1]["note"] == "'\tz"
    assert (rows[1]["height"], rows[2]["edible"], rows[0]["state"]) == ("5", "true", "seed")


def test_a_file_holds_what_the_list_shows_all_of_it(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    sow(*({"name": "even" if n % 2 else "odd"} for n in range(1200)))
    assert len(table(gardener.get(f"{LIST}.csv?q=even").text)) == 600


def test_taking_a_file_is_recorded(
    gardener: Browser, database: Database, garden: Suite, operator: Context
) -> None:
    gardener.get(f"{LIST}.csv?state=seed")
    with database.read(operator, garden) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "export")).one()
    assert event.actor == "gardener"
    assert event.after == {"format": "csv", "state": "seed"}


def test_amounts_follow_the_companys_decimals(
    app: Flask,
    database: Database,
    beta: CompanyRef,
    sow: Callable[..., list[int]],
) -> None:
    sow({"price": Decimal(1500)}, company=beta)
    make_user(database, "beth", EVERYTHING, beta)
    browser = Browser.for_user(app, database, "beth")
    assert ">1,500<" in browser.get("/c/BETA/garden/plants").text
    browser.get("/c/BETA/garden/plants/new")
    answer = browser.post("/c/BETA/garden/plants/new", {"code": "X", "name": "x", "price": "1.5"})
    assert answer.status_code == 422
    assert "JPY has no decimals." in answer.text


def test_a_column_whose_model_alone_names_the_group_is_masked_too(
    half: Browser,
    gardener: Browser,
    sow: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups = {**Plant.__field_groups__, "height": "garden.notes"}
    monkeypatch.setattr(Plant, "__field_groups__", groups)
    (plant,) = sow({"height": 345})
    cell = '<td data-label="Height" class="{}">{}</td>'
    assert cell.format("num number", "345") in gardener.get(LIST).text
    shown = half.get(f"{LIST}?columns=code,height").text
    assert "345" not in shown
    # Its place is taken by nothing else: neither by the id, which is read first, nor by a 0.
    assert shown.count(str(plant)) == gardener.get(f"{LIST}?columns=code,price").text.count(
        str(plant)
    )
    assert cell.format("muted", "•••") in shown
    for path in (f"{LIST}/{plant}", f"{LIST}.csv"):
        assert "345" not in half.get(path).text, path
