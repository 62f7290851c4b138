"""The Modules pages and the API: every step with its plan, taken by a process of its own."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, select, update

from backstay.access.core_permissions import PLUGIN_MANAGE, PLUGIN_VIEW
from backstay.access.models import Role, SignIn, User
from backstay.access.passwords import hash_password
from backstay.clock import now
from backstay.errors import Conflict
from backstay.home import Home
from backstay.kernel.checks import Checked, record_check
from backstay.kernel.lifecycle import transition
from backstay.kernel.models import Lease, PluginRow, PluginState
from backstay.kernel.plans import DUTY
from backstay.kernel.states import Step
from backstay.kernel.step_log import noted
from backstay.testing.api import ApiClient
from backstay.testing.web import SECRET, Browser, make_user
from backstay.web.app import build
from tests.kernel import crate

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay.testing.plugins import PluginShelf

    from .conftest import Office

PASSWORD = "seven sheep on a hill"
CHANGES = """# Changelog

## 2.0

- Things have a `colour`.

## 1.0

First.
"""


@pytest.fixture
def app(
    office: Office,
    shelf: PluginShelf,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Flask:
    """The application with a data folder, and the plugin “crate” on at version 1.0."""
    monkeypatch.setenv("PYTHONPATH", str(shelf.folder))
    crate.install(shelf)
    package = shelf.folder / "backstay_crate"
    (package / "CHANGELOG.md").write_text(CHANGES, encoding="utf-8")
    url = office.database.engine.url.render_as_string(hide_password=False)
    transition(office.database, "crate", Step.ENABLE, office.operator)
    return build(
        office.suite, office.database, secret_key=SECRET, home_folder=Home(tmp_path / "home", url)
    )


@pytest.fixture
def boss(app: Flask, office: Office) -> Browser:
    """The administrator, who signed in a while ago and knows the password."""
    (app.extensions["backstay"].home.path).mkdir()
    with office.write() as session:
        user = session.get_one(User, office.admin_id)
        user.must_change_password = False
        user.password_hash = hash_password(PASSWORD)
    browser = Browser.for_user(app, office.database, "admin")
    typed_before(office.database, timedelta(minutes=10))
    return browser


def typed_before(database: Database, ago: timedelta) -> None:
    """When the password was last typed."""
    with database.engine.begin() as connection:
        connection.execute(update(SignIn).values(confirmed_at=now() - ago))


def state(office: Office) -> PluginState:
    with office.read() as session:
        return session.get_one(PluginRow, "crate").state


def test_a_card_and_a_page_say_what_is_known_of_a_module(
    boss: Browser, office: Office, shelf: PluginShelf
) -> None:
    with office.write() as session:
        record_check(
            session,
            "crate",
            "1.0",
            [Checked("loads", "pass"), Checked("wheel", "fail", "no py.typed")],
        )
    crate.install_newer(shelf)
    cards = boss.get("/admin/modules").text
    assert "<title>Modules" in cards
    for text in ("Update due", "1 permission", "1 table", "keeps 1 of 2 rules", "Update …"):
        assert text in cards, text
    shown = boss.get("/admin/modules/crate").text
    for text in (
        "Version 2.0 is installed, its data is at version 1.0.",
        "see things",
        "crate_thing",
        "Things have a colour.",
        "no py.typed",
    ):
        assert text in shown, text


def test_an_update_shows_its_sql_and_is_done_by_another_process(
    boss: Browser, office: Office, shelf: PluginShelf
) -> None:
    crate.install_newer(shelf)
    planned = boss.get("/admin/modules/crate/upgrade").text
    for text in ("ALTER TABLE crate_thing ADD COLUMN colour", "paint things", "Painter"):
        assert text in planned, text
    assert boss.post("/admin/modules/crate/upgrade", {"reason": "colour"}).status_code == 303
    assert "Crate is at version 2.0 now." in boss.get("/admin/modules/crate").text


def test_permissions_for_roles_are_ticked_on_the_page_of_the_update(
    boss: Browser, office: Office, shelf: PluginShelf
) -> None:
    crate.install_newer(shelf)
    planned = boss.get("/admin/modules/crate/upgrade").text
    assert 'name="give" value="storekeeper:crate.thing.edit"' in planned
    assert "Only what you tick is given." in planned
    sent = {"give": "storekeeper:crate.thing.edit"}
    assert boss.post("/admin/modules/crate/upgrade", sent).status_code == 303
    assert held_by_storekeeper(office) == {"crate.thing.view", "crate.thing.edit"}


def held_by_storekeeper(office: Office) -> set[str]:
    with office.read() as session:
        role = session.scalars(select(Role).where(Role.code == "storekeeper")).one()
        return {one.permission for one in role.permissions}


def test_a_program_gives_roles_what_it_names_and_nothing_else(
    app: Flask, boss: Browser, office: Office, suite: Suite, shelf: PluginShelf
) -> None:
    program = ApiClient.for_user(app, office.database, suite, "admin")
    crate.install_newer(shelf)
    planned = program.get("core/modules/crate/plan").json
    assert [(one["role"], one["permission"]) for one in planned["proposals"]] == [
        ("storekeeper", "crate.thing.edit")
    ]
    act = "core/modules/crate/actions/upgrade"
    refused = program.post(act, {"give": "storekeeper"})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "give")
    refused = program.post(act, {"give": ["painter"]})
    assert (refused.status_code, "not proposed" in refused.json["detail"]) == (409, True)
    assert program.post(act, {"give": ["storekeeper"]}).status_code == 200
    assert held_by_storekeeper(office) == {"crate.thing.view", "crate.thing.edit"}


def test_a_step_that_takes_longer_is_answered_with_a_place_to_look(
    app: Flask,
    boss: Browser,
    office: Office,
    suite: Suite,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backstay.kernel.runner.PATIENCE_SECONDS", 0)
    program = ApiClient.for_user(app, office.database, suite, "admin")
    begun = program.post("core/modules/crate/actions/disable", {})
    assert begun.status_code == 202
    place = begun.headers["Location"].partition("/api/v1/")[2]
    assert begun.json["operation"] == f"/api/v1/{place}"
    give_up = monotonic() + 60
    while (how := program.get(place).json)["step"] != "disable" or how["state"] == "running":
        assert monotonic() < give_up, how
        sleep(0.1)
    assert (how["state"], how["message"]) == ("done", "Crate is off. Its data is kept.")
    assert how["ended_at"] >= how["began_at"]
    assert program.get("core/modules/crate").json["state"] == "disabled"
    assert program.get("core/modules/ledger/operation").status_code == 404


def test_a_step_that_failed_without_a_trace_is_told_on_the_page(
    boss: Browser, office: Office
) -> None:
    with (
        pytest.raises(Conflict, match="no such crate"),
        noted(office.database, "crate", Step.PURGE, "cli:somebody"),
    ):
        raise Conflict("There is no such crate. Nothing changed.")
    shown = boss.get("/admin/modules/crate").text
    assert "“Delete its data” failed on" in shown
    assert "There is no such crate. Nothing changed." in shown


def test_data_is_deleted_for_the_name_and_the_password_only(boss: Browser, office: Office) -> None:
    blocked = boss.get("/admin/modules/crate/purge").text
    assert "is on. Switch it off or uninstall it first." in blocked
    assert "typed_name" not in blocked
    transition(office.database, "crate", Step.RETIRE, office.operator)
    place = "/admin/modules/crate/purge"
    assert "Your password" in boss.get(place).text
    wrong = boss.post(place, {"typed_name": "create", "password": PASSWORD})
    assert (wrong.status_code, "not the name" in wrong.text) == (422, True)
    wrong = boss.post(place, {"typed_name": "crate", "password": "guess"})
    assert (wrong.status_code, "not your password" in wrong.text) == (422, True)
    assert state(office) is PluginState.RETIRED
    done = boss.post(place, {"typed_name": "crate", "password": PASSWORD})
    assert done.status_code == 303
    assert state(office) is PluginState.PURGED
    assert not inspect(office.database.engine).has_table("crate_thing")
    assert "Its data was deleted. The export lies" in boss.get("/admin/modules/crate").text


def test_the_password_holds_for_a_few_minutes(boss: Browser, office: Office) -> None:
    transition(office.database, "crate", Step.RETIRE, office.operator)
    typed_before(office.database, timedelta(minutes=4))
    assert "Your password" not in boss.get("/admin/modules/crate/purge").text
    typed_before(office.database, timedelta(minutes=6))
    assert "Your password" in boss.get("/admin/modules/crate/purge").text


def test_a_step_that_was_cut_off_is_told(boss: Browser, office: Office) -> None:
    ago = now() - timedelta(minutes=1)
    with office.database.engine.begin() as connection:
        values = {"name": DUTY, "holder": "gone", "note": "upgrade crate"}
        connection.execute(Lease.__table__.insert().values(**values, taken_at=ago, expires_at=ago))
    assert "was cut off. Nothing of it is half done" in boss.get("/admin/modules").text
    assert "was cut off" in boss.get("/admin/modules/crate").text
    assert "was cut off" not in boss.get("/admin/modules/ledger").text


def test_a_program_takes_the_same_steps(
    app: Flask, boss: Browser, office: Office, suite: Suite, shelf: PluginShelf
) -> None:
    program = ApiClient.for_user(app, office.database, suite, "admin")
    found = {one["name"]: one for one in program.get("core/modules").json["items"]}
    assert found["crate"]["state"] == "enabled"
    assert found["crate"]["steps"] == ["disable", "retire"]
    crate.install_newer(shelf)
    planned = program.get("core/modules/crate/plan").json
    assert planned["step"] == "upgrade"
    assert "ADD COLUMN colour" in planned["migrations"][0]["sql"]
    act = "core/modules/crate/actions"
    done = program.post(f"{act}/upgrade", {})
    assert (done.status_code, done.json["migrated"]) == (200, "2.0")
    refused = program.post(f"{act}/upgrade", {})
    assert refused.status_code == 409
    assert "up to date" in refused.json["errors"][0]["message"]
    assert program.post(f"{act}/retire", {"reason": "trial"}).json["state"] == "retired"
    purge = {"confirm": "crate", "password": "guess"}
    refused = program.post(f"{act}/purge", purge)
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "password")
    refused = program.post(f"{act}/purge", {})
    assert [one["field"] for one in refused.json["errors"]] == ["confirm", "password"]
    assert state(office) is PluginState.RETIRED
    done = program.post(f"{act}/purge", {**purge, "password": PASSWORD})
    assert done.json["state"] == "purged"


def test_who_only_sees_modules_takes_no_step(
    app: Flask, boss: Browser, office: Office, suite: Suite
) -> None:
    make_user(office.database, "viewer", [PLUGIN_VIEW])
    program = ApiClient.for_user(app, office.database, suite, "viewer")
    assert program.get("core/modules/crate/plan?for=disable").status_code == 200
    refused = program.post("core/modules/crate/actions/disable", {})
    assert (refused.status_code, PLUGIN_MANAGE.name in refused.json["detail"]) == (403, True)
    browser = Browser.for_user(app, office.database, "viewer")
    assert browser.get("/admin/modules/crate/disable").status_code == 403
