"""64-bit ids, ordered by time and made by the application.

41 bits of milliseconds since 2025, 10 bits of node, 12 bits of sequence: no round trip for an id,
and rows of a batch can refer to one another before they are written. The node number is a lease
row (``core_node``), taken by the database layer before the first write of a process.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Final

from backstay.errors import ConfigurationError

_EPOCH_MS: Final = 1_735_689_600_000
NODES: Final = 1024
_SEQUENCE: Final = 4096


class IdMaker:
    """Makes ids for one node; safe to share between threads."""

    def __init__(self, node: int) -> None:
        """Start with the node number that the lease gave."""
        self.node = node
        self.is_over = False
        self._lock = threading.Lock()
        self._last_ms = 0
        self._sequence = 0

    def take(self, count: int) -> list[int]:
        """So many ids in rising order."""
        with self._lock:
            return [self._next() for _ in range(count)]

    def _next(self) -> int:
        ms = time.time_ns() // 1_000_000 - _EPOCH_MS
        if ms <= self._last_ms:
            # The clock stood still or went back: go on from the last id, never below it.
            ms = self._last_ms
            self._sequence += 1
            if self._sequence == _SEQUENCE:
                ms += 1
                self._sequence = 0
        else:
            self._sequence = 0
        self._last_ms = ms
        return (ms << 22) | (self.node << 12) | self._sequence


_makers: list[IdMaker] = []
"""One for each database that this process writes to, the latest last."""
_here = threading.local()


def add_maker(node: int) -> IdMaker:
    """A maker for a database that gave this process a node number."""
    maker = IdMaker(node)
    _makers.append(maker)
    return maker


def drop_maker(maker: IdMaker) -> None:
    """Make no more ids with a number that was given back; those of other databases go on."""
    maker.is_over = True
    if maker in _makers:
        _makers.remove(maker)


def make_with(maker: IdMaker) -> None:
    """Let this thread make its ids for the database that it begins to write to."""
    _here.maker = maker


def new_ids(count: int) -> list[int]:
    """Many ids at once, in rising order."""
    maker: IdMaker | None = getattr(_here, "maker", None)
    if maker is None or maker.is_over:
        if not _makers:
            message = "ids are made inside a write transaction of backstay.db.Database only"
            raise ConfigurationError(message)
        maker = _makers[-1]
    return maker.take(count)


def new_id() -> int:
    """One new id."""
    return new_ids(1)[0]


def first_id_at(at: datetime) -> int:
    """No id that was made at an instant or later is smaller: a bound for a search by time."""
    return max(0, int(at.timestamp() * 1000) - _EPOCH_MS) << 22


def node_of(row_id: int) -> int:
    """The node number of whoever made an id."""
    return (row_id >> 12) % NODES
