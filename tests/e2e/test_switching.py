"""A plugin is switched off and on while three processes serve people; nobody sees an error."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from backstay.testing.postgres import create_database, drop_database
from tests.e2e.servers import Client, cli, environment, web_server
from tests.e2e.visitors import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "seven-sheep-on-a-hill"
LEDGER = "/c/ACME/ledger/accounts"
CORE = ("/c/ACME/", "/me/sessions", "/me/password")
SWITCHES = 3


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgresql"))])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A set-up installation with a company and an accountant; yields the environment."""
    url = ""
    name = "switching"
    if request.param == "postgres":
        server: str = request.getfixturevalue("postgres_url")
        url = create_database(server, name)
    env = environment(tmp_path / "home", url)
    cli(env, "migrate")
    cli(env, "plugin", "enable", "ledger")
    cli(env, "company", "create", "ACME", "--name", "Acme Ltd", "--currency", "EUR")
    cli(
        env,
        *("user", "create", "clerk", "--role", "accountant", "--company", "ACME"),
        "--password-stdin",
        stdin=PASSWORD,
    )
    yield env
    if url:
        drop_database(server, name)


def test_every_process_follows_and_no_request_fails(
    installation: dict[str, str], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        clients = []
        for number in range(3):
            port = stack.enter_context(web_server(installation, tmp_path / f"web{number}.log"))
            client = Client(port)
            client.sign_in("clerk", PASSWORD)
            clients.append(client)
        with reading(clients, (*CORE, LEDGER)) as seen:
            for _round in range(SWITCHES):
                cli(installation, "plugin", "disable", "ledger")
                for client in clients:
                    # The very next request of every process is answered by the new generation.
                    assert "switched off" in client.get(LEDGER).text
                cli(installation, "plugin", "enable", "ledger")
                for client in clients:
                    assert client.get(LEDGER).status == 200
    unexpected = {
        key: count
        for key, count in seen.items()
        if key[1] != 200 and not (key[0] == LEDGER and key[1] == "off")
    }
    assert not unexpected, unexpected
    assert seen[LEDGER, "off"] > 0
    assert seen["/c/ACME/", 200] > SWITCHES * len(clients)
