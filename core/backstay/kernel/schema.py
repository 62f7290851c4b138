"""A transaction that may change tables: all or nothing on both databases."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backstay.db.engine import unhurried
from backstay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine


_LOOK_MS: Final = 2_000


@contextmanager
def schema_transaction(
    engine: Engine, *, at_last: Callable[[Connection], None] | None = None
) -> Iterator[Connection]:
    """A transaction for changes of tables, checked at its end; committed or undone as a whole.

    Arguments:
        at_last: called within the transaction when all else is done; what it raises undoes all.

    Raises:
        ConfigurationError: rows would refer to nothing.
    """
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            _set_for_rebuilds(connection, on=True)
        try:
            with connection.begin():
                unhurried(connection)
                if not sqlite:
                    _end_with_client(connection)
                    connection.execute(
                        text("SELECT set_config('backstay.actor', 'migration', true)")
                    )
                yield connection
                if sqlite:
                    _check_references(connection)
                if at_last is not None:
                    at_last(connection)
        finally:
            if sqlite:
                _set_for_rebuilds(connection, on=False)


def _end_with_client(connection: Connection) -> None:
    """Let PostgreSQL break off a long statement soon after the process that sent it was killed.

    It looks only between statements otherwise, and keeps all locks until then.
    """
    # Some systems can't tell that a client is gone, and refuse the setting.
    with suppress(DBAPIError), connection.begin_nested():
        connection.execute(text(f"SET LOCAL client_connection_check_interval = {_LOOK_MS}"))


def _set_for_rebuilds(connection: Connection, *, on: bool) -> None:
    """Let SQLite rebuild tables; set outside the transaction, where alone it has an effect.

    A batch rebuild drops the table before the new one takes its name. Meanwhile neither foreign
    keys nor triggers of other tables that speak of it may be looked at.
    """
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA foreign_keys = {'OFF' if on else 'ON'}")
    driver.execute(f"PRAGMA legacy_alter_table = {'ON' if on else 'OFF'}")


def _check_references(connection: Connection) -> None:
    if broken := connection.execute(text("PRAGMA foreign_key_check")).all():
        message = f"rows of {broken[0][0]} would refer to nothing"
        raise ConfigurationError(message)
