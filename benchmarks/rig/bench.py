"""A run of the benchmarks: throw-away databases of the kinds that were asked for, made when needed.

PostgreSQL runs as it would for real users: commits reach the disk before they are confirmed.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sqlalchemy import make_url

from backstay.db.context import Context, operator_context
from backstay.db.database import Database
from backstay.home import Home
from backstay.kernel.discovery import discover
from backstay.kernel.load import load
from backstay.kernel.setup import migrate
from backstay.kernel.suite import Suite
from backstay.serve.first_run import first_run
from backstay.testing.fixtures import company_ref, create_companies
from backstay.testing.postgres import create_database, drop_database, running_postgres
from benchmarks.rig.books import Size, fill
from benchmarks.rig.result import POSTGRES, SQLITE

COMPANY: Final = "ALPHA"
AS_IN_PRODUCTION: Final = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
}


@dataclass(frozen=True)
class Installation:
    """A data folder with its database, set up as by a first start, with books of some size."""

    home: Home
    database: Database
    suite: Suite

    @property
    def context(self) -> Context:
        """The command line's context in the company that has the books."""
        company = company_ref(self.database, self.suite, COMPANY)
        return operator_context("cli:benchmark", company=company)


@dataclass
class Bench:
    """What a benchmark module is given.

    Arguments:
        databases: kinds to measure, of ``sqlite`` and ``postgres``.
        lines: the size of the largest ledger to load.
    """

    databases: tuple[str, ...]
    lines: int = 1_000_000
    _stack: ExitStack = field(default_factory=ExitStack)
    _templates: dict[tuple[str, Size], str] = field(default_factory=dict)
    _made: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, at)

    @cached_property
    def folder(self) -> Path:
        """A folder that is gone afterwards."""
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="backstay-bench")))

    @cached_property
    def postgres(self) -> str:
        """The address of a PostgreSQL server of this run's own."""
        return self._stack.enter_context(running_postgres(AS_IN_PRODUCTION))

    def empty(self, kind: str) -> Installation:
        """An installation with a company without entries."""
        return self.books(kind, Size(0, 0))

    def books(self, kind: str, size: Size) -> Installation:
        """An installation of its own with so many posted entries; copied, as loading takes long."""
        template = self._templates.get((kind, size))
        if template is None:
            template = self._templates[kind, size] = self._fill(kind, size)
        self._made += 1
        name = f"bench_{self._made}"
        home = self.folder / name
        home.mkdir()
        if kind == SQLITE:
            shutil.copyfile(template, home / "backstay.db")
            return opened(Home(home))
        url = create_database(self.postgres, name, template)
        return opened(Home(home, url))

    def discard(self, made: Installation) -> None:
        """Drop an installation, to save space."""
        made.database.dispose()
        if not made.database.is_sqlite:
            drop_database(self.postgres, str(make_url(made.database.url).database))
        shutil.rmtree(made.home.path, ignore_errors=True)

    def _fill(self, kind: str, size: Size) -> str:
        home = self.folder / f"template_{kind}_{size.entries}_{size.lines}"
        home.mkdir()
        url = create_database(self.postgres, home.name) if kind == POSTGRES else ""
        made = Home(home, url)
        database = Database(made.database_url, files=made.files)
        migrate(database)
        first_run(made, database, demo=False, say=lambda _line: None)
        suite = load(discover())
        create_companies(database, suite)
        fill(database, suite, COMPANY, size)
        if kind == SQLITE:
            with database.engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")
        database.dispose()
        return home.name if kind == POSTGRES else str(home / "backstay.db")


def opened(home: Home) -> Installation:
    """An installation that exists already, with the modules that are in force there."""
    from backstay.kernel.state import load_in_force

    database = Database(home.database_url, files=home.files)
    return Installation(home, database, load_in_force(database))


__all__ = ["COMPANY", "Bench", "Installation", "Size", "opened"]
