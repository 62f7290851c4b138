"""Whether anything changed in a database: a digest of each table, taken anew where somebody wrote.

Most of what an attack sends is refused and writes nothing. Reading all tables after each of
thousands of requests took longer than the requests themselves.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import make_url, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.db.database import Database

_SQLITE: Final = "PRAGMA data_version"
"""Differs as soon as another connection has committed a change to the file."""
_POSTGRES: Final = "SELECT pg_current_snapshot()::text"
"""Which transactions are seen: where this is the same, so is every row."""


class Digests:
    """The digests of a database's tables, kept for as long as nobody commits anything.

    Arguments:
        database: a file of SQLite, or a database of PostgreSQL.
    """

    def __init__(self, database: Database) -> None:
        """Watch through a connection of its own: SQLite does not report what its asker wrote."""
        self._database = database
        self._statement = _SQLITE if database.is_sqlite else _POSTGRES
        self._watch = _connected(database)
        self._kept: dict[tuple[str, ...], tuple[Any, dict[str, str]]] = {}

    def of(self, tables: Sequence[str]) -> dict[str, str]:
        """A digest of all rows of each table."""
        asked = tuple(tables)
        # Asked before the tables are read: what is written meanwhile is read again the next time.
        seen = self._watch.execute(self._statement).fetchall()
        if asked not in self._kept or self._kept[asked][0] != seen:
            self._kept[asked] = (seen, self._read(asked))
        return dict(self._kept[asked][1])

    def close(self) -> None:
        """Close the connection; nobody may be connected to a database that is dropped."""
        self._watch.close()

    def _read(self, tables: tuple[str, ...]) -> dict[str, str]:
        found: dict[str, str] = {}
        with self._database.engine.connect() as connection:
            for table in tables:
                rows = connection.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608 - a name of ours
                lines = "\n".join(sorted(repr(tuple(row)) for row in rows))
                found[table] = hashlib.sha256(lines.encode()).hexdigest()
            connection.rollback()
        return found


def _connected(database: Database) -> Any:
    url = make_url(database.url)
    if database.is_sqlite:
        return sqlite3.connect(str(url.database), isolation_level=None)
    from psycopg import connect  # an extra, absent where tests are not run

    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return connect(plain, autocommit=True)


__all__ = ["Digests"]
