"""Saved views: private, shared, what a list opens with, and columns in an order of one's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.access.core_permissions import LIST_VIEW_SHARE
from backstay.lists.models import ListView
from backstay.testing.web import Browser, make_user

from .garden import EVERYTHING, VIEW, PlantState

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database

PLANTS = "/c/ALPHA/garden/plants"


def codes(html: str) -> list[str]:
    return re.findall(r'class="row-link"[^>]*>([^<]+)</a>', html)


def heads(html: str) -> list[str]:
    return re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([^<]+)', html)


@pytest.fixture
def head_gardener(app: Flask, database: Database, alpha: CompanyRef) -> Browser:
    """May share views."""
    make_user(database, "head", (*EVERYTHING, LIST_VIEW_SHARE), alpha)
    return Browser.for_user(app, database, "head")


@pytest.fixture
def plants(sow: Callable[..., list[int]]) -> list[int]:
    return sow(
        {"state": PlantState.SEED}, {"state": PlantState.GROWING}, {"state": PlantState.PICKED}
    )


def save(browser: Browser, name: str, query: str, **more: str) -> TestResponse:
    browser.get(PLANTS)
    return browser.post(f"{PLANTS}/views", {"do": "save", "name": name, "query": query, **more})


def view_of(response: TestResponse) -> str:
    assert response.status_code == 303, response.text
    found = re.search(r"view=(\d+)", response.headers["Location"])
    assert found
    return found[1]


def test_columns_are_chosen_and_ordered_in_the_url(gardener: Browser, plants: list[int]) -> None:
    html = gardener.get(f"{PLANTS}?columns=name,state,code").text
    assert heads(html) == ["Name", "State", "Code"]
    assert codes(html) == ["Plant 1", "Plant 2", "Plant 3"]
    assert gardener.get(f"{PLANTS}?columns=name,hue").status_code == 400


def test_several_values_of_a_filter_are_or_and_each_has_a_chip(
    gardener: Browser, plants: list[int]
) -> None:
    for query in ("state=seed,picked", "state=seed&state=picked"):
        html = gardener.get(f"{PLANTS}?{query}&q=plant").text
        assert codes(html) == ["P0001", "P0003"]
        assert html.count('class="joiner') == 2
        assert re.search(r'joiner muted">or<', html)
        assert re.search(r'joiner muted">and<', html)
        assert 'href="/c/ALPHA/garden/plants?q=plant&amp;state=picked"' in html


@pytest.mark.parametrize("query", ["sort=code&sort=-code", "q=a&q=b", "from=2026-01-01&from=2026"])
def test_a_parameter_that_stands_twice_is_refused_in_words(gardener: Browser, query: str) -> None:
    response = gardener.get(f"{PLANTS}?{query}")
    assert response.status_code == 400
    assert "stands twice" in response.text


def test_a_view_keeps_filters_order_columns_and_density(
    gardener: Browser, plants: list[int]
) -> None:
    query = "?state=seed%2Cgrowing&sort=-code&columns=code%2Cprice&density=dense"
    view = view_of(save(gardener, "My seeds", query))
    html = gardener.get(f"{PLANTS}?view={view}").text
    assert codes(html) == ["P0002", "P0001"]
    assert heads(html) == ["Code", "Price"]
    assert '<div id="list" class="list-region" data-density="dense"' in html
    assert "My seeds" in html
    narrowed = gardener.get(f"{PLANTS}?view={view}&state=seed").text
    assert codes(narrowed) == ["P0001"]


def test_a_private_view_is_nobody_elses(
    gardener: Browser, visitor: Browser, plants: list[int]
) -> None:
    view = view_of(save(gardener, "Mine", "?state=seed"))
    assert "Mine" not in visitor.get(PLANTS).text
    assert visitor.get(f"{PLANTS}?view={view}").status_code == 404
    assert visitor.get(f"{PLANTS}?base={view}").status_code == 404
    for what in ("change", "delete", "default"):
        answer = visitor.post(f"{PLANTS}/views", {"do": what, "view": view, "query": ""})
        assert answer.status_code == 404
    for odd in ("0", "x", "99999999999999999999999", "-1"):
        assert gardener.get(f"{PLANTS}?view={odd}").status_code == 404


def test_sharing_needs_its_permission(
    gardener: Browser, head_gardener: Browser, visitor: Browser, plants: list[int]
) -> None:
    assert save(gardener, "For all", "?state=seed", shared="1").status_code == 403
    view = view_of(save(head_gardener, "For all", "?state=seed", shared="1"))
    assert codes(visitor.get(f"{PLANTS}?view={view}").text) == ["P0001"]
    assert visitor.post(f"{PLANTS}/views", {"do": "delete", "view": view}).status_code == 403
    answer = visitor.post(f"{PLANTS}/views", {"do": "company-default", "view": view})
    assert answer.status_code == 403


def test_a_list_opens_with_ones_own_view_before_the_companys(
    gardener: Browser, head_gardener: Browser, plants: list[int]
) -> None:
    shared = view_of(save(head_gardener, "Seeds", "?state=seed", shared="1"))
    head_gardener.post(f"{PLANTS}/views", {"do": "company-default", "view": shared})
    assert codes(gardener.get(PLANTS).text) == ["P0001"]
    save(gardener, "Picked", "?state=picked", default="1")
    html = gardener.get(PLANTS).text
    assert codes(html) == ["P0003"]
    assert codes(gardener.get(f"{PLANTS}?view=all").text) == ["P0001", "P0002", "P0003"]
    # What is in the page leads nowhere but where it says.
    assert "base=" in (re.search(r'href="([^"]+)"[^>]*>Clear all', html) or [""])[0]
    assert codes(gardener.get(f"{PLANTS}?base=all").text) == ["P0001", "P0002", "P0003"]
    assert len(gardener.get(f"{PLANTS}.csv").text.splitlines()) == 4
    gardener.post(f"{PLANTS}/views", {"do": "clear-default"})
    assert codes(gardener.get(PLANTS).text) == ["P0001"]
    head_gardener.post(f"{PLANTS}/views", {"do": "delete", "view": shared})
    assert len(codes(gardener.get(PLANTS).text)) == 3


def test_a_view_of_one_company_is_not_offered_in_another(
    app: Flask, database: Database, alpha: CompanyRef, beta: CompanyRef
) -> None:
    make_user(database, "both", (VIEW,))
    both = Browser.for_user(app, database, "both")
    view = view_of(save(both, "Alpha's", "?state=seed"))
    assert "Alpha&#39;s" in both.get(PLANTS).text
    other = "/c/BETA/garden/plants"
    assert "Alpha&#39;s" not in both.get(other).text
    assert both.get(f"{other}?view={view}").status_code == 404


def test_a_view_that_cannot_be_read_any_more_says_so_and_shows_the_plain_list(
    visitor: Browser, database: Database, head_gardener: Browser, plants: list[int]
) -> None:
    view = view_of(save(head_gardener, "Notes", "?note=x", shared="1"))
    head_gardener.post(f"{PLANTS}/views", {"do": "company-default", "view": view})
    html = visitor.get(PLANTS).text
    assert "can&#39;t be shown" in html
    assert len(codes(html)) == 3


def test_a_view_that_makes_no_sense_is_not_saved(gardener: Browser, database: Database) -> None:
    for name, query in (("", ""), ("x" * 81, ""), ("A", "?state=dead"), ("A", "?from=soon")):
        assert save(gardener, name, query).status_code == 422
    assert save(gardener, "A", "?columns=hue").status_code == 400
    view_of(save(gardener, "A", ""))
    assert save(gardener, "a", "").status_code == 422
    with database.engine.connect() as connection:
        found = connection.execute(select(ListView.__table__.c.name)).scalars().all()
    assert found == ["A"]
