"""A fixed statement does what SQLAlchemy would do with it, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import (
    Column,
    Date,
    MetaData,
    String,
    Table,
    bindparam,
    cast,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from backstay.db.fixed import Fixed
from backstay.db.round_trips import together
from backstay.db.types import Instant, Money

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from backstay.db.database import Database

JARS = Table("jar", MetaData(), Column("at", Instant), Column("price", Money), Column("day", Date))
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = Fixed(text("SELECT CAST(:name AS VARCHAR) AS name"))


@pytest.fixture
def jars(database: Database) -> Database:
    with database.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE jar (at BIGINT, price BIGINT, day DATE, UNIQUE (price))"
        )
        connection.execute(insert(JARS), [{"at": NOON, "price": 3, "day": NOON.date()}])
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
        assert found.execute(connection).scalar() == 3
    assert jars.look_up(found) == 3


def test_a_text_is_as_good_as_a_statement_of_tables(jars: Database) -> None:
    count = Fixed(text("SELECT count(*) FROM jar WHERE price > :least"))
    with jars.engine.begin() as connection:
        assert count.execute(connection, {"least": 0}).scalar() == 1


def test_a_value_that_is_missing_is_an_error(jars: Database) -> None:
    count = Fixed(select(JARS.c.price).where(JARS.c.at == bindparam("when")))
    with jars.engine.begin() as connection, pytest.raises(KeyError, match="when"):
        count.execute(connection)


def test_a_statement_whose_text_depends_on_its_values_is_refused(jars: Database) -> None:
    some = Fixed(select(JARS.c.price).where(JARS.c.price.in_([1, 2])))
    with jars.engine.begin() as connection, pytest.raises(TypeError, match="depends on its values"):
        some.execute(connection)


def test_what_is_found_is_as_the_columns_give_it(jars: Database) -> None:
    found = Fixed(
        select(JARS.c.day, JARS.c.at, JARS.c.price).where(JARS.c.day >= bindparam("from"))
    )
    with jars.engine.begin() as connection:
        assert found.execute(connection, {"from": date(2026, 3, 1)}).all() == [
            (date(2026, 3, 1), NOON, Decimal(3))
        ]
        assert found.execute(connection, {"from": date(2026, 3, 2)}).first() is None


@pytest.mark.parametrize(
    "name",
    ["100 %", "%s %(name)s", "'; DROP TABLE jar; --", "$1", "back\\slash", "Ærø\u200b🪼", "", None],
)
def test_any_text_comes_back_as_it_was_given(jars: Database, name: str | None) -> None:
    with jars.engine.begin() as connection:
        assert NAMES.execute(connection, {"name": name}).all() == [(name,)]


def test_a_percent_sign_of_the_statement_itself_stays_one(jars: Database) -> None:
    like = Fixed(text("SELECT :name LIKE '%a%'"))
    with jars.engine.begin() as connection:
        assert like.execute(connection, {"name": "jar"}).scalar()
        assert not like.execute(connection, {"name": "pot"}).scalar()


def test_numbers_of_every_size_go_with_one_statement(jars: Database) -> None:
    same = Fixed(text("SELECT CAST(:number AS BIGINT)"))
    with jars.engine.begin() as connection:
        for number in (0, -1, 40_000, 3_000_000_000, 2**63 - 1, -(2**63)):
            assert same.execute(connection, {"number": number}).scalar() == number


def test_what_the_database_refuses_is_the_same_error_as_ever(jars: Database) -> None:
    put = Fixed(insert(JARS).values(price=bindparam("some")))
    for _again in range(2):
        with (
            pytest.raises(IntegrityError, match=r"(?i)unique"),
            jars.engine.begin() as connection,
        ):
            put.execute(connection, {"some": 5})
            put.execute(connection, {"some": 5})
    with jars.engine.begin() as connection:
        assert put.execute(connection, {"some": 5}).rowcount == 1
        assert NAMES.execute(connection, {"name": "x"}).scalar() == "x"


def test_one_that_can_not_be_read_is_refused_each_time_and_harms_no_other(jars: Database) -> None:
    wrong = Fixed(text("SELECT CAST(:number AS BIGINT) FROM no_such_jar"))
    for _again in range(2):
        with pytest.raises(DBAPIError, match="no_such_jar"), jars.engine.begin() as connection:
            wrong.execute(connection, {"number": 1})
    with jars.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE no_such_jar (at BIGINT)")
        assert wrong.execute(connection, {"number": 1}).all() == []


def test_those_that_came_after_a_refusal_can_be_sent_again(jars: Database) -> None:
    put = Fixed(insert(JARS).values(price=bindparam("some")))
    count = Fixed(text("SELECT count(*) FROM jar"))
    with (
        pytest.raises(IntegrityError, match=r"(?i)unique"),
        jars.engine.begin() as connection,
        together(connection),
    ):
        put.execute(connection, {"some": 3})
        count.execute(connection)
    with jars.engine.begin() as connection:
        assert count.execute(connection).scalar() == 1


def test_a_table_that_changes_is_read_as_it_is_then(jars: Database) -> None:
    count = Fixed(text("SELECT count(*) FROM jar"))
    with jars.engine.begin() as connection:
        for _again in range(7):  # from then on the server keeps its plan
            assert count.execute(connection).scalar() == 1
        connection.exec_driver_sql("ALTER TABLE jar RENAME TO old_jar")
        connection.exec_driver_sql("CREATE TABLE jar (at BIGINT)")
        assert count.execute(connection).scalar() == 0


def test_what_was_prepared_outlives_a_rollback(jars: Database) -> None:
    statement = "SELECT count(*) FROM jar WHERE price > %s" if not jars.is_sqlite else ""
    with jars.engine.connect() as connection:
        for _again in range(8):
            assert NAMES.execute(connection, {"name": "x"}).scalar() == "x"
            if statement:
                assert connection.exec_driver_sql(statement, (1,)).scalar() == 1
            connection.rollback()
        if statement:
            known = "SELECT name FROM pg_prepared_statements ORDER BY name"
            names = [row[0] for row in connection.exec_driver_sql(known)]
            assert {name.partition("_")[0] for name in names} == {"backstay", ""}


def test_answers_are_read_in_any_order(jars: Database) -> None:
    with jars.engine.begin() as connection:
        with together(connection):
            first, second = (NAMES.execute(connection, {"name": name}) for name in ("a", "b"))
            assert second.scalar() == "b"
            third = NAMES.execute(connection, {"name": "c"})
        assert (first.scalar(), second.scalar(), third.scalar()) == ("a", "b", "c")


def test_a_connection_that_was_replaced_is_asked_anew(jars: Database) -> None:
    with jars.engine.connect() as connection:
        assert NAMES.execute(connection, {"name": "x"}).scalar() == "x"
        connection.invalidate()
        connection.rollback()
        assert NAMES.execute(connection, {"name": "y"}).scalar() == "y"


def test_a_value_that_has_to_stand_in_the_text_stands_there(jars: Database) -> None:
    joined = Fixed(
        select(func.aggregate_strings(cast(JARS.c.price, String), "; ")).where(
            JARS.c.price > bindparam("least")
        )
    )
    with jars.engine.begin() as connection:
        connection.execute(insert(JARS), [{"price": Decimal("3.5")}])
        found = joined.execute(connection, {"least": 1}).scalar()
        assert sorted(found.split("; ")) == ["30000", "35000"]


def test_who_looks_at_statements_sees_what_the_driver_would_be_given(jars: Database) -> None:
    count = Fixed(select(func.count()).where(JARS.c.price > bindparam("least")))
    seen: list[Any] = []
    with jars.engine.begin() as connection:
        event.listen(
            jars.engine, "before_cursor_execute", lambda *given: seen.append((given[2], given[3]))
        )
        assert count.execute(connection, {"least": 1}).scalar() == 1
        again = connection.exec_driver_sql(*seen[0])
        assert again.scalar() == 1


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_column_that_gets_another_type_is_read_by_whoever_changed_it(jars: Database) -> None:
    found = Fixed(text("SELECT at FROM jar"))
    with jars.engine.connect() as connection:
        for _again in range(7):
            assert found.execute(connection).scalar() is not None
            assert connection.exec_driver_sql("SELECT at FROM jar WHERE at > %s", (0,)).scalar()
        connection.exec_driver_sql("ALTER TABLE jar ALTER COLUMN at TYPE NUMERIC(40)")
        assert isinstance(found.execute(connection).scalar(), Decimal)
        again = connection.exec_driver_sql("SELECT at FROM jar WHERE at > %s", (0,))
        assert isinstance(again.scalar(), Decimal)


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_column_that_somebody_else_changes_is_refused_at_most_once(jars: Database) -> None:
    found = Fixed(text("SELECT at FROM jar"))
    with jars.engine.connect() as connection:
        for _again in range(7):
            assert found.execute(connection).scalar() is not None
        connection.rollback()
        with jars.engine.begin() as other:
            other.exec_driver_sql("ALTER TABLE jar ALTER COLUMN at TYPE VARCHAR(40)")
        with pytest.raises(DBAPIError, match="cached plan"):
            found.execute(connection)
        connection.rollback()
        assert isinstance(found.execute(connection).scalar(), str)


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_lost_connection_is_told_and_the_next_one_works(jars: Database) -> None:
    with jars.engine.connect() as connection:
        assert NAMES.execute(connection, {"name": "x"}).scalar() == "x"
        with jars.engine.connect() as other:
            pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
            other.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(OperationalError) as caught:
            NAMES.execute(connection, {"name": "y"})
        assert caught.value.connection_invalidated
        connection.rollback()
        assert NAMES.execute(connection, {"name": "z"}).scalar() == "z"
