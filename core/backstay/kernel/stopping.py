"""Telling a process that runs on and on to end, from a handler of signals."""

from __future__ import annotations

import signal
from contextlib import suppress
from queue import Empty, SimpleQueue


class Stop:
    """Set once, by anybody, and waited for by any number of threads.

    ``threading.Event`` is no good for this: its lock is held for a moment in each ``wait``, and a
    handler that runs in that moment in the same thread would wait for itself for ever. The queue
    below may be written to at any point.
    """

    def __init__(self) -> None:
        """Nobody said so yet."""
        self._told = False
        self._bell: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Say that it is time to end."""
        self._told = True
        self._bell.put(None)

    def is_set(self) -> bool:
        """Whether somebody said so."""
        return self._told

    def wait(self, seconds: float) -> bool:
        """Wait until somebody says so, for so many seconds at most; returns whether they did."""
        if not self._told:
            with suppress(Empty):
                self._bell.get(timeout=seconds)
                self._bell.put(None)  # for whoever waits beside
        return self._told

    def at_signals(self) -> None:
        """Be set by SIGTERM and by Ctrl-C."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.set())
