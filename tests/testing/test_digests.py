"""A digest tells every committed change, and is read anew only where somebody committed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select

from backstay.access.models import User
from backstay.db.context import operator_context
from backstay.testing.attack.digests import Digests
from backstay.testing.web import make_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstay.db.database import Database

SYSTEM = operator_context("system:test")
TABLES = ("core_role", "core_user")


@pytest.fixture
def digests(database: Database) -> Iterator[Digests]:
    made = Digests(database)
    yield made
    made.close()


def test_each_committed_change_is_told_by_its_table(database: Database, digests: Digests) -> None:
    before = digests.of(TABLES)
    make_user(database, "ada")
    between = digests.of(TABLES)
    assert between["core_user"] != before["core_user"]
    assert between["core_role"] == before["core_role"]
    make_user(database, "ben")
    assert digests.of(TABLES)["core_user"] != between["core_user"]


def test_what_was_taken_back_is_no_change(database: Database, digests: Digests) -> None:
    make_user(database, "ada")
    before = digests.of(TABLES)
    with pytest.raises(ZeroDivisionError), database.write(SYSTEM) as session:
        session.scalars(select(User)).one().name = "Nobody"
        session.flush()
        raise ZeroDivisionError
    assert digests.of(TABLES) == before


@pytest.mark.parametrize("overtaken", [False, True])
@pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.needs("postgresql"))], indirect=True
)
def test_what_was_open_when_it_looked_is_told_once_it_is_committed(
    database: Database, digests: Digests, *, overtaken: bool
) -> None:
    make_user(database, "ada")
    with database.write(SYSTEM) as session:
        session.scalars(select(User)).one().name = "Ada L."
        session.flush()
        if overtaken:
            make_user(database, "ben")
        during = digests.of(TABLES)
    assert digests.of(TABLES)["core_user"] != during["core_user"]


def test_nothing_is_read_again_where_nobody_wrote(database: Database, digests: Digests) -> None:
    first = digests.of(TABLES)
    read: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda *given: read.append(str(given[2]))
    )
    assert digests.of(TABLES) == first
    assert read == []
    make_user(database, "ada")
    read.clear()
    digests.of(TABLES)
    assert len([one for one in read if "core_user" in one]) == 1
