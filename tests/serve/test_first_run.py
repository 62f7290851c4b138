"""The first start ends with somebody who can sign in, whatever else goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.access.models import User
from backstay.companies.models import Company
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.home import Home
from backstay.kernel.setup import migrate
from backstay.kernel.state import in_force
from backstay.serve.first_run import first_run, is_first_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backstay.testing.plugins import PluginShelf


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[tuple[Home, Database]]:
    """An installation with tables and nothing in them."""
    home = Home.from_environment(tmp_path / "home")
    database = Database(f"sqlite:///{home.path / 'backstay.db'}")
    migrate(database)
    yield home, database
    database.dispose()


def logins(database: Database) -> set[str]:
    with database.read(operator_context("system:test")) as session:
        return set(session.scalars(select(User.login)))


def test_it_makes_an_administrator_and_a_demo_company_with_a_user_for_each_role(
    fresh: tuple[Home, Database],
) -> None:
    home, database = fresh
    said: list[str] = []
    assert is_first_run(database)
    first_run(home, database, demo=True, say=said.append)
    assert not is_first_run(database)
    assert said == []
    assert {"admin", "accountant", "auditor", "bookkeeper"} <= logins(database)
    with database.read(operator_context("system:test")) as session:
        assert list(session.scalars(select(Company.code))) == ["DEMO"]
    note = home.first_sign_in
    assert note.stat().st_mode & 0o077 == 0
    assert all(login in note.read_text(encoding="utf-8") for login in logins(database))


def test_a_plugin_that_breaks_is_told_and_the_rest_goes_on(
    fresh: tuple[Home, Database], shelf: PluginShelf
) -> None:
    home, database = fresh
    shelf.add("aaa", "raise RuntimeError('not today')")
    said: list[str] = []
    first_run(home, database, demo=False, say=said.append)
    assert any("aaa" in line and "not today" in line for line in said)
    assert "aaa" not in in_force(database).enabled
    assert logins(database) == {"admin"}
