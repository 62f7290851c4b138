"""Statements that are sent together do what they would do one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from backstay.db.round_trips import commit_now, together

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from backstay.db.database import Database


@pytest.fixture
def jars(database: Database) -> Engine:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE jar (id INTEGER PRIMARY KEY)")
    return database.engine


def _put(connection: Connection, number: int) -> None:
    connection.execute(text("INSERT INTO jar (id) VALUES (:id)"), {"id": number})


def _numbers(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT id FROM jar ORDER BY id")))


def test_all_of_them_are_done_in_their_order_and_seen_afterwards(jars: Engine) -> None:
    with jars.begin() as connection:
        with together(connection):
            _put(connection, 1)
            with together(connection):
                connection.execute(text("UPDATE jar SET id = id + 10"))
            _put(connection, 1)
        assert list(connection.scalars(text("SELECT id FROM jar ORDER BY id"))) == [1, 11]
    assert _numbers(jars) == [1, 11]


def test_a_refusal_is_the_same_error_and_nothing_of_the_transaction_stays(jars: Engine) -> None:
    with (
        pytest.raises(IntegrityError, match=r"(?i)unique"),
        jars.begin() as connection,
        together(connection),
    ):
        _put(connection, 1)
        _put(connection, 1)
        _put(connection, 2)
    assert _numbers(jars) == []
    # The connection goes back to the pool as one that works.
    with jars.begin() as connection:
        _put(connection, 3)
    assert _numbers(jars) == [3]


def test_what_the_block_itself_raises_comes_out_unchanged(jars: Engine) -> None:
    with (
        pytest.raises(LookupError, match="of its own"),
        jars.begin() as connection,
        together(connection),
    ):
        _put(connection, 1)
        message = "of its own"
        raise LookupError(message)
    assert _numbers(jars) == []


def test_the_commit_may_go_with_them(jars: Engine) -> None:
    with jars.connect() as connection:
        with together(connection):
            _put(connection, 1)
            commit_now(connection)
        connection.commit()
    assert _numbers(jars) == [1]


def test_a_refusal_before_the_commit_that_goes_with_it_leaves_nothing(jars: Engine) -> None:
    with jars.connect() as connection:
        with pytest.raises(IntegrityError, match=r"(?i)unique"), together(connection):
            _put(connection, 1)
            _put(connection, 1)
            commit_now(connection)
        connection.rollback()
    assert _numbers(jars) == []


def test_rows_are_read_after_the_block_or_in_it(jars: Engine) -> None:
    numbers, count = text("SELECT id FROM jar ORDER BY id"), text("SELECT count(*) FROM jar")
    for _again in range(2):  # the second time they are sent without waiting for the first answer
        with jars.begin() as connection:
            with together(connection):
                _put(connection, 1)
                _put(connection, 2)
                inside = connection.scalar(count)
                first, second = connection.execute(numbers), connection.execute(count)
            assert inside == 2
            assert list(first.scalars()) == [1, 2]
            assert second.scalar_one() == 2
            connection.execute(text("DELETE FROM jar"))


def test_an_answer_without_rows_is_told_from_one_with_rows(jars: Engine) -> None:
    raised = text("UPDATE jar SET id = id + 1 RETURNING id")
    for _again in range(2):
        with jars.begin() as connection:
            with together(connection):
                none = connection.execute(raised)
                quiet = connection.execute(text("UPDATE jar SET id = id + 1"))
            assert none.returns_rows
            assert none.first() is None
            assert not quiet.returns_rows


def _messages(connection: Connection, file: Path, work: Callable[[], None]) -> list[str]:
    """The kinds of messages that are sent to PostgreSQL meanwhile, in their order."""
    driver: Any = connection.connection.driver_connection
    with file.open("w") as trace:
        driver.pgconn.trace(trace.fileno())
        work()
        driver.pgconn.untrace()
    sent = (line.split("\t") for line in file.read_text().splitlines())
    return [parts[3] for parts in sent if parts[1] == "F"]


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_begin_statements_and_commit_wait_for_one_answer(jars: Engine, tmp_path: Path) -> None:
    def work() -> None:
        with together(connection):
            _put(connection, 1)
            connection.execute(text("SELECT id FROM jar"))
            commit_now(connection)
        connection.commit()
        connection.exec_driver_sql("DELETE FROM jar")
        connection.commit()

    with jars.connect() as connection:
        connection.rollback()
        work()
        messages = _messages(connection, tmp_path / "trace", work)
    block = messages[: messages.index("Sync") + 1]
    assert block.count("Execute") == 4  # BEGIN, both statements, COMMIT
    assert "Flush" not in messages
