"""Engines for the two databases, and the settings that make them behave alike.

SQLite runs in WAL with explicit BEGIN, so that DDL is transactional and a writer takes its lock
when it begins, not half-way. PostgreSQL reads in READ ONLY transactions.
"""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError, InvalidRequestError

from backstay.db.guards import AUDIT_FUNCTION
from backstay.db.turns import begin_writing
from backstay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection as SQLiteConnection

    from sqlalchemy.pool import ConnectionPoolEntry

READ_ONLY: Final = "backstay_read_only"
_USED_AT: Final = "backstay_used_at"
_FRESH_SECONDS: Final = 1.0
_FAILED: Final = 3
"""PQTRANS_INERROR of libpq, which is not imported where SQLite serves."""
BUSY_MS: Final = 10_000
"""How long a statement waits for somebody else's lock, in milliseconds."""
IDLE_MS: Final = 60_000
"""How long a transaction of PostgreSQL may do nothing: a process that hangs lets its locks go."""
STATEMENT_MS: Final = 120_000
"""The longest statement on PostgreSQL; work that needs more says so with :func:`unhurried`."""


def make_engine(url: str, *, statements: bool = False) -> Engine:
    """An engine for ``sqlite:///<file>`` or ``postgresql+psycopg://...``.

    Arguments:
        statements: on PostgreSQL each statement stands for itself and can only read. READ COMMITTED
            gives each its own snapshot anyway, so the transaction around the statements of a page
            would only cost two round trips. Nothing can be streamed from it.

    Raises:
        ConfigurationError: the URL names another database or driver.
    """
    parsed = make_url(url)
    if parsed.drivername == "postgresql+psycopg":
        # Not imported where SQLite serves.
        from backstay.db.batches import KeptStatements, WaitingCursor

        alone: dict[str, Any] = {}
        if statements:
            # There is no transaction that a connection could bring back to the pool.
            alone = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
        engine = create_engine(
            parsed,
            pool_size=10,
            max_overflow=10,
            connect_args={
                "cursor_factory": WaitingCursor,
                "options": "-c timezone=UTC"
                f" -c lock_timeout={BUSY_MS}"
                f" -c idle_in_transaction_session_timeout={IDLE_MS}"
                f" -c statement_timeout={STATEMENT_MS}"
                f" -c default_transaction_read_only={'on' if statements else 'off'}",
            },
            **alone,
        )

        @event.listens_for(engine, "connect")
        def connect(connection: Any, _record: Any) -> None:
            connection._prepared = KeptStatements()  # noqa: SLF001

        _ping_idle_connections(engine)
        _commit_no_failure(engine)
        return engine
    if parsed.drivername == "sqlite":
        # Each connection keeps what it read of the schema, 2 MiB of triggers: as few as do.
        engine = create_engine(parsed, pool_use_lifo=True, connect_args={"timeout": BUSY_MS / 1000})
        _prepare_sqlite(engine)
        return engine
    message = (
        f"The database URL must begin with sqlite:/// or postgresql+psycopg://,"
        f" not with {parsed.drivername}://"
    )
    raise ConfigurationError(message)


def reading(engine: Engine) -> Engine:
    """The same pool, for transactions that write nothing."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{READ_ONLY: True})
    return engine.execution_options(postgresql_readonly=True)


def unhurried(connection: Connection) -> None:
    """Let this transaction take as long as it needs: a migration on PostgreSQL."""
    if connection.dialect.name == "postgresql":
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {setting} = 0")


@contextmanager
def briefly(engine: Engine, patience_ms: int) -> Iterator[Connection]:
    """A transaction that gives up soon when somebody else holds the lock.

    Arguments:
        engine: a writing one.
        patience_ms: how long it waits for a lock, in milliseconds.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            driver.execute(f"PRAGMA busy_timeout = {patience_ms}")
            try:
                with connection.begin():
                    yield connection
            finally:
                driver.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        else:
            with connection.begin():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {patience_ms}")
                yield connection


def _ping_idle_connections(engine: Engine) -> None:
    """Look whether a connection still lives, unless it was used a moment ago.

    ``pool_pre_ping`` asks at every checkout, which costs a busy server two round trips a request.
    """

    @event.listens_for(engine, "checkin")
    def checkin(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info[_USED_AT] = monotonic()

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        used_at = record.info.get(_USED_AT)
        if used_at is None or monotonic() - used_at < _FRESH_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as error:
            # The pool throws it away, with those that are as old, and takes another one.
            raise DisconnectionError from error


def _commit_no_failure(engine: Engine) -> None:
    """Refuse to commit a transaction in which a statement failed and somebody passed it over.

    PostgreSQL answers such a COMMIT with a ROLLBACK and no error, so that a command would be told
    as done of which nothing was saved.
    """

    @event.listens_for(engine, "commit")
    def commit(connection: Connection) -> None:
        try:
            refuse_failed(connection)
        except InvalidRequestError:
            # To SQLAlchemy the transaction has ended, so the pool would hand it on as it is.
            engine.dialect.do_rollback(connection.connection)
            raise


def refuse_failed(connection: Connection) -> None:
    """Raise if a statement of the transaction failed (PostgreSQL).

    Raises:
        InvalidRequestError: nothing of it can be saved; it has to be rolled back.
    """
    driver: Any = connection.connection.driver_connection
    if driver.pgconn.transaction_status == _FAILED:
        message = "a statement of this transaction failed before, so it can't be committed"
        raise InvalidRequestError(message)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: SQLiteConnection, _record: Any) -> None:
        # The driver's own BEGIN would come too late for DDL; the "begin" event below does it.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA recursive_triggers = ON")
        # In KiB, of each thread's connection: what is not in it is in the system's own cache.
        connection.execute("PRAGMA cache_size = -512")
        connection.create_function(AUDIT_FUNCTION, 0, lambda: 1, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(READ_ONLY):
            connection.exec_driver_sql("BEGIN")
        else:
            begin_writing(connection)
