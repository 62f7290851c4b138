"""``backstay token ...`` as scripts use it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from backstay.cli import main
from backstay.db.database import Database
from backstay.home import Home
from backstay.kernel.setup import migrate
from backstay.kernel.state import load_in_force
from backstay.testing.api import ApiClient
from backstay.testing.web import make_user
from backstay.web.app import build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A fresh data folder with a user who may look at users."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("BACKSTAY_HOME", str(folder))
    monkeypatch.delenv("BACKSTAY_DATABASE", raising=False)
    home = Home.from_environment(None)
    database = Database(home.database_url)
    migrate(database)
    make_user(database, "ada", ["core.user.view", "core.role.view"])
    database.dispose()
    return home


@pytest.fixture
def run(home: Home, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line there."""

    def command(*arguments: str) -> tuple[int, str, str]:
        status = 0
        try:
            main(list(arguments))
        except SystemExit as stop:
            status = int(stop.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def status_of(home: Home, token: str, path: str = "core/users", ip: str = "127.0.0.1") -> int:
    """How a server over the same data folder answers the token."""
    database = Database(home.database_url)
    try:
        app = build(load_in_force(database), database, secret_key=home.secret_key())
        answered = ApiClient(app, token).get(path, environ_base={"REMOTE_ADDR": ip})
        return answered.status_code
    finally:
        database.dispose()


def test_a_token_is_made_used_listed_and_revoked(run: Run, home: Home) -> None:
    status, out, err = run("token", "create", "ada", "Nightly import", "--days", "30")
    assert status == 0, err
    token = out.strip()
    assert re.fullmatch(r"bst_[a-z0-9]{8}_[\w-]{43}", token)  # nothing else, for $(...) in scripts
    assert "not shown again" in err
    assert token[:12] in err
    assert token not in err
    assert status_of(home, token) == 200

    status, out, _err = run("token", "list", "--json")
    rows = json.loads(out)
    assert status == 0
    assert [(row["name"], row["owner"], row["state"]) for row in rows] == [
        ("Nightly import", "ada", "active")
    ]
    assert token[13:] not in out
    assert "Nightly import" in run("token", "list", "--user", "ada")[1]

    assert run("token", "revoke", token[:12])[0] == 0
    assert status_of(home, token) == 401
    status, _out, err = run("token", "revoke", token[:12])
    assert status != 0
    assert "revoked already" in err


def test_a_token_is_narrowed(run: Run, home: Home) -> None:
    status, out, err = run(
        "token", "create", "ada", "Roles", "--json",
        "--permission", "core.role.view", "--network", "192.0.2.0/24",
    )  # fmt: skip
    assert status == 0, err
    token = json.loads(out)["token"]
    assert status_of(home, token) == 403
    assert status_of(home, token, "core/roles") == 403
    assert status_of(home, token, "core/roles", "192.0.2.9") == 200
    assert status_of(home, token, "core/users", "192.0.2.9") == 403


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "nobody", "x"), "nobody"),
        (("create", "ada", "x", "--days", "1000"), "366"),
        (("create", "ada", "x", "--permission", "core.user.create"), "core.user.create"),
        (("create", "ada", "x", "--company", "NONE"), "NONE"),
        (("create", "ada", "x", "--network", "everywhere"), "everywhere"),
        (("create", "ada", " "), "name"),
        (("list", "--user", "nobody"), "nobody"),
        (("revoke", "bst_aaaaaaaa"), "bst_aaaaaaaa"),
    ],
)
def test_what_can_not_be_is_refused_with_its_reason(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    status, out, err = run("token", *arguments)
    assert status != 0
    assert said in err
    assert "Traceback" not in err
    assert "bst_" not in out
    assert json.loads(run("token", "list", "--json")[1]) == []
