"""Who wants to write to SQLite waits in a line, and no longer than it is willing to."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from backstay.db.database import is_busy
from backstay.db.engine import briefly

if TYPE_CHECKING:
    from backstay.db.database import Database

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def _busy_ms(database: Database) -> object:
    with database.engine.connect() as connection:
        return connection.exec_driver_sql("PRAGMA busy_timeout").scalar()


@on_sqlite
def test_whoever_is_not_willing_to_wait_is_told_at_once_that_it_is_busy(database: Database) -> None:
    with database.engine.begin() as writer:
        writer.execute(text("CREATE TABLE jar (id INTEGER)"))
        with (
            pytest.raises(OperationalError, match="locked") as refused,
            briefly(database.engine, 0),
        ):
            pass
    assert is_busy(refused.value)
    assert _busy_ms(database) == 10_000


@on_sqlite
def test_many_who_write_at_once_all_get_their_turn(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE jar (id INTEGER)"))

    def write() -> None:
        for _time in range(20):
            with database.engine.begin() as connection:
                connection.execute(text("INSERT INTO jar VALUES (1)"))
                time.sleep(0.001)  # somebody else is waiting by now

    writers = [threading.Thread(target=write) for _one in range(6)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM jar")) == 120
    assert _busy_ms(database) == 10_000


@on_sqlite
def test_a_thread_goes_on_when_the_one_before_it_gives_up(database: Database) -> None:
    said: list[str] = []

    def impatient() -> None:
        try:
            with briefly(database.engine, 50):
                said.append("wrote")
        except OperationalError:
            said.append("gave up")

    def patient() -> None:
        with database.engine.begin():
            said.append("wrote")

    with database.engine.begin() as writer:
        writer.execute(text("CREATE TABLE jar (id INTEGER)"))
        first, second = (threading.Thread(target=one) for one in (impatient, patient))
        first.start()
        first.join()
        second.start()
    second.join()
    assert said == ["gave up", "wrote"]
