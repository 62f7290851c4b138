"""A load generator for loopback: kept-alive connections in one process, one request each at a time.

Bounded by the requests it is given and by time. It runs as a process of its own (``python -m
benchmarks.rig.load``), so that its processor time is not that of what is measured.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

HOST: Final = "127.0.0.1"
_SILENCE: Final = 30.0
_HEAD_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it.

    Arguments:
        count: answers.
        seconds: from the first request to the last answer.
        statuses: how often each HTTP status came.
        latencies: milliseconds of the answers, sorted.
        bytes: received in all.
        broken: connections that ended without an answer.
    """

    count: int
    seconds: float
    statuses: dict[str, int]
    latencies: list[float]
    bytes: int
    broken: int

    def quantile(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


def run(port: int, clients: Sequence[Iterable[str]], seconds: float) -> Load:
    """Send the requests of each client one after the other, for some seconds at most.

    Arguments:
        clients: for each connection its whole requests; the list is begun anew at its end where
            ``seconds`` allow and repeating is harmless (all begin with GET).
    """
    given = {"port": port, "clients": [list(one) for one in clients], "seconds": seconds}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.rig.load"],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Load(**json.loads(done.stdout))


@dataclass
class _Client:
    """A connection with the requests that it has still to send."""

    socket: socket.socket
    requests: list[bytes]
    repeat: bool
    at: int = 0
    began: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    wanted: int = -1

    def send(self) -> bool:
        """Send the next request; False when there is none left."""
        if self.at == len(self.requests):
            if not self.repeat:
                return False
            self.at = 0
        self.received.clear()
        self.wanted = -1
        self.began = time.perf_counter()
        self.socket.sendall(self.requests[self.at])
        self.at += 1
        return True

    def complete(self) -> bool:
        """Whether the whole answer is there."""
        if self.wanted < 0:
            end = self.received.find(_HEAD_END)
            if end < 0:
                return False
            head = bytes(self.received[:end]).lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self.wanted = end + len(_HEAD_END) + length
        return len(self.received) >= self.wanted


def _generate(port: int, clients: list[list[str]], seconds: float) -> Load:
    selector = selectors.DefaultSelector()
    statuses: Counter[str] = Counter()
    latencies: list[float] = []
    size = broken = 0
    began = time.perf_counter()
    until = began + seconds
    for requests in clients:
        made = [one.encode() for one in requests]
        connection = socket.create_connection((HOST, port), _SILENCE)
        client = _Client(connection, made, all(one.startswith(b"GET ") for one in made))
        if client.send():
            selector.register(connection, selectors.EVENT_READ, client)
    last = began
    while selector.get_map():
        ready = selector.select(_SILENCE)
        if not ready:
            broken += len(selector.get_map())
            break
        for key, _events in ready:
            client = key.data
            try:
                block = client.socket.recv(1 << 18)
            except OSError:
                block = b""
            if not block:
                broken += 1
                selector.unregister(client.socket)
                continue
            client.received += block
            if not client.complete():
                continue
            last = time.perf_counter()
            latencies.append((last - client.began) * 1000)
            statuses[bytes(client.received[9:12]).decode()] += 1
            size += client.wanted
            if last > until or not client.send():
                selector.unregister(client.socket)
                client.socket.close()
    latencies.sort()
    return Load(len(latencies), last - began, dict(statuses), latencies, size, broken)


if __name__ == "__main__":
    found = _generate(**json.load(sys.stdin))
    json.dump({name: getattr(found, name) for name in Load.__slots__}, sys.stdout)
