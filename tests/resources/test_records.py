"""Record pages: the state, the one next step, what belongs to it and what happened to it."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from backstay.testing.web import Browser, make_user

from .garden import EDIT, EVERYTHING, PLANTS, VIEW, PlantState

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database

LIST = "/c/ALPHA/garden/plants"


def test_a_record_shows_its_values_in_the_readers_way(
    gardener: Browser, sow: Callable[..., list[int]], bed: int
) -> None:
    (plant,) = sow({"price": Decimal("1234.5"), "bed_id": bed, "state": PlantState.GROWING})
    html = gardener.get(f"{LIST}/{plant}").text
    assert "1,234.50" in html
    assert "B1" in html
    assert "Growing" in html
    assert 'class="btn primary" href' in html.replace("  ", " ") or "primary" in html


def test_only_what_the_state_allows_is_offered(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    seed, growing, picked = sow(*({"state": state} for state in PlantState))
    offered = {
        plant: set(re.findall(rf"{LIST}/{plant}/do/(\w+)", gardener.get(f"{LIST}/{plant}").text))
        for plant in (seed, growing, picked)
    }
    assert offered == {seed: {"water", "uproot", "weed"}, growing: {"water", "pick"}, picked: set()}
    assert f"{LIST}/{picked}/edit" not in gardener.get(f"{LIST}/{picked}").text


def test_a_step_that_is_refused_says_why(gardener: Browser, sow: Callable[..., list[int]]) -> None:
    (cactus,) = sow({"name": "Cactus"})
    html = gardener.get(f"{LIST}/{cactus}").text
    assert "It is a cactus." in html
    assert f"{LIST}/{cactus}/do/water" not in html


def test_the_next_step_is_shown_with_the_reason_to_those_who_may_not_take_it(
    app: Flask, database: Database, alpha: CompanyRef, sow: Callable[..., list[int]]
) -> None:
    (plant,) = sow({"state": PlantState.GROWING})
    make_user(database, "helper", (VIEW, EDIT), alpha)
    html = Browser.for_user(app, database, "helper").get(f"{LIST}/{plant}").text
    assert "Your roles do not let you pick plants." in html


def test_every_pair_of_state_and_action_beside_the_table_is_refused(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    for state in PlantState:
        for action in PLANTS.actions:
            if state.value in action.states:
                continue
            (plant,) = sow({"state": state})
            path = f"{LIST}/{plant}/do/{action.name}"
            assert gardener.get(path).status_code == 409
            assert gardener.post(path, {"reason": "x"}).status_code == 409
            assert f">{state.value.title()}<" in gardener.get(f"{LIST}/{plant}").text


def test_the_timeline_tells_changes_in_the_columns_words(
    gardener: Browser, sow: Callable[..., list[int]], bed: int
) -> None:
    (plant,) = sow({"price": Decimal("1.5")})
    gardener.get(f"{LIST}/{plant}/edit")
    response = gardener.post(
        f"{LIST}/{plant}/edit",
        {"version": "1", "name": "New name", "price": "2.75", "bed_id": str(bed)},
    )
    assert response.status_code == 303
    gardener.post(f"{LIST}/{plant}/do/water")
    html = gardener.get(f"{LIST}/{plant}").text
    assert "created this" in html
    assert "changed this" in html
    assert "<del>1.50</del>" in html
    assert "<ins>2.75</ins>" in html
    assert "<ins>Herbs</ins>" in html
    assert "did “Water”" in html


def test_related_records_are_counted_and_opened(
    gardener: Browser, sow: Callable[..., list[int]], bed: int
) -> None:
    sow({"bed_id": bed}, {"bed_id": bed})
    html = gardener.get(f"/c/ALPHA/garden/beds/{bed}").text
    assert f'href="{LIST}?bed={bed}"' in html
    assert "<b>2</b>" in html


@pytest.mark.parametrize(
    "path", ["", "/edit", "/do/water", "/do/pick", "/do/uproot"], ids=lambda p: p or "record"
)
def test_another_companys_record_is_not_there(
    gardener: Browser, sow: Callable[..., list[int]], beta: CompanyRef, path: str
) -> None:
    (theirs,) = sow({"state": PlantState.GROWING}, company=beta)
    for record in (theirs, 1, 0, 2**63, 2**80):
        assert gardener.get(f"{LIST}/{record}{path}").status_code == 404
        if path:
            assert gardener.post(f"{LIST}/{record}{path}").status_code == 404
    assert gardener.get(f"/c/BETA/garden/plants/{theirs}{path}").status_code == 404
    assert gardener.get(f"/c/BETA/garden/plants{path}").status_code == 404


def test_shared_records_lie_outside_the_companies(
    app: Flask, database: Database, alpha: CompanyRef
) -> None:
    make_user(database, "keeper", EVERYTHING)
    make_user(database, "inside", EVERYTHING, alpha)
    assert Browser.for_user(app, database, "keeper").get("/garden/tools").status_code == 200
    assert Browser.for_user(app, database, "inside").get("/garden/tools").status_code == 403


@pytest.mark.parametrize(
    ("label", "said"), [("Journal entry", "journal entry"), ("API token", "API token"), ("", "")]
)
def test_a_label_stands_in_a_sentence_as_people_write_it(label: str, said: str) -> None:
    assert replace(PLANTS, label=label).thing == said
