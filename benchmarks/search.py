"""How soon the search box of a list and the palette have their first results, by kinds of words.

A word may be rare, in every record, in none, or in many that all come late in the list's order;
each asks for another way to the matches. The limit is the same page of the list without a search.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Final

from sqlalchemy import event
from sqlalchemy.orm import Session

from backstay.lists.filters import read_state
from backstay.lists.query import ResourceQuery
from backstay.resources.serialize import Reader
from backstay.search.rebuild import check_index, rebuild_index
from benchmarks.rig.bench import Bench, Installation, Size
from benchmarks.rig.result import Result

TIMES: Final = 7
WORDS: Final = {
    "one record": "GEN-2025-000777",
    "a number's part": "000777",
    "a word in one of six": "rent",
    "every record": "GEN",
    "a word's beginning": "ac",
    "two words together": "rent nordwind",
    "half typed number": "gen-2025-00",
    "one sign": "1",
    "late in the order": "2024",
    "no record": "zebra",
    "no record, common words": "rent zebra",
}


def measure(bench: Bench) -> Iterator[Result]:
    """Fill books by COPY, make the index, search."""
    for kind in bench.databases:
        made = bench.books(kind, Size(bench.lines, 2))
        began = time.perf_counter()
        rebuild_index(made.database, made.suite)
        took = time.perf_counter() - began
        yield Result(
            "search.rebuild",
            bench.lines / took,
            "1/s",
            kind,
            {
                "records": bench.lines,
                "tables that differ afterwards": sum(
                    not one.equal for one in check_index(made.database, made.suite)
                ),
            },
        )
        yield from _lists(made, kind, bench.lines)
        bench.discard(made)


def _lists(made: Installation, kind: str, records: int) -> Iterator[Result]:
    query = ResourceQuery(made.suite.resources["ledger.entry"])
    reader = Reader.of(made.context, made.suite)

    def page(arguments: dict[str, str]) -> Callable[[Session], int]:
        state = read_state(query.resource, arguments, reader)
        return lambda session: len(query.page(session, state, reader, arguments).rows)

    limit, _rows, _queries = _median(made, page({}))
    for name, words in WORDS.items():
        for narrowed, more in (("", {}), (", drafts", {"state": "draft"})):
            took, rows, queries = _median(made, page({"q": words, **more}))
            yield Result(
                f"search.list: {name}{narrowed}",
                took,
                "ms",
                kind,
                {
                    "words": words,
                    "records": records,
                    "rows shown": rows,
                    "queries": queries,
                    "limit: the page without a search, ms": limit,
                },
            )


def _median(made: Installation, work: Callable[[Session], int]) -> tuple[float, int, int]:
    """Milliseconds in the median, the answer, and the queries of the last time."""
    times: list[float] = []
    answer = 0
    queries: list[str] = []

    def count(*given: object) -> None:
        queries.append(str(given[2]))

    context = made.context
    event.listen(made.database.engine, "before_cursor_execute", count)
    for _time in range(TIMES):
        queries.clear()
        began = time.perf_counter()
        with made.database.read(context, made.suite) as session:
            answer = work(session)
        times.append((time.perf_counter() - began) * 1000)
    event.remove(made.database.engine, "before_cursor_execute", count)
    return statistics.median(times), answer, len(queries)
