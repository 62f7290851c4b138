"""The command line of the administration, as scripts use it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from backstay.access.models import User
from backstay.access.passwords import verify_password
from backstay.cli import main
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.kernel.setup import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

PASSWORD = "correct horse battery staple"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a fresh database."""
    monkeypatch.setenv("BACKSTAY_HOME", str(tmp_path))
    monkeypatch.delenv("BACKSTAY_DATABASE", raising=False)
    database = Database(f"sqlite:///{tmp_path / 'backstay.db'}")
    migrate(database)
    database.dispose()
    return tmp_path


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line; answers exit status, standard output and standard error."""

    def command(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        status = 0
        try:
            main(list(arguments))
        except SystemExit as stop:
            status = int(stop.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def listed(run: Run, *arguments: str) -> Any:
    status, out, err = run(*arguments, "--json")
    assert status == 0, err
    return json.loads(out)


def test_a_user_is_created_with_the_password_from_standard_input(run: Run, home: Path) -> None:
    status, out, err = run(
        "user", "create", "Nora", "--role", "administrator", "--password-stdin",
        stdin=f"{PASSWORD}\n",
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert PASSWORD not in out
    database = Database(f"sqlite:///{home / 'backstay.db'}")
    with database.read(operator_context("cli:test")) as session:
        user = session.scalars(select(User).where(User.login == "nora")).one()
    database.dispose()
    assert verify_password(user.password_hash, PASSWORD)
    assert not user.must_change_password
    [shown] = listed(run, "user", "list")
    assert (shown["login"], shown["roles"]) == ("nora", ["administrator"])


def test_without_a_password_a_one_time_password_is_printed(run: Run) -> None:
    status, out, _err = run("user", "create", "nora")
    assert status == 0
    assert "One-time password: " in out
    assert listed(run, "user", "list")[0]["must_change_password"] is True


@pytest.mark.parametrize(
    ("arguments", "stdin", "field"),
    [
        (("user", "create", "x y", "--password-stdin"), PASSWORD, "login"),
        (("user", "create", "nora", "--password-stdin"), "short", "password"),
        (("user", "create", "nora", "--password-stdin"), "", "password"),
        (("user", "create", "nora", "--role", "nobody"), "", "roles"),
        (("user", "create", "nora", "--role", "auditor"), "", "valid_to"),
        (("user", "create", "nora", "--role", "auditor", "--company", "NONE"), "", "company"),
        (("user", "disable", "nobody"), "", "login"),
        (("role", "show", "nobody"), "", "role"),
        (("company", "create", "A B", "--name", "A", "--currency", "EUR"), "", "code"),
        (("company", "create", "A", "--name", "A", "--currency", "EURO"), "", "currency"),
        (
            ("company", "create", "A", "--name", "A", "--currency", "EUR",
             "--fiscal-year-start", "13"),
            "", "fiscal_year_start",
        ),
        (("plugin", "enable", "nothing"), "", "name"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field_on_standard_error(
    run: Run, arguments: tuple[str, ...], stdin: str, field: str
) -> None:
    status, out, err = run(*arguments, stdin=stdin)
    assert (status, out) == (1, "")
    assert f"{field}: " in err
    assert listed(run, "user", "list") == []
    assert listed(run, "company", "list") == []


def test_users_are_disabled_enabled_and_reset(run: Run) -> None:
    run("user", "create", "nora")
    assert run("user", "disable", "nora")[0] == 0
    assert listed(run, "user", "list")[0]["state"] == "disabled"
    assert run("user", "disable", "nora")[0] == 1
    assert run("user", "enable", "nora")[0] == 0
    status, out, _err = run("user", "reset-password", "nora", "--password-stdin", stdin=PASSWORD)
    assert status == 0
    assert PASSWORD not in out


def test_roles_are_granted_for_a_company_and_revoked(run: Run) -> None:
    run("user", "create", "nora")
    run("company", "create", "ACME", "--name", "Acme", "--currency", "EUR")
    given = run("user", "grant", "nora", "auditor", "--company", "ACME", "--valid-to", "2999-12-31")
    assert given[0] == 0, given
    [user] = listed(run, "user", "list")
    assert user["grants"][0]["company"] == "ACME"
    assert user["grants"][0]["valid_to"] == "2999-12-31"
    assert run("user", "revoke", "nora", "auditor")[0] == 1
    assert run("user", "revoke", "nora", "auditor", "--company", "ACME")[0] == 0
    assert listed(run, "user", "list")[0]["grants"] == []


def test_a_company_is_created_with_what_the_modules_ask(run: Run) -> None:
    assert run("plugin", "enable", "ledger")[0] == 0
    status, out, _err = run("company", "create", "--help")
    assert status == 0
    assert "--chart" in out
    made = run(
        "company", "create", "acme", "--name", "Acme", "--currency", "chf", "--chart", "nothing"
    )
    assert made[0] == 1
    assert "chart: " in made[2]
    assert listed(run, "company", "list") == []
    made = run("company", "create", "acme", "--name", "Acme", "--currency", "chf")
    assert made[0] == 0, made
    [company] = listed(run, "company", "list")
    assert (company["code"], company["currency"], company["minor_units"]) == ("ACME", "CHF", 2)


def test_roles_and_plugins_are_listed_in_words(run: Run) -> None:
    assert {role["code"] for role in listed(run, "role", "list")} >= {"administrator", "auditor"}
    status, out, _err = run("role", "show", "auditor")
    assert status == 0
    assert "read the audit trail [reads]" in out
    plugins = {plugin["name"]: plugin for plugin in listed(run, "plugin", "list")}
    assert plugins["ledger"]["state"] == "available"
    assert run("plugin", "enable", "ledger", "--dry-run")[0] == 0
    assert {p["name"]: p["state"] for p in listed(run, "plugin", "list")} == {
        name: plugin["state"] for name, plugin in plugins.items()
    }


def state_of_ledger(run: Run) -> str:
    listing = {plugin["name"]: plugin for plugin in listed(run, "plugin", "list")}
    return str(listing["ledger"]["state"])


def test_a_plugin_is_switched_on_and_off_with_a_reason(run: Run) -> None:
    assert run("--reason", "we need books", "plugin", "enable", "ledger")[0] == 0
    assert state_of_ledger(run) == "enabled"
    assert run("plugin", "enable", "ledger")[0] == 1
    assert run("plugin", "disable", "ledger")[0] == 0
    assert state_of_ledger(run) == "disabled"
    events = listed(run, "audit", "list", "--entity", "core_plugin")
    assert events[-1]["reason"] == "we need books"


def test_the_audit_trail_says_who_acted(run: Run) -> None:
    run("user", "create", "nora", "--role", "administrator")
    run("--as", "nora", "user", "create", "otto")
    events = listed(run, "audit", "list", "--actor", "nora")
    assert [event["label"] for event in events] == ["otto"]
    assert len(listed(run, "audit", "list", "--limit", "1")) == 1


def test_whoever_acts_as_a_user_has_no_more_than_their_permissions(run: Run) -> None:
    run("user", "create", "otto")
    for arguments in (
        ("user", "list"),
        ("user", "create", "paul"),
        ("role", "list"),
        ("session", "list"),
        ("company", "list"),
        ("plugin", "list"),
        ("plugin", "enable", "ledger"),
        ("audit", "list"),
    ):
        status, out, err = run("--as", "otto", *arguments)
        assert (status, out) == (1, ""), arguments
        assert "permission" in err, arguments
