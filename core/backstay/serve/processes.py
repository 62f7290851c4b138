"""The processes of a single machine: web server and job runner, started and ended together."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import click

from backstay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.home import Home

_GRACE_SECONDS: Final = 30
_START_SECONDS: Final = 120
_MOST_RESTARTS: Final = 5


@dataclass(frozen=True, slots=True)
class Address:
    """Where the web server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address to open in a browser on this machine."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


def free_address(host: str, port: int) -> Address:
    """The wanted address, or the next free port when somebody else has it.

    Raises:
        ConfigurationError: none of twenty ports is free, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + 20):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError as error:
                if error.errno not in {13, 98}:  # not ours to take, or in use
                    message = f"can't listen on {host}: {error.strerror}"
                    raise ConfigurationError(message) from error
                continue
            return Address(host, probe.getsockname()[1])
    message = f"ports {port} to {port + 19} are all in use: choose another with --port"
    raise ConfigurationError(message)


@dataclass
class Child:
    """A process that is started again when it dies, a few times."""

    name: str
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    started_at: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Start it in this process group, so that Ctrl-C reaches it too."""
        self.process = subprocess.Popen(self.command, env=self.environment)
        self.started_at = time.monotonic()

    def watch(self) -> None:
        """Start it again if it died.

        Raises:
            ConfigurationError: it dies again and again.
        """
        if self.process is None or self.process.poll() is None:
            return
        if time.monotonic() - self.started_at > 60:  # noqa: PLR2004 - a minute of good work
            self.restarts = 0
        self.restarts += 1
        if self.restarts > _MOST_RESTARTS:
            message = (
                f"the {self.name} ended {self.restarts} times; see its messages above."
                " If a module is to blame, start with --safe-mode and switch it off"
            )
            raise ConfigurationError(message)
        click.echo(f"The {self.name} ended with status {self.process.returncode}; restarting it.")
        self.start()

    def stop(self) -> None:
        """Ask it to finish what it does, then insist."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def children(home: Home, address: Address, workers: int) -> list[Child]:
    """The web server and the job runner of this installation."""
    environment = home.environment()
    return [
        Child(
            "web server",
            [
                sys.executable,
                "-m",
                "gunicorn",
                "--bind",
                f"{f'[{address.host}]' if ':' in address.host else address.host}:{address.port}",
                "--config",
                "python:backstay.serve.gunicorn",
                "--workers",
                str(workers),
                "--worker-tmp-dir",
                str(home.path),
                "backstay.web.wsgi:application",
            ],
            environment,
        ),
        Child("job runner", [sys.executable, "-m", "backstay", "runner"], environment),
    ]


def run(
    started: list[Child], address: Address, prepare: Callable[[], str], *, early: bool = False
) -> None:
    """Run until SIGTERM or Ctrl-C; everything ends together.

    Arguments:
        prepare: brings the database up to date; returns what is said when the server answers.
        early: the database most likely is, so the web server may start at the same time.
    """
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    def leave(_signal: int, _frame: object) -> None:
        # Any other exception would be taken for a plugin's own where plugins are loaded.
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    web, *others = started
    try:
        if early:
            web.start()
        announce = prepare()
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if not early:
            web.start()
        # The others wait, so that all of the machine helps the first page.
        if _answers(address, web, lambda: stopping):
            for child in others:
                child.start()
            click.echo(announce)
        _watch(started, lambda: stopping)
    finally:
        for child in started:
            child.stop()


def _watch(started: list[Child], stopped: Callable[[], bool]) -> None:
    while not stopped():
        time.sleep(0.3)
        for child in started:
            # Ctrl-C reaches the children too: what ends then is not to be started again.
            if not stopped():
                child.watch()


def _answers(address: Address, web: Child, stopped: Callable[[], bool]) -> bool:
    """Wait for the first answer; False where everything is to end before it comes.

    Raises:
        ConfigurationError: the web server died, or does not answer.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if stopped():
            return False
        if web.process is not None and web.process.poll() is not None:
            message = (
                "the web server did not start; see its messages above."
                " If a module is to blame, start with --safe-mode and switch it off"
            )
            raise ConfigurationError(message)
        try:
            with urllib.request.urlopen(f"{address.url}sign-in", timeout=5):  # noqa: S310
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.05)
    message = f"the web server did not answer on {address.url} within {_START_SECONDS} s"
    raise ConfigurationError(message)
