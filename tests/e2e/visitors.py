"""People who read pages all the while, to find out whether any request fails meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from tests.e2e.servers import Client

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Seen: TypeAlias = Counter[tuple[str, int | str]]
"""How often which path was answered with which status, “off” for a module that is switched off, or
with which error."""


class Visitor(threading.Thread):
    """Somebody who reads pages until told to stop."""

    def __init__(self, client: Client, paths: Sequence[str], stop: threading.Event) -> None:
        super().__init__()
        self.client = client
        self.paths = paths
        self.stop = stop
        self.seen: Seen = Counter()

    def run(self) -> None:
        while not self.stop.is_set():
            for path in self.paths:
                try:
                    answer = self.client.get(path)
                except OSError as error:
                    self.seen[path, repr(error)] += 1
                    continue
                is_off = "switched off" in answer.text
                self.seen[path, "off" if is_off else answer.status] += 1


@contextmanager
def reading(clients: Sequence[Client], paths: Sequence[str]) -> Iterator[Seen]:
    """Let somebody read beside each client, as the same person; counts are there at the end."""
    stop = threading.Event()
    visitors = [Visitor(Client(one.port, dict(one.cookies)), paths, stop) for one in clients]
    for visitor in visitors:
        visitor.start()
    seen: Seen = Counter()
    try:
        yield seen
    finally:
        stop.set()
        for visitor in visitors:
            visitor.join()
            seen.update(visitor.seen)
