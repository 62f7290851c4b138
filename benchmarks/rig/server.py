"""The web server exactly as ``backstay start`` runs it, and an empty page under the same server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backstay.home import Home
from backstay.serve.processes import Address, children, free_address
from benchmarks.rig.processor import family, seconds_of

HOST: Final = "127.0.0.1"
_FIRST_PORT: Final = 18_000
_START_SECONDS: Final = 60
_ROOT: Final = Path(__file__).parents[2]
EMPTY: Final = "benchmarks.rig.empty:application"


@dataclass(frozen=True, slots=True)
class Server:
    """A running web server."""

    address: Address
    pid: int

    def seconds(self) -> float:
        """Processor time of all its processes so far."""
        return seconds_of(family(self.pid))

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        return [pid for pid in family(self.pid) if pid != self.pid]


def environment(home: Home) -> dict[str, str]:
    """For child processes: with bytecode, which a user's second start has."""
    given = home.environment()
    given.pop("PYTHONDONTWRITEBYTECODE", None)
    given["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_ROOT), given.get("PYTHONPATH")]))
    return given


@contextmanager
def web_server(home: Home, *, workers: int = 2, application: str = "") -> Iterator[Server]:
    """Run the web server of an installation.

    Arguments:
        application: another WSGI application for the same server.
    """
    address = free_address(HOST, _FIRST_PORT)
    command = children(home, address, workers)[0].command
    if application:
        command = [*command[:-1], application]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment(home), stdout=log, stderr=log, cwd="/")
        try:
            if not answers(address, process):
                log.seek(0)
                message = f"the server did not start: {log.read().decode(errors='replace')}"
                raise RuntimeError(message)
            yield Server(address, process.pid)
        finally:
            process.terminate()
            process.wait(40)


def answers(address: Address, process: subprocess.Popen[bytes]) -> bool:
    """Wait for the first answer; False when the process ended before."""
    until = time.monotonic() + _START_SECONDS
    request = f"GET /sign-in HTTP/1.1\r\nHost: {address.host}\r\nConnection: close\r\n\r\n".encode()
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection((address.host, address.port), 30) as connection:
                connection.sendall(request)
                if connection.recv(64).startswith(b"HTTP/1.1 "):
                    return True
        except OSError:
            time.sleep(0.005)
    return False


def python(*arguments: str) -> list[str]:
    """A command of this Python."""
    return [sys.executable, *arguments]
