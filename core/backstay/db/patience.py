"""How long a statement of a page may take that somebody asked for by a click.

Most statements of pages are quick by construction. Those that read as many rows as there are get a
limit, so that one click can't keep a web thread and the database busy for minutes.
"""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import OperationalError

from backstay.db.engine import STATEMENT_MS
from backstay.errors import Unavailable
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

_CANCELLED: Final = "57014"
_STEPS: Final = 10_000
"""Instructions of SQLite's virtual machine between two looks at the clock: well below 1 ms."""


class TookTooLong(Unavailable):
    """A statement reached its limit; nothing was changed."""


@contextmanager
def within(session: Session, most_ms: int) -> Iterator[None]:
    """Let no statement take longer than that.

    Arguments:
        session: one that reads single statements (``Database.look``), as pages do.
        most_ms: on SQLite for all statements together, on PostgreSQL for each, in milliseconds.

    Raises:
        TookTooLong: one did.
    """
    connection = session.connection()
    sqlite = connection.dialect.name == "sqlite"
    driver: Any = connection.connection.driver_connection
    if sqlite:
        until = monotonic() + most_ms / 1000
        driver.set_progress_handler(lambda: monotonic() > until, _STEPS)
    else:
        connection.exec_driver_sql(f"SET statement_timeout = {most_ms}")
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _CANCELLED or "interrupted" in str(error.orig):
            raise TookTooLong(_("It took too long and was given up.")) from error
        raise
    finally:
        if sqlite:
            driver.set_progress_handler(None, 0)
        else:
            connection.exec_driver_sql(f"SET statement_timeout = {STATEMENT_MS}")
