"""The search of a list finds the same on both databases, whatever way it takes to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from sqlalchemy import text

from backstay.audit.capture import Event, record_event
from backstay.lists import searching
from backstay.search.models import SearchRow
from backstay.search.rebuild import build_missing, check_index, rebuild_index
from backstay.testing.web import Browser, make_user

from .garden import EVERYTHING, Plant, PlantState

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

PLANTS = "/c/ALPHA/garden/plants"


def codes(html: str) -> list[str]:
    return re.findall(r'class="row-link"[^>]*>([^<]+)</a>', html)


def searched(browser: Browser, words: str, more: str = "") -> list[str]:
    answer = browser.get(f"{PLANTS}?q={quote(words)}{more}")
    assert answer.status_code == 200, answer.text
    return codes(answer.text)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("muller", True),
        ("MÜLLER", True),
        ("mül sohn", True),
        ("sohne mull", True),
        ("uller", False),
        ("gen-2026-000017", True),
        ("2026-0000", True),
        ("000017", True),
        ("17", True),
        ("gen-20-17", False),
        ("支店", True),
        ("🎉", True),
        ("🎃", False),
        ("strasse", True),
        ("lodz", True),
        ("שלום", True),
        ("\u202e\u05e9\u05dc\u05d5\u05dd", True),
        ("naive absent", False),
    ],
)
def test_words_are_found_without_case_accents_and_zeros(
    gardener: Browser, sow: Callable[..., list[int]], words: str, *, found: bool
) -> None:
    sow({"name": "Müller & Söhne, Straße 東京支店 🎉 Łódź naïve שלום GEN-2026-000017"}, {})
    assert searched(gardener, words) == (["P0001"] if found else [])


@pytest.mark.parametrize(
    "words",
    [
        '"',
        "' OR 1=1 --",
        "AND OR NOT NEAR(",
        "a* & b | !c <-> (d",
        "text:plant ^plant -plant +plant",
        "\\",
        "_garden_plant_1",
        "_",
        "plant\x00x",
        "\ud83d".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
        "x" * 10_000,
        "a " * 5_000,
        "%_\\%",
        "̀́̂",
    ],
)
def test_no_words_break_the_search_or_reach_the_database_as_its_language(
    gardener: Browser, sow: Callable[..., list[int]], words: str
) -> None:
    sow({"name": "Plain"})
    for path in (PLANTS, f"{PLANTS}/pick", f"{PLANTS}.csv", "/me/palette"):
        answer = gardener.get(f"{path}?q={quote(words)}&company=ALPHA")
        assert answer.status_code == 200, (path, answer.text)
        assert "Plain" not in answer.text


@pytest.mark.parametrize("way", ["walk", "index", "long walk", "sort"])
def test_every_way_to_the_matches_shows_the_same_pages(
    gardener: Browser, sow: Callable[..., list[int]], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, most, long = {
        "walk": (10_000, 10_000, 10_000),
        "index": (1, 10_000, 10_000),
        "long walk": (1, 1, 10_000),
        "sort": (1, 1, 1),
    }[way]
    monkeypatch.setattr(searching, "FIRST_WALK", first)
    monkeypatch.setattr(searching, "MOST_FROM_INDEX", most)
    monkeypatch.setattr(searching, "WALKS", (max(1, long // 10), long))
    sow(
        *(
            {
                "name": "Rose" if number % 3 else "Tulip",
                "state": PlantState.SEED if number % 2 else PlantState.PICKED,
                "height": None if number % 5 == 0 else number % 7,
            }
            for number in range(400)
        )
    )
    for sort in ("code", "-code", "height", "-height"):
        wanted = [f"P{number + 1:04}" for number in range(400) if number % 3 and number % 2]
        seen: list[str] = []
        url = f"{PLANTS}?q=ros&state=seed&sort={sort}"
        pages = 0
        while url:
            html = gardener.get(url).text
            seen += codes(html)
            pages += 1
            mark = re.search(r'after=([\w-]+)" rel="next"', html.replace("&amp;", "&"))
            back = re.search(r'before=([\w-]+)" rel="prev"', html.replace("&amp;", "&"))
            if back and pages == 2:
                before = f"{PLANTS}?q=ros&state=seed&sort={sort}&before={back[1]}"
                assert codes(gardener.get(before).text) == seen[:50]
            url = f"{PLANTS}?q=ros&state=seed&sort={sort}&after={mark[1]}" if mark else ""
        assert sorted(seen) == wanted
        assert pages == 3
        if sort.endswith("code"):
            assert seen == (wanted if sort == "code" else wanted[::-1])


def test_a_change_and_a_removal_are_found_at_once(
    gardener: Browser, sow: Callable[..., list[int]], database: Database, garden: Suite
) -> None:
    (plant,) = sow({"name": "Rose"})
    done = gardener.post(
        f"{PLANTS}/{plant}/edit", {"version": "1", "name": "Tulip", "price": "1", "note": ""}
    )
    assert done.status_code in {302, 303}, done.text
    assert searched(gardener, "rose") == []
    assert searched(gardener, "tulip") == ["P0001"]
    gardener.post(f"{PLANTS}/{plant}/do/uproot", {})
    assert searched(gardener, "tulip") == []
    assert all(one.equal for one in check_index(database, garden))


def test_what_is_rolled_back_is_not_found(
    gardener: Browser, database: Database, garden: Suite, operator: Context, alpha: CompanyRef
) -> None:
    def fail() -> None:
        with database.write(operator.in_company(alpha), garden) as session:
            session.add(Plant(company_id=alpha.id, code="X", name="Ghost", price=1))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert searched(gardener, "ghost") == []
    assert all(one.equal for one in check_index(database, garden))


def test_a_masked_field_is_found_by_those_alone_who_may_read_it(
    app: Flask,
    database: Database,
    alpha: CompanyRef,
    gardener: Browser,
    sow: Callable[..., list[int]],
) -> None:
    may = [one for one in EVERYTHING if one.name != "garden.note.read"]
    make_user(database, "half", may, alpha)
    half = Browser.for_user(app, database, "half")
    sow({"name": "Oak", "note": "truffles 99"})
    assert searched(gardener, "truf oak") == ["P0001"]
    for words in ("truf", "truffles oak", "99", "garden", "_garden.notes_truffles", "notes"):
        assert searched(half, words) == [], words
    assert searched(half, "oak") == ["P0001"]
    labels = half.get("/me/palette?company=ALPHA&q=truffles").text
    assert "Oak" not in labels
    assert "truffles" not in labels.replace("q=truffles", "")


def test_another_companys_records_are_not_found(
    gardener: Browser, sow: Callable[..., list[int]], beta: CompanyRef
) -> None:
    sow({"code": "B0001", "name": "Secret orchid"}, company=beta)
    sow({"name": "Orchid"})
    assert searched(gardener, "orchid") == ["P0001"]
    assert gardener.get(f"{PLANTS}/pick?q=secret").json == []
    assert "Secret" not in gardener.get("/me/palette?company=ALPHA&q=orchid").text
    assert "Secret" not in gardener.get("/me/palette?company=BETA&q=orchid").text


def test_rows_changed_by_statement_are_followed_by_their_audit_events(
    gardener: Browser,
    sow: Callable[..., list[int]],
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
) -> None:
    (plant,) = sow({"name": "Rose"})
    with database.write(operator.in_company(alpha), garden) as session:
        session.connection().execute(
            text("UPDATE garden_plant SET name = 'Tulip' WHERE id = :id"), {"id": plant}
        )
        record_event(
            session,
            Event(
                "update",
                "garden_plant",
                str(plant),
                plugin="garden",
                company_id=alpha.id,
                before={"name": "Rose"},
                after={"name": "Tulip"},
                row_hash="0" * 64,
            ),
        )
    assert searched(gardener, "tulip") == ["P0001"]
    assert searched(gardener, "rose") == []


def test_the_check_names_what_differs_and_the_rebuild_mends_it(
    gardener: Browser, sow: Callable[..., list[int]], database: Database, garden: Suite
) -> None:
    sow({"name": "Rose"}, {"name": "Tulip"}, {"name": "Lily"})
    with database.engine.begin() as connection:
        rows = SearchRow.__table__
        plants = connection.execute(
            rows.select().where(rows.c.entity == "garden_plant").order_by(rows.c.record_id)
        ).all()
        connection.execute(rows.delete().where(rows.c.id == plants[0].id))
        connection.execute(
            rows.update().where(rows.c.id == plants[1].id).values(text=" wrong ")  # type: ignore[attr-defined]
        )
        connection.execute(
            rows.update().where(rows.c.id == plants[2].id).values(record_id=5)  # type: ignore[attr-defined]
        )
    found = {one.entity: one for one in check_index(database, garden)}
    assert (found["garden_plant"].stale, found["garden_plant"].surplus) == (3, 1)
    assert found["core_company"].equal
    told: list[tuple[str, int]] = []
    rebuild_index(database, garden, lambda entity, records: told.append((entity, records)))
    assert ("garden_plant", 3) in told
    assert all(one.equal for one in check_index(database, garden))
    for name in ("rose", "tulip", "lily"):
        assert len(searched(gardener, name)) == 1


def test_what_was_there_before_the_index_is_indexed_once(
    gardener: Browser, sow: Callable[..., list[int]], database: Database, garden: Suite
) -> None:
    sow({"name": "Rose"})
    with database.engine.begin() as connection:
        connection.execute(SearchRow.__table__.delete())  # type: ignore[attr-defined]
    database._nodes.release()  # as in a process that has written nothing yet
    assert {one.entity for one in build_missing(database, garden)} == set(garden.searched)
    assert searched(gardener, "rose") == ["P0001"]
    assert build_missing(database, garden) == []
