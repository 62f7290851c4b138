"""Fixtures for tests of core and plugins: real databases, loaded plugins, two companies.

Load them with ``pytest_plugins = ["backstay.testing.fixtures"]``. A test that takes ``database``
runs twice, on SQLite and on PostgreSQL; what can't run on a machine is named at the end.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, make_url
from sqlalchemy.util import OrderedSet

from backstay.companies.models import Company
from backstay.db.context import CompanyRef, Context, operator_context
from backstay.db.database import Database
from backstay.db.guards import install_guards
from backstay.kernel.discovery import discover
from backstay.kernel.load import load
from backstay.testing.postgres import create_database, drop_database, running_postgres
from backstay.testing.sharing import share_routes, share_statements

if TYPE_CHECKING:
    from sqlite3 import Connection as SQLiteConnection

    from sqlalchemy import MetaData

    from backstay.kernel.suite import Suite

COMPANIES = (("ALPHA", "Alpha Ltd", "EUR", 2), ("BETA", "Beta KK", "JPY", 0))


@pytest.fixture(scope="session", autouse=True)
def same_work_is_done_once() -> Iterator[None]:
    """Let the applications and the databases of all tests share what is the same in each."""
    with pytest.MonkeyPatch.context() as patch:
        share_routes(patch)
        share_statements(patch)
        yield


@pytest.fixture(scope="session")
def suite() -> Suite:
    """Core with every installed plugin."""
    loaded = load(discover())
    assert not loaded.failed, loaded.failed
    # All of it stays to the end. Python would look through it again and again, because each
    # application that a test builds is many objects: that took longer than building it.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    return loaded


def create_schema(database: Database, suite: Suite) -> None:
    """Make all tables and guards at once (a test of its own proves that migrations equal this)."""
    with database.engine.begin() as connection:
        for part in suite.parts:
            if part.base is not None:
                _order_indexes(part.base.metadata)
                part.base.metadata.create_all(connection)
                install_guards(connection, part.base.metadata)


def _order_indexes(metadata: MetaData) -> None:
    """Have indexes made in one order: of two that serve alike, SQLite takes the younger one."""
    for table in metadata.tables.values():
        table.indexes = OrderedSet(sorted(table.indexes, key=lambda index: str(index.name)))


def create_companies(database: Database, suite: Suite) -> None:
    """Make the two companies that isolation tests need."""
    with database.write(operator_context("system:test"), suite) as session:
        for code, name, currency, minor_units in COMPANIES:
            company = Company(code=code, name=name, currency=currency, minor_units=minor_units)
            session.add(company)
            session.flush()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A running PostgreSQL server."""
    with running_postgres() as url:
        yield url


@dataclass
class Templates:
    """Databases with schema and companies, to be copied for each test; one for each suite."""

    folder: Path
    _made: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)

    def sqlite(self, suite: Suite) -> Path:
        """A file."""
        path = self.folder / f"{len(self._made)}.db"
        return Path(self._of("sqlite", suite, str(path), lambda: f"sqlite:///{path}"))

    def postgres(self, suite: Suite, server: str) -> str:
        """The name of a database of the server."""
        name = f"template_backstay_{len(self._made)}"
        return self._of(server, suite, name, lambda: create_database(server, name))

    def _of(self, place: str, suite: Suite, name: str, make: Callable[[], str]) -> str:
        key = (place, suite.running)
        if key not in self._made:
            database = Database(make())
            create_schema(database, suite)
            create_companies(database, suite)
            database.dispose()
            self._made[key] = name
        return self._made[key]


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """What the databases of all tests are copied from."""
    return Templates(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgresql"))])
def database(
    request: pytest.FixtureRequest, suite: Suite, templates: Templates, tmp_path: Path
) -> Iterator[Database]:
    """A database of its own for the test, with two companies, on each of the two engines."""
    if request.param == "sqlite":
        path = tmp_path / "backstay.db"
        shutil.copyfile(templates.sqlite(suite), path)
        made = Database(f"sqlite:///{path}", files=tmp_path / "files")
        event.listen(made.engine, "connect", _forget_durability)
        yield made
        made.dispose()
    else:
        server: str = request.getfixturevalue("postgres_url")
        name = f"test_{abs(hash(request.node.nodeid)):x}"
        template = templates.postgres(suite, server)
        made = Database(create_database(server, name, template), files=tmp_path / "files")
        yield made
        made.dispose()
        drop_database(server, str(make_url(made.url).database))


def _forget_durability(connection: SQLiteConnection, _record: object) -> None:
    # Waiting for the disk is worth nothing in a database that is thrown away.
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture
def run_jobs(database: Database, suite: Suite) -> Callable[[], int]:
    """Runs the background jobs that are due, as the runner would; returns how many it ran."""
    from backstay.jobs.execute import execute_next

    def run() -> int:
        ran = 0
        while execute_next(database, lambda: suite):
            ran += 1
        return ran

    return run


@pytest.fixture
def operator() -> Context:
    """The command line's context: every permission, every company."""
    return operator_context("cli:test")


def company_ref(database: Database, suite: Suite, code: str) -> CompanyRef:
    """A company of the test database by its code."""
    from sqlalchemy import select

    with database.read(operator_context("system:test"), suite) as session:
        row = session.scalars(select(Company).where(Company.code == code)).one()
        return CompanyRef(row.id, row.code, row.name, row.currency, row.minor_units)


@pytest.fixture
def alpha(database: Database, suite: Suite) -> CompanyRef:
    """The company ALPHA, which keeps its books in EUR."""
    return company_ref(database, suite, "ALPHA")


@pytest.fixture
def beta(database: Database, suite: Suite) -> CompanyRef:
    """The company BETA, which keeps its books in JPY (no decimals)."""
    return company_ref(database, suite, "BETA")
