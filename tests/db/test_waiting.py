"""Nobody waits for ever: locks, idle transactions and long statements have an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from backstay.companies.models import Company
from backstay.db.engine import briefly, unhurried
from backstay.errors import Unavailable

if TYPE_CHECKING:
    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


# SQLite has one limit only, its busy time; the limits of PostgreSQL are what is tested here.
on_postgresql = pytest.mark.parametrize(
    "database",
    [pytest.param("postgres", marks=pytest.mark.needs("postgresql"))],
    indirect=True,
)


@on_postgresql
def test_connections_have_limits_and_a_migration_lifts_them(database: Database) -> None:
    with database.engine.begin() as connection:

        def limit(name: str) -> object:
            return connection.scalar(text(f"SHOW {name}"))

        assert limit("lock_timeout") == "10s"
        assert limit("idle_in_transaction_session_timeout") == "1min"
        assert limit("statement_timeout") == "2min"
        unhurried(connection)
        assert limit("statement_timeout") == "0"
        assert limit("idle_in_transaction_session_timeout") == "0"
        assert limit("lock_timeout") == "10s"


@on_postgresql
@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
def test_whoever_waits_too_long_is_told_that_the_database_is_busy(
    limit: str, database: Database, suite: Suite, operator: Context
) -> None:
    checked = {"scope_checked": True}
    with briefly(database.engine, 1000) as other:
        other.execute(text(f"LOCK TABLE {Company.__tablename__}"))
        with (
            pytest.raises(Unavailable, match="try again"),
            database.write(operator, suite) as session,
        ):
            session.execute(text(f"SET LOCAL {limit} = 100"), execution_options=checked)
            session.execute(text(f"LOCK TABLE {Company.__tablename__}"), execution_options=checked)


@on_postgresql
def test_a_connection_that_died_while_it_was_idle_is_not_given_to_anybody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstay.db.engine._FRESH_SECONDS", 0)
    with database.engine.connect() as victim, database.engine.connect() as killer:
        pid = victim.scalar(text("SELECT pg_backend_pid()"))
        victim.close()
        killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    with database.engine.connect() as one, database.engine.connect() as two:
        alive = {each.scalar(text("SELECT pg_backend_pid()")) for each in (one, two)}
    assert pid not in alive
