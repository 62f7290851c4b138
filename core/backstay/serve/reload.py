"""``backstay serve --reload``: an author's server, started anew whenever its code changes.

The listening socket belongs to this process and outlives the web server, so a browser that asks
while it starts waits instead of being refused. Where it can't start, or a file can't be read, a
stand-in answers with the reason, and asks again by itself until the mistake is mended.
"""

from __future__ import annotations

import html
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import click

from backstay.kernel.stopping import Stop
from backstay.serve import watching
from backstay.serve.gunicorn import TELL_FAILURES

if TYPE_CHECKING:
    from pathlib import Path

    from backstay.home import Home
    from backstay.serve.processes import Address

_LOOK_SECONDS: Final = 0.4
_SETTLE_SECONDS: Final = 0.15
_MOST_NAMED: Final = 5
_GRACE_SECONDS: Final = 3
_LINES_KEPT: Final = 60
_PAGE: Final = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=1>"
    "<title>Backstay is not running</title><h1>Backstay is not running</h1>"
    "<p>This page opens by itself once that is mended.</p><pre>{why}</pre></html>"
)


@dataclass
class Listener:
    """The address that is answered, whoever answers it.

    Arguments:
        socket: bound; it is handed to each web server in turn.
    """

    socket: socket.socket
    _why: str = ""
    _thread: threading.Thread | None = None

    @classmethod
    def at(cls, address: Address) -> Listener:
        """Listen at a free address."""
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address.host, address.port))
        made.listen(64)
        made.set_inheritable(True)
        return cls(made)

    def say(self, why: str) -> None:
        """Answer everybody with what is wrong, until :meth:`hush`."""
        self._why = why
        if self._thread is None:
            self._thread = threading.Thread(target=self._answer, daemon=True)
            self._thread.start()

    def hush(self) -> None:
        """Leave the address to a web server."""
        self._why = ""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _answer(self) -> None:
        self.socket.settimeout(0.1)
        while why := self._why:
            try:
                asked, _address = self.socket.accept()
            except OSError:
                continue
            with asked:
                try:
                    asked.settimeout(1)
                    asked.recv(65536)
                    body = _PAGE.format(why=html.escape(why)).encode()
                    asked.sendall(
                        b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                        b"Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
                        + f"Content-Length: {len(body)}\r\n\r\n".encode()
                        + body
                    )
                except OSError:
                    continue
        self.socket.settimeout(None)


@dataclass
class Served:
    """The web server and the job runner of one state of the code."""

    home: Home
    listener: Listener
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _said: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES_KEPT))
    _readers: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start both."""
        self.listener.hush()
        self._said.clear()
        number = self.listener.socket.fileno()
        web = [
            *(sys.executable, "-m", "gunicorn", "--bind", f"fd://{number}", "--workers", "1"),
            *("--config", "python:backstay.serve.gunicorn", "--graceful-timeout", "1"),
            *("--worker-tmp-dir", str(self.home.path), "backstay.web.wsgi:application"),
        ]
        for command in (web, [sys.executable, "-m", "backstay", "runner"]):
            process = subprocess.Popen(
                command,
                env={**self.home.environment(), TELL_FAILURES: "1"},
                pass_fds=(number,),
                stderr=subprocess.PIPE,
            )
            self._running.append(process)
            reader = threading.Thread(target=self._repeat, args=(process,), daemon=True)
            reader.start()
            self._readers.append(reader)

    def stop(self) -> None:
        """End both at once; what a job did not finish is done again."""
        for process in self._running:
            if process.poll() is None:
                # Gunicorn ends at once with SIGQUIT, and the runner after its job with SIGTERM.
                is_web = process is self._running[0]
                process.send_signal(signal.SIGQUIT if is_web else signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in self._running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for reader in self._readers:
            reader.join()
        self._running, self._readers = [], []

    def refuse(self, why: str) -> None:
        """Let the stand-in say why nothing is served; both are ended."""
        self.stop()
        self.listener.say(why)

    def watch(self) -> None:
        """Say so where one of them ended by itself; only a change of the code can mend that."""
        for name, process in zip(("web server", "job runner"), self._running, strict=False):
            if process.poll() is not None:
                self._readers[self._running.index(process)].join()
                said = "\n".join(self._said)
                click.echo(f"The {name} ended; it is started again when a file changes.", err=True)
                self.refuse(f"The {name} ended with status {process.returncode}.\n\n{said}")
                return

    def _repeat(self, process: subprocess.Popen[bytes]) -> None:
        """Let the terminal see what a process says, and keep the last of it for the browser."""
        for line in process.stderr or ():
            text = line.decode(errors="replace").rstrip("\n")
            self._said.append(text)
            click.echo(text, err=True)


def serve_reloading(home: Home, address: Address, announce: str) -> None:
    """Serve until SIGTERM or Ctrl-C, and start anew after each change of the code."""
    stopping = Stop()
    stopping.at_signals()
    served = Served(home, Listener.at(address))
    folders = watching.watched_folders()
    seen = watching.look(folders)
    unreadable: dict[Path, str] = {}
    served.start()
    click.echo(announce)
    try:
        while not stopping.wait(_LOOK_SECONDS):
            now = watching.look(folders)
            if now == seen:
                served.watch()
                continue
            now = _settled(folders, now)
            files = watching.changed(seen, now)
            seen = now
            click.echo(f"Changed: {_named(files)}")
            served.stop()
            unreadable = watching.faults({*files, *unreadable})
            trouble = "\n\n".join(unreadable.values()) or _migrate(home, files)
            if trouble:
                click.echo(trouble, err=True)
                served.refuse(trouble)
            else:
                served.start()
                click.echo("Started again.")
    finally:
        served.stop()
        served.listener.hush()
        served.listener.socket.close()


def _settled(folders: list[Path], seen: watching.Seen) -> watching.Seen:
    """The files once nobody writes any more: editors and git write several, one after the other."""
    while True:
        time.sleep(_SETTLE_SECONDS)
        now = watching.look(folders)
        if now == seen:
            return now
        seen = now


def _named(files: list[Path]) -> str:
    names = [path.name for path in files[:_MOST_NAMED]]
    more = f" and {len(files) - _MOST_NAMED} more" if len(files) > _MOST_NAMED else ""
    return ", ".join(names) + more


def _migrate(home: Home, files: list[Path]) -> str:
    """Bring tables and triggers up to date where they may be concerned; says why it failed."""
    words = ("migrations", "models", "guards")
    if not any(part.startswith(words) for path in files for part in path.parts[-3:]):
        return ""
    done = subprocess.run(
        [sys.executable, "-m", "backstay", "migrate"],
        env=home.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    for line in lines:
        if line != "nothing to do":
            click.echo(f"Migrated {line}")
    failed = [line for line in lines if ": failed: " in line]
    return done.stderr.strip() if done.returncode else "\n".join(failed)
