"""A module that ends each process that imports it: safe mode starts, and switches it off."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from backstay.clock import now
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.kernel.models import PluginRow, PluginState
from backstay.testing.plugins import PluginShelf
from tests.e2e.servers import Client, cli, environment, web_server

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "seven-sheep-on-a-hill"


def fails(env: dict[str, str], *arguments: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "backstay", *arguments],
        env=env,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode != 0


def test_safe_mode_gets_past_a_module_that_ends_the_process(tmp_path: Path) -> None:
    site = tmp_path / "site"
    PluginShelf(site).add("bomb", "import os\nos._exit(7)")
    env = {**environment(tmp_path / "home"), "PYTHONPATH": str(site)}
    cli(env, "migrate")
    user = ("user", "create", "boss", "--role", "administrator", "--password-stdin")
    cli(env, *user, stdin=PASSWORD)
    database = Database(f"sqlite:///{tmp_path / 'home' / 'backstay.db'}")
    with database.write(operator_context("system:test")) as session:
        # Its own transition would have ended with it; an update of its package may bring it there.
        session.add(
            PluginRow(name="bomb", state=PluginState.ENABLED, version="1.0", changed_at=now())
        )
    database.dispose()
    assert fails(env, "plugin", "list")
    assert fails(env, "migrate")
    safe = {**env, "BACKSTAY_SAFE_MODE": "1"}
    cli(safe, "migrate")
    assert "bomb" in cli(safe, "plugin", "list")
    with web_server(safe, tmp_path / "web.log") as port:
        client = Client(port)
        assert "Safe mode." in client.get("/sign-in").text
        client.sign_in("boss", PASSWORD)
        page = client.get("/me/").text
        assert "Safe mode." in page
        assert "--safe-mode" in page
        assert "runs in safe mode" in client.get("/bomb/").text
        assert "safe mode" in client.get("/admin/processes").text
        cli(safe, "plugin", "disable", "bomb")
        assert client.get("/me/").status == 200
    assert "disabled" in cli(env, "plugin", "list")
