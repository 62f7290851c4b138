"""Whole pages a second: a filtered, sorted list of 50 out of a million entries, first and deep.

Two web processes, four browsers on kept-alive connections, the load generator on the same machine.
The limits of the same run: an empty Flask page under the same server, and the page's own statements
sent by the driver alone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from backstay.testing.web import Browser
from backstay.web.app import build
from benchmarks.rig import load
from benchmarks.rig.bench import Bench, Installation, Size
from benchmarks.rig.people import Person, in_company, people
from benchmarks.rig.processor import database_seconds
from benchmarks.rig.result import Result
from benchmarks.rig.server import EMPTY, Server, web_server
from benchmarks.rig.statements import recorded, replay

ROWS: Final = 1_000_000
BROWSERS: Final = 4
SECONDS: Final = 6.0
DEEP: Final = 1000
LIST: Final = in_company(
    "ledger/entries", **{"state": "posted", "from": "2024-03-01", "sort": "date"}
)
_NEXT: Final = re.compile(r'href="([^"]*after=[^"]+)"')
_REPLAYS: Final = 50


def measure(bench: Bench) -> Iterator[Result]:
    """Load the list in each database; then open its first and its thousandth page."""
    for kind in bench.databases:
        made = bench.books(kind, Size(min(ROWS, bench.lines), 2))
        persons = people(made, BROWSERS)
        with web_server(made.home, application=EMPTY) as server:
            empty = load.run(server.address.port, [[p.get("/")] for p in persons], SECONDS / 2)
        with web_server(made.home) as server:
            deep = _deep(server, persons[0])
            paths = {"pages.list": LIST, "pages.list_deep": deep, "pages.account_card": _card(made)}
            for name, path in paths.items():
                yield _measured(name, path, kind, made, server, persons, empty)
        bench.discard(made)


def _measured(
    name: str,
    path: str,
    kind: str,
    made: Installation,
    server: Server,
    persons: list[Person],
    empty: load.Load,
) -> Result:
    port = server.address.port
    requests = [[person.get(path)] for person in persons]
    load.run(port, requests, 1.0)  # templates and statements are compiled once
    used, served = server.seconds(), database_seconds(made.database)
    done = load.run(port, requests, SECONDS)
    used, served = server.seconds() - used, database_seconds(made.database) - served
    queries, alone = _statements(made, path)
    return Result(
        name,
        done.count / done.seconds,
        "1/s",
        kind,
        {
            "limit: an empty Flask page under the same server, 1/s": empty.count / empty.seconds,
            "limit: its statements by the driver alone, ms": alone,
            "server processor ms per request": used / done.count * 1000,
            "database processor ms per request": served / done.count * 1000,
            "queries per request": queries,
            "answers other than 200": done.count - done.statuses.get("200", 0) + done.broken,
            "median ms": done.quantile(0.5),
            "99 of 100 within ms": done.quantile(0.99),
            "KiB per page as sent": done.bytes / done.count / 1024,
        },
    )


def _deep(server: Server, person: Person) -> str:
    """The address of the thousandth page, found by going there."""
    path = LIST
    for _page in range(DEEP - 1):
        found = [
            html.unescape(one) for one in _NEXT.findall(person.open(server.address.port, path))
        ]
        if not found:
            break
        path = found[-1]
    return path


def _card(made: Installation) -> str:
    """The card of an account with thousands of lines."""
    with made.database.engine.connect() as connection:
        account = connection.exec_driver_sql(
            "SELECT account_id FROM ledger_balance GROUP BY account_id ORDER BY sum(n) DESC"
        ).scalar()
    return in_company(f"ledger/accounts/{account}/card")


def _statements(made: Installation, path: str) -> tuple[int, float]:
    """How many statements a page sends, and the milliseconds that the driver needs for them."""
    app = build(made.suite, made.database, secret_key=made.home.secret_key())
    browser = Browser.for_user(app, made.database, "bench")
    browser.get(path)
    with recorded(made.database) as statements:
        answer = browser.get(path)
    if answer.status_code != 200:  # noqa: PLR2004
        message = f"{path}: {answer.status}"
        raise RuntimeError(message)
    took = [replay(made.database, statements) for _one in range(_REPLAYS)]
    return statements.count, min(took) * 1000


__all__ = ["measure"]
