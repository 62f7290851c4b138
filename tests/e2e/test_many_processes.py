"""Three web processes and two runners on one PostgreSQL: nothing lost, twice or torn, also killed.

Eight programs post through the API, each to another process with every call, while a journal is
imported by a job. In the middle one web process and one runner die without a word. Programs do what
programs should do then: they send the same call with the same key again, elsewhere.
"""

from __future__ import annotations

import csv
import http.client
import io
import json
import re
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from backstay.testing.postgres import create_database, drop_database
from tests.e2e.servers import Client, cli, environment, web_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("postgresql")

PASSWORD = "eleven-oars-in-a-row"
PROGRAMS = 8
EACH = 12
IMPORTED = 300
IMPORTS = "/c/ACME/core/imports"


@pytest.fixture
def env(postgres_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A set-up installation with a company and an accountant."""
    made = environment(tmp_path / "home", create_database(postgres_url, "many"))
    cli(made, "migrate")
    cli(made, "plugin", "enable", "ledger")
    cli(
        made,
        *("company", "create", "ACME", "--name", "Acme Ltd", "--currency", "EUR"),
        *("--chart", "small"),
    )
    cli(
        made,
        *("user", "create", "clerk", "--role", "accountant", "--company", "ACME"),
        "--password-stdin",
        stdin=PASSWORD,
    )
    yield made
    drop_database(postgres_url, "many")


@contextmanager
def runner(env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A job runner."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "backstay", "runner"], env=env, stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


class Program(threading.Thread):
    """Creates and posts entries, until it has an answer for each."""

    def __init__(self, number: int, token: str, ports: list[int]) -> None:
        super().__init__()
        self.number = number
        self.token = token
        self.ports = ports
        self.numbers: list[str] = []
        self.repeated = 0
        self.refused: list[str] = []

    def run(self) -> None:
        for count in range(EACH):
            self._post(f"program-{self.number}-{count}", count)

    def _post(self, key: str, count: int) -> None:
        body = {
            "journal": "GEN",
            "date": "2026-03-05",
            "memo": key,
            "reference": key,
            "lines": [
                {"account": "1000", "debit": "12.50"},
                {"account": "4000", "credit": "12.50"},
            ],
        }
        for attempt in range(60):
            port = self.ports[(self.number + count + attempt) % len(self.ports)]
            try:
                status, answer = self._send(port, key, body)
            except (OSError, http.client.HTTPException):
                status, answer = 503, {}
            if status == 201:
                self.numbers.append(answer["number"])
                return
            if status != 503:
                self.refused.append(f"{status}: {answer}")
                return
            self.repeated += 1
            time.sleep(0.2)
        self.refused.append(f"{key} was never answered")

    def _send(self, port: int, key: str, body: dict[str, object]) -> tuple[int, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        try:
            connection.request(
                "POST", "/api/v1/c/ACME/ledger/entries/actions/post", json.dumps(body), headers
            )
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"{}")
        finally:
            connection.close()


def journal() -> bytes:
    """A journal in which each entry is of another amount."""
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(["entry", "date", "memo", "source", "reference", "account", "debit", "credit"])
    for number in range(1, IMPORTED + 1):
        shared = [f"JE{number}", "2026-02-10", "Cash sale", "till", f"T-{number}"]
        lines.writerow([*shared, "1000", f"{number}.00", "0.00"])
        lines.writerow([*shared, "4000", "0.00", f"{number}.00"])
    return out.getvalue().encode()


def upload(client: Client) -> str:
    """Upload the journal; returns the address of the import."""
    answer = client.submit(
        f"{IMPORTS}/new/ledger.journal", {}, files={"file": ("journal.csv", journal())}
    )
    assert answer.status == 303, answer.text
    return answer.headers["Location"]


def wait_for(client: Client, address: str, text: str) -> None:
    """Wait until the page says it: the lease of a killed runner has to run out first."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        shown = client.get(address).text
        if text in shown:
            return
        assert "failed" not in re.sub("<[^>]+>", " ", shown).casefold(), shown
        time.sleep(0.3)
    message = f"“{text}” did not appear on {address}"
    raise AssertionError(message)


def test_nothing_is_lost_or_done_twice_when_processes_die(
    env: dict[str, str], tmp_path: Path
) -> None:
    token = json.loads(cli(env, "token", "create", "clerk", "programs", "--json"))["token"]
    with ExitStack() as stack:
        web = [
            stack.enter_context(web_process(env, tmp_path / f"web{number}.log"))
            for number in range(3)
        ]
        runners = [
            stack.enter_context(runner(env, tmp_path / f"runner{number}.log"))
            for number in range(2)
        ]
        clerk = Client(web[0].port)
        clerk.sign_in("clerk", PASSWORD)
        address = upload(clerk)
        wait_for(clerk, address, f"Import {IMPORTED} ")
        programs = [Program(number, token, [one.port for one in web]) for number in range(PROGRAMS)]
        for program in programs:
            program.start()
        assert clerk.submit(address, {}, to=f"{address}/confirm").status == 303
        web[2].kill()
        runners[0].kill()
        for program in programs:
            program.join()
        wait_for(clerk, address, f"{IMPORTED} new")
    assert [program.refused for program in programs] == [[] for _ in programs]
    assert sum(program.repeated for program in programs) > 0, "nobody met the dead process"
    given = sorted(number for program in programs for number in program.numbers)
    assert len(given) == len(set(given)) == PROGRAMS * EACH
    assert json.loads(cli(env, "ledger", "check", "--company", "ACME", "--json")) == []
    rows = csv.DictReader(io.StringIO(cli(env, "ledger", "trial-balance", "--company", "ACME")))
    expected = PROGRAMS * EACH * 1250 + 100 * IMPORTED * (IMPORTED + 1) // 2
    cash = next(row["debit"] for row in rows if row["account"] == "1000")
    assert cash == f"{expected // 100}.{expected % 100:02d}"
