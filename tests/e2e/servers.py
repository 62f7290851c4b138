"""Real servers on free ports, and a small client that keeps their cookies like a browser."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, database_url: str = "") -> dict[str, str]:
    """What a process of the installation in ``home`` is started with."""
    chosen = {"BACKSTAY_DATABASE": database_url} if database_url else {}
    return {**os.environ, "BACKSTAY_HOME": str(home), **chosen}


def cli(env: dict[str, str], *arguments: str, stdin: str = "") -> str:
    """Run a command that must succeed; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "backstay", *arguments],
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class WebProcess:
    """A running web process, for tests that end it in their own way."""

    port: int
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it and its worker with SIGKILL, as a machine that loses its power does."""
        os.killpg(self.process.pid, signal.SIGKILL)


@contextmanager
def web_process(env: dict[str, str], log: Path) -> Iterator[WebProcess]:
    """One web process with four threads."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
        *("--threads", "4", "--worker-class", "gthread", "--log-level", "warning"),
        "backstay.web.wsgi:application",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=env, stdout=output, stderr=output, start_new_session=True
        )
        try:
            _wait(port, process, log)
            yield WebProcess(port, process)
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def web_server(env: dict[str, str], log: Path) -> Iterator[int]:
    """One web process with four threads; yields its port."""
    with web_process(env, log) as started:
        yield started.port


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            Client(port).get("/sign-in")
        except OSError:
            time.sleep(0.05)
        else:
            return
    message = f"no answer on port {port}: {log.read_text(encoding='utf-8')}"
    raise AssertionError(message)


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    text: str
    headers: dict[str, str]


def _multipart(boundary: str, form: dict[str, str], files: dict[str, tuple[str, bytes]]) -> bytes:
    """A form with files, as browsers send it (RFC 7578)."""
    parts = [
        *((f'name="{name}"', value.encode()) for name, value in form.items()),
        *(
            (f'name="{field}"; filename="{name}"', content)
            for field, (name, content) in files.items()
        ),
    ]
    written = [
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for head, content in parts
    ]
    return b"".join(written) + f"--{boundary}--\r\n".encode()


@dataclass
class Client:
    """Keeps cookies, also the ``__Host-`` ones that libraries refuse on plain http."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def request(
        self,
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        files: dict[str, tuple[str, bytes]] | None = None,
    ) -> Answer:
        """One request on a connection of its own, as behind a busy proxy."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body: str | bytes | None = None
        if files:
            boundary = uuid.uuid4().hex
            body = _multipart(boundary, form or {}, files)
            headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        elif form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            for cookie in response.headers.get_all("Set-Cookie") or []:
                name, _, value = cookie.split(";", 1)[0].partition("=")
                self.cookies[name] = value
            return Answer(response.status, response.read().decode(), dict(response.headers.items()))
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        """GET without following redirects."""
        return self.request("GET", path)

    def submit(
        self,
        page: str,
        form: dict[str, str],
        *,
        to: str = "",
        files: dict[str, tuple[str, bytes]] | None = None,
    ) -> Answer:
        """Fill in the form of a page and send it, with the page's hidden tokens."""
        shown = self.get(page)
        hidden = {
            name: found.group(1)
            for name in ("csrf_token", "_idem")
            if (found := re.search(rf'name="?{name}"? value="?([^"\s>]+)', shown.text))
        }
        return self.request("POST", to or page, {**hidden, **form}, files)

    def sign_in(self, login: str, password: str) -> None:
        """Sign in, which must succeed."""
        answer = self.submit("/sign-in", {"login": login, "password": password})
        assert answer.status == 303, answer.text


@contextmanager
def installation(home: Path, log: Path) -> Iterator[str]:
    """Everything that ``./run`` starts, on a data folder of its own; yields the address."""
    port = free_port()
    command = [sys.executable, "-m", "backstay", "start", "--port", str(port), "--workers", "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment(home), stdout=output, stderr=output, start_new_session=True
        )
        try:
            _wait(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(40)


def first_passwords(home: Path) -> dict[str, str]:
    """The one-time passwords that the first start wrote down, by sign-in name."""
    lines = (home / "first-sign-in.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines]
    return {row[0]: row[1] for row in rows if len(row) == 3 and "-" in row[1]}
