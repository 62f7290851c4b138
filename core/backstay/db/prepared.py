"""Statements that each connection to PostgreSQL prepares once, and sends by their name.

SQLAlchemy describes each answer before it is there; psycopg makes a cursor, looks for the form of
each value and asks whether the statement is prepared. Both together take ten times as long as
libpq. What is left here is the block in which statements wait for each other
(:mod:`backstay.db.batches`).
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Final

from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import FeatureNotSupported, PipelineAborted, error_from_result
from psycopg.pq import ExecStatus, TransactionStatus

from backstay.db.batches import batch, waiting
from backstay.db.round_trips import sent_as

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from psycopg import Connection as Driver
    from psycopg.pq.abc import PGresult
    from sqlalchemy import Connection

_MARK: Final = re.compile(r"%(?:\((\w+)\)s|%)")
_NUMBERS: Final = count()
_WIRE: Final = "backstay_wire"
_DONE: Final = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK})


class _Wire:
    """What one connection has prepared, and how it turns values into texts and back."""

    __slots__ = ("driver", "names", "transformer")

    def __init__(self, driver: Driver[Any]) -> None:
        self.driver = driver
        kept: Any = driver._prepared  # noqa: SLF001
        self.names: dict[bytes, bytes] = kept.fixed
        self.transformer = Transformer.from_context(driver)


class _Preparing:
    """The answer to a statement's being prepared."""

    __slots__ = ("_sql", "_wire")
    _undone: ClassVar[type[Exception]] = Exception
    """What is raised when the statement is not prepared, or has to be prepared anew."""

    def __init__(self, wire: _Wire, sql: bytes) -> None:
        self._wire = wire
        self._sql = sql

    def _check_results(self, results: Sequence[PGresult]) -> None:
        try:
            _refuse(self._wire, results)
        except self._undone:
            self._wire.names.pop(self._sql, None)
            raise

    def _set_results(self, _results: Sequence[PGresult]) -> None:
        """There is nothing in it."""


class _Answer(_Preparing):
    """The answer to a statement, which psycopg hands on when it has arrived."""

    __slots__ = ("_result",)
    _undone = FeatureNotSupported  # a column of its answer has another type now

    def __init__(self, wire: _Wire, sql: bytes) -> None:
        super().__init__(wire, sql)
        self._result: PGresult | None = None

    def _set_results(self, results: Sequence[PGresult]) -> None:
        self._result = results[-1]

    def fetch(self) -> tuple[list[tuple[Any, ...]], int]:
        """Its rows, and how many were changed or found; sends what still waits."""
        if self._result is None:
            with batch(self._wire.driver):
                pass  # the end of an inner block waits for all answers
        result = self._result
        if result is None:
            message = "this statement was never carried out: one before it failed"
            raise RuntimeError(message)
        transformer = self._wire.transformer
        transformer.set_pgresult(result)
        rows = transformer.load_rows(0, result.ntuples, tuple)
        transformer.set_pgresult(None)
        return rows, result.command_tuples or 0


class Prepared:
    """A statement with values of any size: all go as texts, and the server knows their types.

    So each has a cast in its text, which SQLAlchemy writes by itself for what has a column.
    """

    __slots__ = ("_formats", "_names", "_sql", "_text")

    def __init__(self, sql: str) -> None:
        """Read it as psycopg takes it, with ``%(name)s`` for a value."""
        self._text = sql
        names: dict[str, int] = {}

        def mark(found: re.Match[str]) -> str:
            name = found[1]
            return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

        self._sql = _MARK.sub(mark, sql).encode()
        self._names = tuple(names)
        self._formats = (PyFormat.TEXT,) * len(names)

    def send(
        self, connection: Connection, values: Mapping[str, Any]
    ) -> Callable[[], tuple[list[tuple[Any, ...]], int]]:
        """Send it, or let it wait for the others of its block.

        Returns:
            what gives its rows and their number, once it is answered.

        Raises:
            KeyError: a value is missing.
            DBAPIError: as each statement.
        """
        driver: Any = connection.connection.driver_connection
        block = waiting(driver)
        if block is not None:
            return self._enqueue(connection.info, driver, block, values)
        with sent_as(connection, self._text):
            return self._enqueue(connection.info, driver, waiting(driver), values)

    def _enqueue(
        self, info: dict[str, Any], driver: Any, block: Any, values: Mapping[str, Any]
    ) -> Callable[[], tuple[list[tuple[Any, ...]], int]]:
        wire = info.get(_WIRE)
        if wire is None or wire.driver is not driver:
            wire = info[_WIRE] = _Wire(driver)
        given = wire.transformer.dump_sequence(
            [values[name] for name in self._names], self._formats
        )
        pgconn, queue = driver.pgconn, block.result_queue
        if pgconn.transaction_status == TransactionStatus.IDLE and not driver.autocommit:
            pgconn.send_query_params(driver._get_tx_start_command(), None)  # noqa: SLF001
            queue.append(None)
        name = wire.names.get(self._sql)
        if name is None:
            name = b"backstay_%d" % next(_NUMBERS)
            pgconn.send_prepare(name, self._sql)
            queue.append((_Preparing(wire, self._sql), None))
            wire.names[self._sql] = name
        pgconn.send_query_prepared(name, given)
        answer = _Answer(wire, self._sql)
        queue.append((answer, None))
        return answer.fetch


def _refuse(wire: _Wire, results: Sequence[PGresult]) -> None:
    for result in results:
        if result.status in _DONE:
            continue
        if result.status == ExecStatus.PIPELINE_ABORTED:
            raise PipelineAborted("pipeline aborted")
        raise error_from_result(result, encoding=wire.driver.info.encoding)


__all__ = ["Prepared"]
