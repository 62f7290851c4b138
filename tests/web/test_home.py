"""The start page: where people land, and what modules put there."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from backstay.access.core_permissions import PERMISSIONS
from backstay.access.models import User
from backstay.db.context import operator_context
from backstay.navigation.declare import Area, Page
from backstay.testing.web import SECRET, Browser, make_user
from backstay.web.app import build
from backstay.web.page import ChecklistItem, Figure, HomePart

if TYPE_CHECKING:
    from types import ModuleType

    from flask import Flask

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


def broken(_session: Any) -> HomePart:
    message = "secret inner detail"
    raise ZeroDivisionError(message)


def useful(_session: Any) -> HomePart:
    return HomePart(
        (Figure("Probes waiting", "17"),), (ChecklistItem("Launch a probe", done=False),)
    )


@pytest.fixture
def home_app(suite: Suite, database: Database, probe: ModuleType) -> Flask:
    whole = probe.with_probe(suite)
    part = whole.parts[-1]
    pages = (
        Page(Area.MONEY, "Good", "probe.count", "scale", probe.READ, home=useful),
        Page(Area.MONEY, "Bad", "probe.count", "scale", probe.READ, home=broken),
    )
    whole = probe.with_part(
        replace(suite, permissions={}, resources={}, jobs={}, imports={}, services={}),
        replace(part, pages=pages),
    )
    return build(whole, database, secret_key=SECRET)


def test_modules_put_figures_and_first_steps_on_the_start_page(
    home_app: Flask, database: Database, alpha: CompanyRef, probe: ModuleType
) -> None:
    make_user(database, "clerk", [probe.READ], alpha)
    page = Browser.for_user(home_app, database, "clerk").get("/c/ALPHA/")
    assert page.status_code == 200
    assert "Probes waiting" in page.text
    assert "Launch a probe" in page.text


def test_a_module_that_fails_there_leaves_the_rest_standing(
    home_app: Flask, database: Database, alpha: CompanyRef, probe: ModuleType
) -> None:
    make_user(database, "clerk", [probe.READ], alpha)
    page = Browser.for_user(home_app, database, "clerk").get("/c/ALPHA/")
    assert "“Bad” could not show its part" in page.text
    assert "secret inner detail" not in page.text


def test_shortcuts_stand_under_their_headings(
    suite: Suite, database: Database, alpha: CompanyRef, probe: ModuleType
) -> None:
    def way(label: str, section: str = "", area: Area = Area.MONEY) -> Page:
        icon, may = "scale", probe.READ
        return Page(area, label, "probe.count", icon, may, in_palette_only=True, section=section)

    whole = probe.with_probe(suite)
    pages = (
        way("Launch a probe", "Probes"),
        way("Rockets"),
        way("Alone", "By itself"),
        way("Recall a probe", "Probes"),
        way("Fuel"),
        way("Odd one", area=Area.SUPPLY),
    )
    whole = probe.with_part(
        replace(suite, permissions={}, resources={}, jobs={}, imports={}, services={}),
        replace(whole.parts[-1], pages=pages),
    )
    make_user(database, "clerk", [probe.READ], alpha)
    app = build(whole, database, secret_key=SECRET)
    page = Browser.for_user(app, database, "clerk").get("/c/ALPHA/").text
    card = page[page.index("<h2>Shortcuts</h2>") :].partition("</div>")[0]
    found = re.findall(r"<h3>([^<]*)|</svg><span>([^<]*)</span><svg", card)
    assert [heading or label for heading, label in found] == [
        *("Probes", "Launch a probe", "Recall a probe"),
        *("Money", "Rockets", "Fuel"),
        *("More", "Alone", "Odd one"),
    ]


def test_an_administrator_without_work_in_a_company_lands_in_the_administration(
    web_app: Flask, database: Database
) -> None:
    make_user(database, "admin", PERMISSIONS)
    page = Browser.for_user(web_app, database, "admin").get("/")
    assert page.status_code == 200
    assert "<h1>Administration</h1>" in page.text


def test_what_happened_lately_calls_people_users_not_service_accounts(
    web_app: Flask, database: Database
) -> None:
    make_user(database, "admin", PERMISSIONS)
    make_user(database, "clerk")
    page = Browser.for_user(web_app, database, "admin").get("/")
    assert "added user “clerk”" in page.text


def test_what_one_person_does_to_one_record_again_and_again_is_told_once(
    web_app: Flask, database: Database
) -> None:
    make_user(database, "admin", PERMISSIONS)
    clerk = make_user(database, "clerk")
    for name in ("One", "Two", "Three"):
        with database.write(operator_context("system:test")) as session:
            session.get_one(User, clerk).name = name
    page = Browser.for_user(web_app, database, "admin").get("/").text
    assert page.count("changed user “clerk”") == 1
    assert page.count("added user “clerk”") == 1


def test_somebody_without_any_role_is_told_whom_to_ask(web_app: Flask, database: Database) -> None:
    make_user(database, "newcomer")
    page = Browser.for_user(web_app, database, "newcomer").get("/")
    assert page.status_code == 200
    assert "Ask an administrator" in page.text


def test_the_palette_finds_pages_actions_and_companies_that_are_open(
    web_app: Flask, database: Database, alpha: CompanyRef
) -> None:
    make_user(database, "admin", PERMISSIONS)
    admin = Browser.for_user(web_app, database, "admin")
    found = admin.get("/me/palette?q=new use").json
    assert [(item["label"], item["href"]) for item in found] == [("New user", "/admin/users/new")]
    assert {item["href"] for item in admin.get("/me/palette?q=work").json} >= {"/c/BETA/"}
    make_user(database, "clerk", ["core.audit.view"], alpha)
    clerk = Browser.for_user(web_app, database, "clerk")
    labels = {item["label"] for item in clerk.get("/me/palette?q=").json}
    assert "Sign out" in labels
    assert "New user" not in labels
    assert not any("Beta" in label for label in labels)
    assert clerk.get("/me/palette?company=BETA&q=audit").json == []
