"""Creating and posting four-line entries over HTTP, eight clients at once, into large books.

Each request is ``POST /api/v1/c/.../ledger/entries/actions/post`` with a key of its own and is one
durable transaction. Afterwards nothing may be missing: every answer is an entry, no number has a
gap, and the balances equal the lines.
"""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Iterator
from typing import Final

from sqlalchemy import text

from backstay.access.tokens import CreateToken, create_token, pepper_from
from backstay.db.context import operator_context
from backstay.testing.web import make_user
from backstay.web.app import build
from backstay_ledger.services.checks import CHECKS
from benchmarks.rig import load
from benchmarks.rig.bench import COMPANY, Bench, Installation, Size
from benchmarks.rig.books import CODES, JOURNAL
from benchmarks.rig.people import people
from benchmarks.rig.processor import database_seconds
from benchmarks.rig.result import Result
from benchmarks.rig.server import EMPTY, HOST, web_server
from benchmarks.rig.statements import recorded, replay

CLIENTS: Final = 8
EACH: Final = 300
SECONDS: Final = 60.0
PATH: Final = f"/api/v1/c/{COMPANY}/ledger/entries/actions/post"
_PROVEN: Final = ("balanced", "numbers", "drift", "lines_agree", "in_period")
_CREATED: Final = "201"


def measure(bench: Bench) -> Iterator[Result]:
    """Post into books of a million lines, then look whether everything is there."""
    for kind in bench.databases:
        made = bench.books(kind, Size(min(bench.lines, 1_000_000) // 4, 4))
        token = _token(made)
        with web_server(made.home, application=EMPTY) as server:
            requests = [[one.get("/")] for one in people(made, CLIENTS)]
            empty = load.run(server.address.port, requests, 4.0)
        with web_server(made.home) as server:
            port = server.address.port
            load.run(port, _clients(token, 10, "warm"), SECONDS)
            used, served = server.seconds(), database_seconds(made.database)
            done = load.run(port, _clients(token, EACH, "run"), SECONDS)
            used, served = server.seconds() - used, database_seconds(made.database) - served
        queries, alone = _statements(made, token)
        posted, findings = _proof(made)
        bench.discard(made)
        yield Result(
            "api_posting.entries",
            done.count / done.seconds,
            "1/s",
            kind,
            {
                "limit: an empty Flask page under the same server, 1/s": empty.count
                / empty.seconds,
                "its reading statements by the driver alone, ms": alone,
                "server processor ms per request": used / done.count * 1000,
                "database processor ms per request": served / done.count * 1000,
                "statements per request": queries,
                "failures": done.count - done.statuses.get(_CREATED, 0) + done.broken,
                "answers without an entry": done.statuses.get(_CREATED, 0) + 10 * CLIENTS - posted,
                "gaps, or balances that differ from lines": findings,
                "median ms": done.quantile(0.5),
                "99 of 100 within ms": done.quantile(0.99),
                "clients": CLIENTS,
            },
        )


def _token(made: Installation) -> str:
    user_id = make_user(made.database, "program", list(made.suite.permissions))
    with made.database.write(operator_context("cli:benchmark"), made.suite) as session:
        new = create_token(
            session,
            CreateToken(name="benchmark", user_id=user_id),
            pepper=pepper_from(made.home.secret_key()),
        )
        return new.secret


def _clients(token: str, each: int, run: str) -> list[list[str]]:
    chance = random.Random(run)  # noqa: S311 - the same entries in every run
    return [
        [_request(token, f"{run}-{client}-{number}", _body(chance)) for number in range(each)]
        for client in range(CLIENTS)
    ]


def _body(chance: random.Random) -> str:
    debits = [chance.randint(1, 99_999) for _line in range(3)]
    lines = [
        {"account": chance.choice(CODES), "debit": f"{cents // 100}.{cents % 100:02d}"}
        for cents in debits
    ]
    rest = sum(debits)
    lines.append({"account": chance.choice(CODES), "credit": f"{rest // 100}.{rest % 100:02d}"})
    return json.dumps(
        {
            "journal": JOURNAL,
            "date": f"2026-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}",
            "memo": "Posted over HTTP",
            "reference": f"H-{chance.randint(1, 10**6)}",
            "lines": lines,
        }
    )


def _request(token: str, key: str, body: str) -> str:
    return "\r\n".join(
        [
            f"POST {PATH} HTTP/1.1",
            f"Host: {HOST}",
            f"Authorization: Bearer {token}",
            f"Idempotency-Key: {key}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "",
            body,
        ]
    )


def _statements(made: Installation, token: str) -> tuple[int, float]:
    """How many statements one request sends, and what the driver needs for the reading ones."""
    app = build(made.suite, made.database, secret_key=made.home.secret_key())
    client = app.test_client()
    chance = random.Random(0)  # noqa: S311
    for _one in range(2):
        with recorded(made.database) as statements:
            answer = client.post(
                PATH,
                data=_body(chance),
                headers={
                    "Authorization": f"Bearer {token}",
                    "Idempotency-Key": secrets.token_hex(8),
                    "Content-Type": "application/json",
                },
            )
        if str(answer.status_code) != _CREATED:
            raise RuntimeError(answer.text)
    count = statements.count
    statements.sent = [one for one in statements.sent if one[0].lstrip().startswith("SELECT")]
    return count, replay(made.database, statements) * 1000


def _proof(made: Installation) -> tuple[int, int]:
    """How many entries came over HTTP, and how many invariants of the books are broken."""
    broken = 0
    with made.database.engine.connect() as connection:
        company = made.context.company
        if company is None:
            raise AssertionError
        if not made.database.is_sqlite:
            connection.exec_driver_sql("SET statement_timeout = 0")
        for check in CHECKS:
            if check.name in _PROVEN:
                broken += len(connection.execute(text(check.query), {"company": company.id}).all())
        posted = connection.scalar(
            text(
                "SELECT count(*) FROM ledger_entry"
                " WHERE memo = 'Posted over HTTP' AND state = 'posted'"
            )
        )
    # Two were posted in this process, to count their statements.
    return int(posted or 0) - 2, broken
