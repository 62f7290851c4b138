"""Whose turn it is to write to SQLite, which has one writer at a time and nobody who calls them up.

SQLite's own waiting sleeps longer each time, up to a tenth of a second, and whoever comes later may
be first: among eight who write without a pause some waited for a second. Here the threads of a
process form a line; only its head asks, and often.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlalchemy import Connection

_BEGIN: Final = "BEGIN IMMEDIATE"
_OFTEN: Final = 0.004
"""Seconds between two questions: about as long as a posting writes. Asking more often takes more
processor time than it gains, asking less often leaves the database idle."""
_SELDOM: Final = 0.02
"""Seconds between two questions once somebody writes for long, such as an import."""
_LONG: Final = 0.5
"""Seconds after which it is a long writer."""
_line = threading.Lock()


def begin_writing(connection: Connection) -> None:
    """Begin a transaction that writes, as soon as it is this thread's turn.

    It waits as long as the connection's own ``busy_timeout``.

    Raises:
        OperationalError: the database stayed locked.
    """
    driver: Any = connection.connection.driver_connection
    patience_ms = driver.execute("PRAGMA busy_timeout").fetchone()[0]
    until = time.monotonic() + patience_ms / 1000
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        if _line.acquire(timeout=patience_ms / 1000):
            try:
                first = time.monotonic()
                while not _took(driver):
                    at = time.monotonic()
                    if at >= until:
                        break
                    time.sleep(_OFTEN if at < first + _LONG else _SELDOM)
                else:
                    return
            finally:
                _line.release()
        connection.exec_driver_sql(_BEGIN)  # which says why it can't be
    finally:
        driver.execute(f"PRAGMA busy_timeout = {patience_ms}")


def _took(driver: sqlite3.Connection) -> bool:
    try:
        driver.execute(_BEGIN)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _leave_the_line() -> None:
    global _line  # noqa: PLW0603 - whoever stood in it is not in the forked process
    _line = threading.Lock()


os.register_at_fork(after_in_child=_leave_the_line)


__all__ = ["begin_writing"]
