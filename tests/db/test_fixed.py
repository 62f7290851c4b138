"""A fixed statement does what SQLAlchemy would do with it, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, MetaData, Table, bindparam, insert, select, text, update

from backstay.db.fixed import Fixed
from backstay.db.types import Instant, Money

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from backstay.db.database import Database

JARS = Table("jar", MetaData(), Column("at", Instant), Column("price", Money))
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def jars(database: Database) -> Database:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE jar (at BIGINT, price BIGINT)")
        connection.execute(insert(JARS), [{"at": NOON, "price": 3}])
    return database


def _prices(connection: Connection) -> list[object]:
    return list(connection.scalars(select(JARS.c.price)))


def test_values_are_converted_as_their_columns_take_them(jars: Database) -> None:
    raised = Fixed(
        update(JARS).where(JARS.c.at == bindparam("when")).values(price=bindparam("more"))
    )
    with jars.engine.begin() as connection:
        for price in (5, 7):  # compiled once
            assert raised.execute(connection, {"when": NOON, "more": price}).rowcount == 1
        assert _prices(connection) == [7]


def test_a_value_that_stands_in_the_statement_goes_with_it(jars: Database) -> None:
    found = Fixed(select(JARS.c.price).where(JARS.c.at == NOON, JARS.c.price > 2))
    with jars.engine.begin() as connection:
        assert found.execute(connection).scalar_one() == 30_000
    assert jars.look_up(found) == 30_000


def test_a_text_is_as_good_as_a_statement_of_tables(jars: Database) -> None:
    count = Fixed(text("SELECT count(*) FROM jar WHERE price > :least"))
    with jars.engine.begin() as connection:
        assert count.execute(connection, {"least": 0}).scalar_one() == 1


def test_a_value_that_is_missing_is_an_error(jars: Database) -> None:
    count = Fixed(select(JARS.c.price).where(JARS.c.at == bindparam("when")))
    with jars.engine.begin() as connection, pytest.raises(KeyError, match="when"):
        count.execute(connection)


def test_a_statement_whose_text_depends_on_its_values_is_refused(jars: Database) -> None:
    some = Fixed(select(JARS.c.price).where(JARS.c.price.in_([1, 2])))
    with jars.engine.begin() as connection, pytest.raises(TypeError, match="depends on its values"):
        some.execute(connection)
