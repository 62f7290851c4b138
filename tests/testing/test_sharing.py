"""Tests share what is the same for all of them, and nothing that one of them does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.companies.models import Company
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.lists import counting
from backstay.testing.fixtures import create_schema
from backstay.testing.web import SECRET
from backstay.web.app import build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backstay.kernel.suite import Suite

CONTEXT = operator_context("system:test")
CODES = select(Company.code)


@pytest.fixture
def other(suite: Suite, tmp_path: Path) -> Iterator[Database]:
    """A database without companies."""
    made = Database(f"sqlite:///{tmp_path / 'other.db'}")
    create_schema(made, suite)
    yield made
    made.dispose()


def test_applications_of_a_suite_have_the_same_routes(suite: Suite, database: Database) -> None:
    first, second = (build(suite, database, secret_key=SECRET) for _time in range(2))
    assert first.url_map is second.url_map
    assert first.view_functions == second.view_functions
    assert list(first.blueprints) == list(second.blueprints)
    assert first.before_request_funcs.keys() == second.before_request_funcs.keys()


def test_a_route_that_a_test_adds_is_in_no_other_application(
    suite: Suite, database: Database
) -> None:
    build(suite, database, secret_key=SECRET).add_url_rule("/mine", "mine", lambda: "mine")
    other = build(suite, database, secret_key=SECRET)
    assert "mine" not in {rule.endpoint for rule in other.url_map.iter_rules()}
    assert "mine" not in other.view_functions


def test_a_view_that_a_test_replaces_is_in_no_other_application(
    suite: Suite, database: Database
) -> None:
    mine = build(suite, database, secret_key=SECRET)
    mine.view_functions["home.start"] = mine.view_functions["home.company"]
    other = build(suite, database, secret_key=SECRET)
    assert other.view_functions["home.start"] is not other.view_functions["home.company"]


def test_a_statement_reads_the_database_that_it_is_sent_to(
    database: Database, other: Database
) -> None:
    for one, expected in (
        (database, ["ALPHA", "BETA"]),
        (other, []),
        (database, ["ALPHA", "BETA"]),
    ):
        with one.read(CONTEXT) as session:
            assert sorted(session.scalars(CODES)) == expected


def test_databases_of_a_kind_compile_a_statement_once(suite: Suite, tmp_path: Path) -> None:
    made = [Database(f"sqlite:///{tmp_path / name}") for name in ("first.db", "second.db")]
    for one in made:
        create_schema(one, suite)
        with one.read(CONTEXT) as session:
            assert not list(session.scalars(CODES))
        one.dispose()
    assert made[0].engine._compiled_cache is made[1].engine._compiled_cache
    assert made[0].engine.dialect is made[1].engine.dialect


def test_a_list_that_is_long_in_one_database_is_counted_in_another(
    database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_COUNTED", 1)
    counter = counting.Counter()
    for one, expected in ((database, (2, True)), (other, (0, False)), (database, (2, True))):
        with one.read(CONTEXT) as session:
            assert counter.count(session, select(Company.id), "all") == expected
