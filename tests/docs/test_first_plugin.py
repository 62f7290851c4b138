"""The plugin of the tutorial works as the tutorial says, from a wheel, on both databases."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from backstay.access.models import Role
from backstay.audit.models import AuditEvent
from backstay.db.context import operator_context
from backstay.kernel.lifecycle import transition
from backstay.kernel.load import load
from backstay.kernel.migrate import differences, plugin_schema
from backstay.kernel.models import Installation
from backstay.kernel.setup import DEFAULT_THEME
from backstay.kernel.state import load_in_force
from backstay.kernel.states import Step
from backstay.testing.web import Browser, build, make_user

if TYPE_CHECKING:
    from flask import Flask

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database

OPERATOR = operator_context("cli:test")
FORM = {
    "plate": "b-ks 1200",
    "description": "Delivery van, electric",
    "bought_on": "2026-03-01",
    "price": "18500.00",
}
EVERYTHING = ("vehicles.vehicle.view", "vehicles.vehicle.edit", "vehicles.vehicle.sell")

pytestmark = pytest.mark.usefixtures("vehicles")


@pytest.fixture
def enabled(database: Database) -> Database:
    """A database in which the plugin was switched on, as the command line does it."""
    with database.write(OPERATOR) as session:
        session.add(Installation(id=1, generation=1, theme=DEFAULT_THEME))
    assert transition(database, "vehicles", Step.ENABLE, OPERATOR).ok
    return database


@pytest.fixture
def app(enabled: Database) -> Flask:
    """The application that the next request would get."""
    return build(load_in_force(enabled), enabled, secret_key="only-for-tests")


@pytest.fixture
def keeper(app: Flask, enabled: Database, alpha: CompanyRef) -> Browser:
    """A fleet keeper of the company ALPHA at a browser."""
    make_user(enabled, "keeper", EVERYTHING, alpha)
    return Browser.for_user(app, enabled, "keeper")


def register(keeper: Browser, **changed: str) -> str:
    """Fill in the form for a new vehicle; returns the address of its page."""
    keeper.get("/c/ALPHA/vehicles/vehicles/new")
    done = keeper.post("/c/ALPHA/vehicles/vehicles/new", {**FORM, **changed})
    assert done.status_code == 303, done.text
    return str(done.location)


def test_its_migration_makes_the_table_that_its_model_describes(enabled: Database) -> None:
    suite = load(["vehicles"])
    base = suite.part("vehicles").base
    assert base is not None
    with enabled.engine.connect() as connection:
        assert differences(connection, plugin_schema(suite.found["vehicles"], base.metadata)) == []


def test_switching_it_on_makes_the_role_that_it_proposes(enabled: Database) -> None:
    with enabled.read(OPERATOR) as session:
        role = session.scalars(select(Role).where(Role.code == "fleetkeeper")).one()
        assert {held.permission for held in role.permissions} == set(EVERYTHING)


def test_an_empty_register_says_what_belongs_there(keeper: Browser) -> None:
    page = keeper.get("/c/ALPHA/vehicles/vehicles")
    assert page.status_code == 200
    assert "No vehicles yet" in page.text


def test_a_registered_vehicle_is_in_the_list_on_its_page_and_in_the_export(
    keeper: Browser,
) -> None:
    record = register(keeper)
    assert "B-KS 1200" in keeper.get(record).text
    assert "B-KS 1200" in keeper.get("/c/ALPHA/vehicles/vehicles").text
    export = keeper.get("/c/ALPHA/vehicles/vehicles.csv")
    rows = list(csv.DictReader(io.StringIO(export.text.removeprefix("\ufeff"))))
    assert [(row["plate"], row["price"], row["state"]) for row in rows] == [
        ("B-KS 1200", "18500.00", "in_use")
    ]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("price", "12.345", "at most 2 decimals"),
        ("price", "-1", "negative"),
        ("bought_on", "yesterday", "not a date"),
        ("plate", "", "Fill this in"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    keeper: Browser, field: str, value: str, said: str
) -> None:
    keeper.get("/c/ALPHA/vehicles/vehicles/new")
    refused = keeper.post("/c/ALPHA/vehicles/vehicles/new", {**FORM, field: value})
    assert refused.status_code == 422
    assert said in refused.text
    assert "Delivery van, electric" in refused.text


def test_a_plate_is_registered_once_in_a_company(keeper: Browser) -> None:
    register(keeper)
    keeper.get("/c/ALPHA/vehicles/vehicles/new")
    refused = keeper.post("/c/ALPHA/vehicles/vehicles/new", FORM)
    assert refused.status_code == 422
    assert "is in the register" in refused.text


def test_a_sold_vehicle_is_final_for_the_browser_and_for_raw_sql(
    keeper: Browser, enabled: Database
) -> None:
    record = register(keeper)
    keeper.get(f"{record}/do/sell")
    done = keeper.post(f"{record}/do/sell", {"sold_on": "2026-09-30"})
    assert done.status_code == 303, done.text
    assert keeper.get(f"{record}/edit").status_code == 409
    with pytest.raises(DBAPIError, match="sold vehicle"), enabled.engine.begin() as connection:
        if not enabled.is_sqlite:
            connection.execute(text("SELECT set_config('backstay.actor', 'test', true)"))
        connection.execute(text("UPDATE vehicles_vehicle SET plate = 'X'"))


def test_every_change_is_in_the_audit_trail(keeper: Browser, enabled: Database) -> None:
    record = register(keeper)
    keeper.get(f"{record}/do/sell")
    keeper.post(f"{record}/do/sell", {"sold_on": "2026-09-30"})
    with enabled.read(OPERATOR) as session:
        events = session.execute(
            select(AuditEvent.action, AuditEvent.actor, AuditEvent.label)
            .where(AuditEvent.entity == "vehicles_vehicle")
            .order_by(AuditEvent.id)
        ).all()
    assert [tuple(event) for event in events] == [
        ("create", "keeper", "B-KS 1200"),
        ("update", "keeper", "B-KS 1200"),
    ]


def test_another_company_neither_sees_nor_opens_it(
    keeper: Browser, app: Flask, enabled: Database, beta: CompanyRef
) -> None:
    record = register(keeper)
    make_user(enabled, "other", EVERYTHING, beta)
    other = Browser.for_user(app, enabled, "other")
    assert other.get(record).status_code == 404
    assert other.get(record.replace("/c/ALPHA/", "/c/BETA/")).status_code == 404
    assert "B-KS 1200" not in other.get("/c/BETA/vehicles/vehicles").text


def test_without_the_permission_there_is_no_form(
    app: Flask, enabled: Database, alpha: CompanyRef
) -> None:
    make_user(enabled, "reader", ["vehicles.vehicle.view"], alpha)
    reader = Browser.for_user(app, enabled, "reader")
    assert reader.get("/c/ALPHA/vehicles/vehicles").status_code == 200
    assert reader.get("/c/ALPHA/vehicles/vehicles/new").status_code == 403


def test_switched_off_its_pages_say_so_and_switched_on_again_the_data_is_there(
    keeper: Browser, enabled: Database
) -> None:
    record = register(keeper)
    transition(enabled, "vehicles", Step.DISABLE, OPERATOR)
    without = build(load_in_force(enabled), enabled, secret_key="only-for-tests")
    off = Browser.for_user(without, enabled, "keeper").get(record)
    assert off.status_code == 404
    assert "switched off" in off.text
    transition(enabled, "vehicles", Step.ENABLE, OPERATOR)
    again = build(load_in_force(enabled), enabled, secret_key="only-for-tests")
    assert "B-KS 1200" in Browser.for_user(again, enabled, "keeper").get(record).text
