"""A plugin that keeps gardens: every kind of column, field, filter and action that there is."""

from __future__ import annotations

from decimal import Decimal
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

import pytest

from backstay.db.guards import install_guards
from backstay.jobs.execute import execute_next
from backstay.kernel import load as loading
from backstay.kernel.discovery import Found
from backstay.kernel.load import load
from backstay.kernel.suite import Part, Suite
from backstay.testing.web import SECRET, Browser, make_user
from backstay.web.app import build

from .garden import BEDS, EVERYTHING, NOTES, PLANTS, TOOLS, VIEW, Bed, GardenBase, Plant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database


@pytest.fixture(scope="session")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """Core and the plugin that keeps gardens."""
    return garden_suite(tmp_path_factory.mktemp("garden"))


def garden_suite(root: Path) -> Suite:
    """Core and the plugin that keeps gardens, in a folder; also for processes of their own."""
    part = Part(
        plugin="garden",
        base=GardenBase,
        permissions=EVERYTHING,
        field_groups=(NOTES,),
        resources=(PLANTS, BEDS, TOOLS),
    )
    loading._prepare(part)
    found = Found(
        name="garden",
        entry_point=EntryPoint("garden", "backstay_garden.plugin", "backstay.plugins"),
        root=root,
        title="Garden",
        category="test",
        icon="star",
        summary="",
        version="1.0",
        licence="",
        api=1,
        requires=frozenset(),
    )
    return Suite(
        generation=1,
        enabled=frozenset({"garden"}),
        found={"garden": found},
        parts=(*load(()).parts, part),
        failed={},
    )


@pytest.fixture
def database(database: Database) -> Database:
    """The test's database with the garden's tables beside those of the installed plugins."""
    with database.engine.begin() as connection:
        GardenBase.metadata.create_all(connection)
        install_guards(connection, GardenBase.metadata)
    return database


@pytest.fixture
def app(garden: Suite, database: Database) -> Flask:
    return build(garden, database, secret_key=SECRET)


@pytest.fixture
def sow(
    database: Database, garden: Suite, operator: Context, alpha: CompanyRef
) -> Callable[..., list[int]]:
    """Put plants into a company's garden; returns their ids."""

    def put(*plants: dict[str, Any], company: CompanyRef = alpha) -> list[int]:
        with database.write(operator.in_company(company), garden) as session:
            rows = [
                Plant(
                    **{
                        "company_id": company.id,
                        "code": f"P{number:04}",
                        "name": f"Plant {number}",
                        "price": Decimal("1.50"),
                        **values,
                    }
                )
                for number, values in enumerate(plants, 1)
            ]
            session.add_all(rows)
            session.flush()
            return [row.id for row in rows]

    return put


@pytest.fixture
def bed(database: Database, garden: Suite, operator: Context, alpha: CompanyRef) -> int:
    """A bed in ALPHA."""
    with database.write(operator.in_company(alpha), garden) as session:
        row = Bed(company_id=alpha.id, code="B1", name="Herbs")
        session.add(row)
        session.flush()
        return row.id


@pytest.fixture
def gardener(app: Flask, database: Database, alpha: CompanyRef) -> Browser:
    """Somebody who may do everything in ALPHA."""
    make_user(database, "gardener", EVERYTHING, alpha)
    return Browser.for_user(app, database, "gardener")


@pytest.fixture
def visitor(app: Flask, database: Database, alpha: CompanyRef) -> Browser:
    """Somebody who may only look, and not at the notes."""
    make_user(database, "visitor", (VIEW,), alpha)
    return Browser.for_user(app, database, "visitor")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of eleven rows is a long one."""
    monkeypatch.setattr("backstay.lists.export_page.IN_REQUEST", 10)


@pytest.fixture
def run_jobs(database: Database, garden: Suite) -> Callable[[], None]:
    """Do every job that is due."""

    def run() -> None:
        while execute_next(database, lambda: garden):
            pass

    return run
