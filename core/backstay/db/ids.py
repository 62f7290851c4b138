"""64-bit ids, ordered by time and made by the application.

41 bits of milliseconds since 2025, 10 bits of node, 12 bits of sequence: no round trip for an id,
and rows of a batch can refer to one another before they are written. The node number is a lease
row (``core_node``), taken by the database layer before the first write of a process.
"""

from __future__ import annotations

import threading
import time
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


_makers: dict[str, IdMaker] = {}


def use_node(node: int | None) -> None:
    """Set the node that this process makes ids for; None gives it up."""
    if node is None:
        _makers.pop("process", None)
    else:
        _makers["process"] = IdMaker(node)


def new_ids(count: int) -> list[int]:
    """Many ids at once, in rising order."""
    try:
        return _makers["process"].take(count)
    except KeyError:
        message = "ids are made inside a write transaction of backstay.db.Database only"
        raise ConfigurationError(message) from None


def new_id() -> int:
    """One new id."""
    return new_ids(1)[0]
