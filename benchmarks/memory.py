"""What a web process holds after a thousand requests of many kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.rig import load
from benchmarks.rig.bench import Bench, Size
from benchmarks.rig.people import in_company, people
from benchmarks.rig.processor import memory_mib
from benchmarks.rig.result import Result
from benchmarks.rig.server import web_server

REQUESTS: Final = 1200
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
            statuses: dict[str, int] = {}
            sent = 0
            while sent < REQUESTS:
                for path in PATHS:
                    done = load.run(server.address.port, [[p.get(path)] for p in clients], 0.3)
                    sent += done.count
                    for status, count in done.statuses.items():
                        statuses[status] = statuses.get(status, 0) + count
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
