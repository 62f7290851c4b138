"""The embedded database in a backup: a copy by SQLite's own backup API, while it is in use."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from backstay.backup.contents import Contents, contents_of
from backstay.errors import Conflict, Invalid
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DUMP: Final = "database/backstay.db"


def dump(source: Path, target: Path) -> str:
    """Copy a database into a single file; returns the version of SQLite.

    Raises:
        Invalid: there is no database yet.
    """
    if not source.exists():
        raise Invalid(_("There is no database in the data folder: nothing to back up."))
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    return sqlite3.sqlite_version


def read_contents(path: Path, money: Mapping[str, Iterable[str]]) -> Contents:
    """What is in a database file, without leaving anything beside it."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        return contents_of(connection, money)


def check(path: Path) -> None:
    """Refuse a database that is damaged.

    Raises:
        Invalid: with the first finding of SQLite's own checks.
    """
    with closing(sqlite3.connect(path)) as connection:
        try:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
        except sqlite3.DatabaseError as error:
            found, orphan = str(error), None
    if found != "ok":
        raise Invalid(_("The database is damaged: %(found)s", found=found))
    if orphan is not None:
        raise Invalid(
            _(
                "A row of %(table)s refers to a row of %(other)s that is not there.",
                table=orphan[0],
                other=orphan[2],
            )
        )


def is_empty(path: Path) -> bool:
    """Whether there is no database, or one without tables."""
    if not path.exists():
        return True
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def close_for_good(path: Path) -> None:
    """Fold a database's log into its one file, which works only while nobody else has it open.

    Raises:
        Conflict: a process still uses it.
    """
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=1)) as connection:
        try:
            mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
        except sqlite3.OperationalError:
            mode = "in use"
    if mode != "delete":
        raise Conflict(_("Backstay is still running on this data folder. Stop it first."))
