"""How long a second start takes until the first page is answered.

The first start, which migrates and makes the demo company, is measured beside it. The limit is the
same server with an empty Flask page.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Iterator
from typing import Final

from backstay.home import Home
from backstay.serve.processes import free_address
from benchmarks.rig.bench import Bench
from benchmarks.rig.processor import family, seconds_of
from benchmarks.rig.result import POSTGRES, Result
from benchmarks.rig.server import EMPTY, HOST, answers, environment, python, web_server

STARTS: Final = 5
_FIRST_PORT: Final = 18_100


def measure(bench: Bench) -> Iterator[Result]:
    """Start a new installation, then the same one again and again."""
    limits = []
    for _one in range(STARTS):
        began = time.perf_counter()
        with web_server(Home(bench.folder), application=EMPTY):
            limits.append(time.perf_counter() - began)
    for kind in bench.databases:
        made = bench.empty(kind)
        made.database.dispose()
        first, _used = _start(made.home)
        starts = [_start(made.home) for _again in range(STARTS)]
        later = [seconds for seconds, _used in starts]
        bench.discard(made)
        yield Result(
            "start.first_answer",
            statistics.median(later),
            "s",
            kind,
            {
                "limit: the same server with an empty Flask page, s": statistics.median(limits),
                "processor time of all processes, s": statistics.median(
                    used for _seconds, used in starts
                ),
                "slowest, s": max(later),
                "first start of all on this data folder, s": first,
                "starts": STARTS,
                "server": "PostgreSQL runs already" if kind == POSTGRES else "",
            },
        )


def _start(home: Home) -> tuple[float, float]:
    """Seconds from the command to the first answer, and processor seconds used until then."""
    address = free_address(HOST, _FIRST_PORT)
    began = time.perf_counter()
    process = subprocess.Popen(
        python("-m", "backstay", "start", "--no-demo", "--port", str(address.port)),
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if not answers(address, process):
            message = "backstay start did not answer"
            raise RuntimeError(message)
        return time.perf_counter() - began, seconds_of(family(process.pid))
    finally:
        process.terminate()
        process.wait(40)
