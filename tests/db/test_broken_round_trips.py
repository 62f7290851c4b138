"""Statements that are sent together, on connections and in transactions that break (PostgreSQL)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InvalidRequestError,
    OperationalError,
)

from backstay.companies.models import Company
from backstay.db.database import is_busy
from backstay.db.engine import briefly
from backstay.db.round_trips import commit_now, together
from backstay.errors import Unavailable

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

# SQLite has neither round trips nor connections that are lost.
pytestmark = [
    pytest.mark.needs("postgresql"),
    pytest.mark.parametrize("database", ["postgres"], indirect=True),
]
CHECKED = {"scope_checked": True}


def _kill(engine: Engine, connection: Connection) -> None:
    """End the server's side of a connection, as a restart of the database does."""
    pid = connection.scalar(text("SELECT pg_backend_pid()"))
    with engine.connect() as killer:
        killer.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_a_connection_lost_before_the_block_is_the_error_that_is_told_and_is_thrown_away(
    database: Database, operator: Context, suite: Suite
) -> None:
    with pytest.raises(OperationalError) as lost, database.write(operator, suite) as session:
        connection = session.connection()
        _kill(database.engine, connection)
        with together(connection):
            connection.execute(
                text("UPDATE core_company SET name = 'Lost'"), execution_options=CHECKED
            )
    assert lost.value.connection_invalidated
    assert not is_busy(lost.value)
    with database.write(operator, suite) as session:
        names = set(session.scalars(select(Company.name)))
        assert "Lost" not in names
        assert names


def test_a_connection_lost_with_the_commit_says_so_and_the_next_one_works(
    database: Database, operator: Context, suite: Suite
) -> None:
    session = database.open(operator, suite, write=True)
    connection = session.connection()
    connection.execute(text("UPDATE core_company SET name = 'Lost'"), execution_options=CHECKED)
    _kill(database.engine, connection)
    with pytest.raises(OperationalError) as lost, together(connection):
        connection.execute(text("SELECT set_config('backstay.actor', 'me', true)"))
        commit_now(connection)
    session.close()
    assert lost.value.connection_invalidated
    with database.read(operator, suite) as reading:
        assert "Lost" not in set(reading.scalars(select(Company.name)))


def test_a_connection_lost_while_a_transaction_begins_is_thrown_away(
    database: Database, operator: Context, suite: Suite
) -> None:
    with database.engine.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
    with database._looking.connect() as killer:
        killer.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    # It was used a moment ago, so nobody asked whether it still lives.
    with pytest.raises(OperationalError) as lost, database.write(operator, suite) as session:
        session.connection()
    assert lost.value.connection_invalidated
    with database.write(operator, suite) as session:
        assert session.scalars(select(Company)).all()


@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
def test_a_wait_that_is_too_long_in_the_block_is_told_as_a_busy_database(
    limit: str, database: Database, operator: Context, suite: Suite
) -> None:
    with briefly(database.engine, 1000) as other:
        other.execute(text("LOCK TABLE core_company"))
        with (
            pytest.raises(Unavailable, match="try again"),
            database.write(operator, suite) as session,
        ):
            connection = session.connection()
            connection.execute(text(f"SET LOCAL {limit} = 100"))
            with together(connection):
                connection.execute(text("LOCK TABLE core_company"))
                connection.execute(text("LOCK TABLE core_user"))


def test_the_refusal_of_a_trigger_keeps_its_words(database: Database) -> None:
    with (
        pytest.raises(DBAPIError) as refused,
        database.engine.begin() as connection,
        together(connection),
    ):
        # Without saying who acts, as raw SQL behind the application does.
        connection.execute(text("UPDATE core_company SET name = 'Changed'"))
        connection.execute(text("UPDATE core_company SET name = 'Again'"))
    assert "core_company is changed through Backstay only" in str(refused.value)


def test_an_inner_block_that_fails_is_not_committed_by_whoever_passes_it_over(
    database: Database,
) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE jar (id INTEGER PRIMARY KEY)")
    with database.engine.connect() as connection:
        connection.execute(text("INSERT INTO jar VALUES (1)"))
        with pytest.raises(InvalidRequestError), together(connection):
            with pytest.raises(IntegrityError), together(connection):
                connection.execute(text("INSERT INTO jar VALUES (1)"))
            commit_now(connection)
        connection.rollback()
    with database.engine.connect() as connection:
        assert not connection.scalar(text("SELECT count(*) FROM jar"))


def test_a_failed_transaction_can_not_be_committed_as_if_nothing_had_happened(
    database: Database, operator: Context, suite: Suite
) -> None:
    """PostgreSQL answers COMMIT with a silent ROLLBACK once a statement has failed."""
    session = database.open(operator, suite, write=True)
    connection = session.connection()
    with pytest.raises(DBAPIError):
        connection.execute(text("SELECT 1 / 0"))
    with pytest.raises(InvalidRequestError, match="failed"):
        session.commit()
    session.close()
    with (
        pytest.raises(InvalidRequestError, match="failed"),
        database.write(operator, suite) as session,
    ):
        session.execute(text("UPDATE core_company SET name = 'Lost'"), execution_options=CHECKED)
        with pytest.raises(DBAPIError), together(session.connection()):
            session.execute(text("SELECT 1 / 0"), execution_options=CHECKED)


def test_a_savepoint_around_a_block_keeps_what_was_before_it(
    database: Database, operator: Context, suite: Suite
) -> None:
    with database.write(operator, suite) as session:
        with together(session.connection()):
            session.execute(text("UPDATE core_company SET name = 'One'"), execution_options=CHECKED)
        with (
            pytest.raises(IntegrityError),
            session.begin_nested(),
            together(session.connection()),
        ):
            session.execute(text("UPDATE core_company SET name = 'Two'"), execution_options=CHECKED)
            session.execute(text("UPDATE core_company SET code = 'B'"), execution_options=CHECKED)
            session.execute(text("UPDATE core_company SET name = 'No'"), execution_options=CHECKED)
    with database.read(operator, suite) as reading:
        assert set(reading.scalars(select(Company.name))) == {"One"}
