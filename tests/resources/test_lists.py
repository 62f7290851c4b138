"""Lists in the browser: what the URL says is what is shown, and no more than one may see."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from .garden import PlantState

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.testing.web import Browser

PLANTS = "/c/ALPHA/garden/plants"


def codes(html: str) -> list[str]:
    return re.findall(r'class="row-link"[^>]*>([^<]+)</a>', html)


def test_an_empty_list_says_what_belongs_here_and_how_to_begin(gardener: Browser) -> None:
    response = gardener.get(PLANTS)
    assert response.status_code == 200
    assert "No plants yet" in response.text
    assert f'href="{PLANTS}/new"' in response.text


def test_filters_narrow_the_list_and_stand_in_the_url(
    gardener: Browser, sow: Callable[..., list[int]], bed: int
) -> None:
    sow(
        {"state": PlantState.SEED, "planted": date(2026, 1, 5)},
        {"state": PlantState.GROWING, "planted": date(2026, 2, 5), "edible": True},
        {"state": PlantState.PICKED, "bed_id": bed},
    )
    for query, expected in (
        ("state=growing", ["P0002"]),
        ("from=2026-02-01", ["P0002"]),
        ("to=2026-01-31", ["P0001"]),
        ("edible=1", ["P0002"]),
        (f"bed={bed}", ["P0003"]),
        ("state=&q=", ["P0001", "P0002", "P0003"]),
        ("sort=-code", ["P0003", "P0002", "P0001"]),
        ("q=0002", ["P0002"]),
        ("q=PLANT+3", ["P0003"]),
        ("q=lant", []),
        ("q=%25", []),
        ("q=plant+0003", ["P0003"]),
    ):
        response = gardener.get(f"{PLANTS}?{query}")
        assert response.status_code == 200, response.text
        assert codes(response.text) == expected, query


def test_search_knows_upper_and_lower_case_beyond_ascii(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    sow({"name": "Gute Äpfel"})
    for word in ("äpf", "ÄPF", "Äpf", "gut"):
        assert codes(gardener.get(f"{PLANTS}?q={word}").text) == ["P0001"], word


def test_a_list_keeps_its_states_colours_and_ticks(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    sow({"state": PlantState.GROWING, "edible": True})
    html = gardener.get(PLANTS).text
    assert '<span class="tag info">Growing</span>' in html
    assert 'aria-label="Yes"' in html
    assert 'data-label="Price" class="num money">1.50<' in html


def test_a_long_text_can_give_way_to_the_columns_beside_it(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    sow({"name": "Mint"}, {"name": "Mint that came with the neighbour's compost"})
    html = gardener.get(PLANTS).text
    assert re.search(r'class="cell-link"[^>]*>Mint</a>', html)
    assert re.search(r'class="cell-link clip"[^>]*>Mint that came', html)


def test_a_filter_in_force_is_named_and_can_be_removed(
    gardener: Browser, sow: Callable[..., list[int]], bed: int
) -> None:
    sow({"bed_id": bed})
    html = gardener.get(f"{PLANTS}?bed={bed}&sort=-code").text
    assert "B1 Herbs" in html
    assert f'href="{PLANTS}?sort=-code"' in html


@pytest.mark.parametrize(
    "query",
    ["state=dead", "from=yesterday", "bed=me", "bed=99999999999999999999", "from=2026-13-01"],
)
def test_a_filter_that_makes_no_sense_is_refused_by_name(gardener: Browser, query: str) -> None:
    response = gardener.get(f"{PLANTS}?{query}")
    assert response.status_code == 422
    assert "The filter" in response.text


@pytest.mark.parametrize("query", ["sort=watered_at", "sort=nothing", "after=abc", "before=%00"])
def test_a_malformed_url_is_refused(gardener: Browser, query: str) -> None:
    assert gardener.get(f"{PLANTS}?{query}").status_code == 400


def test_a_page_mark_belongs_to_its_filter_and_order(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    sow(*({} for _ in range(60)))
    html = gardener.get(f"{PLANTS}?state=seed").text
    mark = re.search(r'after=([\w-]+)" rel="next"', html.replace("&amp;", "&"))
    assert mark
    assert gardener.get(f"{PLANTS}?state=seed&after={mark[1]}").status_code == 200
    for query in ("", "state=growing&", "state=seed&sort=-code&", "state=seed&q=x&"):
        assert gardener.get(f"{PLANTS}?{query}after={mark[1]}").status_code == 400


def test_htmx_gets_the_rows_alone_and_caches_know_it(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    sow({})
    whole = gardener.get(PLANTS)
    part = gardener.get(PLANTS, headers={"HX-Request-Type": "partial", "HX-Request": "true"})
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert codes(part.text) == ["P0001"]
    assert "HX-Request-Type" in whole.headers["Vary"]
    assert "HX-Request-Type" in part.headers["Vary"]


def test_a_list_page_takes_at_most_six_queries(
    gardener: Browser, database: Database, sow: Callable[..., list[int]], bed: int
) -> None:
    sow(*({"bed_id": bed} for _ in range(60)))
    gardener.get(PLANTS)
    seen: list[str] = []

    def note(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        assert gardener.get(f"{PLANTS}?bed={bed}&q=plant").status_code == 200
    finally:
        for engine in database.engines:
            event.remove(engine, "before_cursor_execute", note)
    assert 0 < len(seen) <= 6, "\n\n".join(seen)


def test_another_companys_rows_are_in_no_list(
    gardener: Browser, sow: Callable[..., list[int]], beta: CompanyRef
) -> None:
    sow({"code": "MINE"})
    sow({"code": "THEIRS"}, company=beta)
    assert codes(gardener.get(PLANTS).text) == ["MINE"]
    assert gardener.get(f"{PLANTS}.csv").text.count("THEIRS") == 0


def test_a_picker_answers_with_what_can_be_picked(gardener: Browser, bed: int) -> None:
    answer = gardener.get("/c/ALPHA/garden/beds/pick?q=her").json
    assert answer == [{"id": str(bed), "label": "B1 Herbs", "hint": ""}]
    assert gardener.get("/c/ALPHA/garden/beds/pick?q=nothing").json == []


def test_values_are_escaped(gardener: Browser, sow: Callable[..., list[int]]) -> None:
    nasty = """<img src=x onerror=alert(1)>"'&{{7*7}}"""
    (plant,) = sow({"name": nasty, "code": "A"})
    for path in (PLANTS, f"{PLANTS}/{plant}", f"{PLANTS}/{plant}/edit"):
        html = gardener.get(path).text
        assert "<img src=x" not in html
        assert "{{7*7}}" in html or "{{7*7" in html
