"""Several statements in one round trip to PostgreSQL.

A command that posts an entry sends a dozen statements, each of which waits for its answer although
nobody reads it; while the counter of a journal is locked, everybody else who posts waits as well.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from backstay.db.engine import refuse_failed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection


def together(connection: Connection) -> AbstractContextManager[None]:
    """Send the statements of the block at once (PostgreSQL); on SQLite each is done as it comes.

    Whoever fetches the rows of one in the block sends it with all that came before; fetched after
    the block they cost nothing more. (SQLite looks for them only then: nothing is changed in
    between that they show. Statements name the columns that they return, whatever a table gets
    later.) How many rows one changed is not known in the block. What the
    database refuses is raised at the block's end, or at a later statement of it, and the
    transaction has to be rolled back, at least to a savepoint from before the block. Blocks may lie
    in one another; an inner one is sent when it ends.

    Raises:
        DBAPIError: as each statement would by itself (IntegrityError, OperationalError ...).
    """
    if connection.dialect.name != "postgresql":
        return nullcontext()
    return sent_as(connection, "several statements sent together")


@contextmanager
def sent_as(connection: Connection, said: str) -> Iterator[None]:
    """A block of :func:`together` on PostgreSQL.

    Arguments:
        said: what an error names in place of the statement.
    """
    # Not imported where SQLite serves.
    from backstay.db.batches import batch

    driver: Any = connection.connection.driver_connection
    refusals: type[Exception] = connection.dialect.loaded_dbapi.Error
    try:
        with batch(driver):
            yield
    except refusals as error:
        lost = bool(driver.closed or driver.broken)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            said,
            None,
            error,
            refusals,
            connection_invalidated=lost,
            dialect=connection.dialect,
        ) from error


def commit_now(connection: Connection) -> None:
    """The COMMIT of a block of :func:`together` (PostgreSQL), sent with what comes before it.

    The session's own commit, which has to follow, then finds nothing left to do. On SQLite that one
    commits.

    Raises:
        InvalidRequestError: a statement before the block failed, so nothing can be saved.
    """
    if connection.dialect.name == "postgresql":
        refuse_failed(connection)
        driver: Any = connection.connection.driver_connection
        driver.commit()
