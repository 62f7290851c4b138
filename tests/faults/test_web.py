"""F03: a web server that is told to stop while it is busy answers everybody first."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

import pytest

from tests.e2e.servers import Client, free_port
from tests.faults.installation import Installation, children_of, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.needs("postgresql", "valkey"), pytest.mark.xdist_group("faults")]

VISITORS = 50
EXIT_SECONDS = 30


class Visitor(threading.Thread):
    """Asks for a slow page once, on a connection of its own."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.sent = threading.Event()
        self.seen = ""

    def run(self) -> None:
        try:
            self.connection.request("GET", "/probe/slow")
            self.sent.set()
            response = self.connection.getresponse()
            self.seen = f"{response.status} {response.read().decode()}"
        except (OSError, http.client.HTTPException) as error:
            self.sent.set()
            self.seen = repr(error)
        finally:
            self.connection.close()


@contextmanager
def web_server(installation: Installation, log: Path) -> Iterator[tuple[int, Popen[bytes]]]:
    """The web server as `backstay start` runs it."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"),
        *("--config", "python:backstay.serve.gunicorn", "backstay.web.wsgi:application"),
    ]
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=installation.env, stdout=output, stderr=output)
    try:
        until(lambda: answers(port), 120, "the start of the server")
        yield port, server
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


def visit(port: int) -> list[Visitor]:
    """Fifty people who have all sent their request."""
    visitors = [Visitor(port) for _ in range(VISITORS)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        assert visitor.sent.wait(30)
    return visitors


def what_they_saw(visitors: list[Visitor]) -> Counter[str]:
    for visitor in visitors:
        visitor.join(60)
    return Counter(visitor.seen for visitor in visitors)


def test_f03_fifty_slow_requests_are_answered_by_a_server_that_was_told_to_stop(
    installation: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "web.log"
    with web_server(installation, log) as (port, server):
        visitors = visit(port)
        server.send_signal(signal.SIGTERM)
        server.wait(EXIT_SECONDS)
        assert what_they_saw(visitors) == {"200 slow but whole": VISITORS}, log.read_text()


def test_f03_those_are_answered_too_whom_the_server_had_no_time_to_accept(
    installation: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "web.log"
    with web_server(installation, log) as (port, server):
        processes = children_of(server.pid)
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        visitors = visit(port)
        server.send_signal(signal.SIGTERM)
        until(lambda: not listens(server.pid), 10, "the closing of the server's own socket")
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
        server.wait(EXIT_SECONDS)
        assert what_they_saw(visitors) == {"200 slow but whole": VISITORS}, log.read_text()


def listens(pid: int) -> bool:
    """Whether a process holds a socket that listens."""
    listening = {
        f"socket:[{fields[9]}]"
        for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A"
    }
    return any(
        str(descriptor.readlink()) in listening
        for descriptor in Path(f"/proc/{pid}/fd").iterdir()
        if descriptor.is_symlink()
    )


def answers(port: int) -> bool:
    try:
        return Client(port).get("/sign-in").status == 200
    except OSError:
        return False
