"""What lets statements wait until they are sent with others, where psycopg would send each.

psycopg's pipelines spare the wait for each answer, but write every statement to the socket as it
comes: the server wakes up for each. And SQLAlchemy asks each cursor at once how its answer is made
up, which can not be known while the statement waits; what it answered before says it as well.

This overrides six methods that psycopg does not document, so its versions are bounded. The tests
of ``tests/db/test_round_trips.py`` count what is sent, so a version that differs is noticed there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from psycopg import Connection, Cursor, Pipeline
from psycopg._preparing import PrepareManager
from psycopg.generators import send
from psycopg.pq import PipelineStatus

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from psycopg.pq.abc import PGresult

Shape: TypeAlias = "Sequence[tuple[Any, ...]] | None"
"""The columns of an answer as the DB-API describes them; None: it has no rows."""
_SHAPES: Final[dict[str, Shape]] = {}
_MOST_SHAPES: Final = 500
_CHANGES: Final = (b"ALTER", b"DROP")


class Batch(Pipeline):
    """A pipeline whose statements leave together: when its block ends or an answer is fetched."""

    def __enter__(self) -> Self:
        """Begin it, or a block within it; neither waits for anything."""
        if self.level == 0:
            self.pgconn.enter_pipeline_mode()
        self.level += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Send what is waiting; the connection is as before when the outermost block ends."""
        try:
            super().__exit__(kind, error, at)
        finally:
            if self.level == 0:
                self._conn._pipeline = None  # noqa: SLF001

    def _communicate_gen(self) -> Generator[Any, Any, None]:
        """Hand the statements to libpq, which keeps them until it is told to send."""
        while self.command_queue:
            self.command_queue.popleft()()
        yield from ()

    def _sync_gen(self) -> Generator[Any, Any, None]:
        """Wait neither for BEGIN nor for COMMIT, which go with the others."""
        yield from ()

    def _exit_gen(self) -> Generator[Any, Any, None]:
        """End the block: one mark at its end asks for all answers."""
        self._enqueue_sync()
        yield from self._communicate_gen()
        yield from self._fetch_gen(flush=False)

    def _fetch_gen(self, *, flush: bool) -> Generator[Any, Any, None]:
        """Send what waits, then read the answers."""
        if not flush:
            yield from send(self.pgconn)
        yield from super()._fetch_gen(flush=flush)


def batch(driver: Connection[Any]) -> AbstractContextManager[Pipeline]:
    """A block whose statements are sent together; in such a block, one that is sent when it ends.

    Arguments:
        driver: psycopg's connection.
    """
    if driver._pipeline is None:  # noqa: SLF001 - where its cursors look for one
        driver._pipeline = Batch(driver)  # noqa: SLF001
    return driver._pipeline  # noqa: SLF001


def waiting(driver: Connection[Any]) -> Pipeline | None:
    """The block that a connection is in, or None."""
    return driver._pipeline  # noqa: SLF001


class KeptStatements(PrepareManager):
    """What a connection has prepared, kept when a transaction is rolled back.

    psycopg would take back every statement of the connection, not only its own; PostgreSQL keeps
    them. Those of psycopg and of :mod:`backstay.db.prepared` are forgotten when a table changes:
    their answers may have other types then.
    """

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.fixed: dict[bytes, bytes] = {}
        """Names of the fixed statements by their texts."""

    def clear(self) -> bool:
        """What psycopg does after a rollback: nothing."""
        return False

    def _should_discard(  # type: ignore[override]
        self, _prep: Any, results: Sequence[PGresult]
    ) -> bool:
        """Look at what was done for a change of a table."""
        if not any((one.command_status or b"").startswith(_CHANGES) for one in results):
            return False
        self._counts.clear()
        self._to_flush.extend(self._names.values())
        self._names.clear()
        self.fixed.clear()
        return True


class WaitingCursor(Cursor[Any]):
    """A cursor that tells from memory what an answer that it still waits for is made up of."""

    _asked = ""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """Send a statement, or let it wait until those of the block are sent."""
        self._asked = query
        return super().execute(query, params, **options)

    @property
    def description(self) -> Any:
        """The columns of the answer; the first time in a process it is waited for."""
        if (
            self.pgresult is not None
            or not self._asked
            or self.connection.pgconn.pipeline_status == PipelineStatus.OFF
        ):
            return super().description
        if self._asked not in _SHAPES:
            with batch(self.connection):
                pass  # the end of an inner block waits for all answers
            if len(_SHAPES) >= _MOST_SHAPES:
                _SHAPES.clear()
            found = super().description
            _SHAPES[self._asked] = None if found is None else [tuple(one) for one in found]
        return _SHAPES[self._asked]
