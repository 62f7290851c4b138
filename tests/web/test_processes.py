"""Three web processes under load follow a plugin that is switched off and on; no request fails."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from backstay.db.database import Database
from backstay.home import Home
from backstay.kernel.discovery import discover
from backstay.kernel.state import load_in_force
from backstay.testing.fixtures import create_companies
from backstay.testing.web import Browser, make_user
from backstay.web.generation import Generations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLUGIN = "ledger"
WORKERS = 3


def command(home: Home, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "backstay", "--home", str(home.path), *arguments],
        env=home.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An installation with the plugin, two companies and somebody who may do everything."""
    if PLUGIN not in discover():
        pytest.skip("no plugin is installed")
    made = Home(tmp_path)
    command(made, "migrate")
    command(made, "plugin", "enable", PLUGIN)
    return made


@pytest.fixture
def cookie(home: Home) -> str:
    """The cookie of a browser that is signed in."""
    database = Database(home.database_url)
    try:
        suite = load_in_force(database)
        create_companies(database, suite)
        make_user(database, "boss", list(suite.permissions))
        app = Generations(database, secret_key=home.secret_key()).current()
        found = Browser.for_user(app, database, "boss").client.get_cookie("__Host-backstay")
        assert found is not None
        return f"__Host-backstay={found.value}"
    finally:
        database.dispose()


@pytest.fixture
def port(home: Home) -> Iterator[int]:
    """Three web processes of the installation."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{number}"),
            *("--workers", str(WORKERS), "--threads", "4", "--worker-class", "gthread"),
            *("--log-level", "warning", "--worker-tmp-dir", str(home.path)),
            "backstay.web.wsgi:application",
        ],
        env=home.environment(),
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if get(number, "/sign-in", "") == 200:
                break
        except OSError:
            time.sleep(0.1)
    yield number
    os.kill(server.pid, signal.SIGTERM)
    server.wait(30)


def get(port: int, path: str, cookie: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@dataclass
class Load:
    """Browsers that read pages of core without a pause."""

    port: int
    cookie: str
    seen: list[int] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        while not self.stop.is_set():
            for path in ("/c/ALPHA/", "/me/sessions", "/c/ALPHA/core/audit"):
                try:
                    self.seen.append(get(self.port, path, self.cookie))
                except OSError as error:
                    self.broken.append(f"{path}: {error}")
                time.sleep(0.01)


def test_every_process_follows_within_a_second_and_no_request_fails(
    home: Home, cookie: str, port: int
) -> None:
    page = f"/c/ALPHA/{PLUGIN}/accounts"
    load = Load(port, cookie)
    threads = [threading.Thread(target=load.work) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for verb, wanted in (("disable", 404), ("enable", 200)):
            command(home, "plugin", verb, PLUGIN)
            time.sleep(1)
            answers = {get(port, page, cookie) for _ in range(10 * WORKERS)}
            assert answers == {wanted}, verb
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()
    assert not load.broken
    assert set(load.seen) == {200}
    assert len(load.seen) > 50
