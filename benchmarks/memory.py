"""What a web process holds after a thousand requests of many kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from benchmarks.rig import load
from benchmarks.rig.bench import Bench, Size
from benchmarks.rig.people import in_company, people
from benchmarks.rig.processor import memory_mib
from benchmarks.rig.result import Result
from benchmarks.rig.server import web_server

REQUESTS: Final = 1000
SECONDS: Final = 10.0
PATHS: Final = (
    in_company(""),
    in_company("ledger/entries"),
    in_company("ledger/entries/new"),
    in_company("ledger/accounts"),
    in_company("ledger/trial-balance"),
    in_company("core/audit"),
    "/me/",
)


def measure(bench: Bench) -> Iterator[Result]:
    """Open pages, then look at the largest process."""
    for kind in bench.databases:
        made = bench.books(kind, Size(5_000, 4))
        clients = people(made, 4)
        with web_server(made.home) as server:
            before = max(memory_mib(pid)[0] for pid in server.workers)
            visits = [[one.get(path) for path in PATHS] for one in clients]
            sent, statuses = 0, Counter[str]()
            while sent < REQUESTS:
                done = load.run(server.address.port, visits, SECONDS)
                sent += done.count
                statuses.update(done.statuses)
            sizes = [memory_mib(pid) for pid in server.workers]
        bench.discard(made)
        yield Result(
            "memory.worker",
            max(rss for rss, _pss in sizes),
            "MiB",
            kind,
            {
                "kind": "resident (RSS) of the largest web process",
                "proportional (PSS) of the largest, MiB": max(pss for _rss, pss in sizes),
                "before the first request, MiB": before,
                "requests": sent,
                "answers": ", ".join(f"{status}: {n}" for status, n in sorted(statuses.items())),
            },
        )
