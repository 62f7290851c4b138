"""F03: a web server that is told to stop while it is busy answers everybody first."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.servers import Client, free_port
from tests.faults.installation import Installation, until

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


def test_f03_fifty_slow_requests_are_answered_by_a_server_that_was_told_to_stop(
    installation: Installation, tmp_path: Path
) -> None:
    port = free_port()
    log = tmp_path / "web.log"
    command = [
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"),
        *("--config", "python:backstay.serve.gunicorn", "backstay.web.wsgi:application"),
    ]
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=installation.env, stdout=output, stderr=output)
    try:
        until(lambda: answers(port), 120, "the start of the server")
        visitors = [Visitor(port) for _ in range(VISITORS)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            assert visitor.sent.wait(30)
        server.send_signal(signal.SIGTERM)
        server.wait(EXIT_SECONDS)
        for visitor in visitors:
            visitor.join(60)
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
    assert Counter(visitor.seen for visitor in visitors) == {"200 slow but whole": VISITORS}, (
        log.read_text()
    )


def answers(port: int) -> bool:
    try:
        return Client(port).get("/sign-in").status == 200
    except OSError:
        return False
