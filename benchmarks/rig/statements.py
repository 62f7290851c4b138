"""The statements that a piece of work sends, counted, and sent again without any of our Python.

Replaying them through the driver alone is the limit that a figure is held against: the same rows,
checked by the same guards, in the same order.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import event

from backstay.db.database import Database

_ENDS: Final = frozenset({"COMMIT", "ROLLBACK"})
_FRAME: Final = _ENDS | {"BEGIN", "BEGIN IMMEDIATE"}


@dataclass
class Statements:
    """What went to the database: statement, parameters, whether it was a list of them; commits."""

    sent: list[tuple[str, Any, bool]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Statements without those that begin and end transactions."""
        return sum(statement not in _FRAME for statement in self)

    def __iter__(self) -> Iterator[str]:
        return (statement for statement, _parameters, _many in self.sent)


@contextmanager
def recorded(database: Database) -> Iterator[Statements]:
    """Note every statement and commit of a database for as long as the block runs."""
    kept = Statements()

    def execute(*given: Any) -> None:
        _connection, _cursor, statement, parameters, _context, many = given
        kept.sent.append((statement, parameters, many))

    def commit(_connection: Any) -> None:
        kept.sent.append(("COMMIT", None, False))

    def rollback(_connection: Any) -> None:
        kept.sent.append(("ROLLBACK", None, False))

    listeners = {"before_cursor_execute": execute, "commit": commit, "rollback": rollback}
    watched = [
        (engine, name, listener)
        for engine in database.engines
        for name, listener in listeners.items()
    ]
    for one in watched:
        event.listen(*one)
    try:
        yield kept
    finally:
        for one in watched:
            event.remove(*one)


def replay(database: Database, statements: Statements) -> float:
    """Send statements again through the driver; returns the seconds it took."""
    raw = database.engine.raw_connection()
    try:
        driver: Any = raw.driver_connection
        cursor = driver.cursor()
        began = time.perf_counter()
        for statement, parameters, many in statements.sent:
            if statement in _ENDS:
                if database.is_sqlite:
                    if driver.in_transaction:
                        cursor.execute(statement)
                else:
                    driver.commit() if statement == "COMMIT" else driver.rollback()
                continue
            if many:
                cursor.executemany(statement, parameters)
            elif parameters:
                cursor.execute(statement, parameters)
            else:
                cursor.execute(statement)
            if cursor.description is not None:
                cursor.fetchall()
        took = time.perf_counter() - began
        if not database.is_sqlite:
            driver.rollback()
        return took
    finally:
        raw.close()
