"""Rules about the running plugin: alone, beside its neighbours, and with many records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event

from backstay.kernel.discovery import discover
from backstay.kernel.load import load
from backstay.testing.attack.arena import list_rule
from backstay.testing.attack.making import CannotMake
from backstay.testing.conformance.on_screens import html_pages
from backstay.testing.conformance.rules import Bench, NotApplicable

if TYPE_CHECKING:
    from backstay.resources.declare import Resource
    from backstay.testing.attack.arena import Arena
    from backstay.testing.web import Browser

MOST_STATEMENTS: Final = 20
"""Of one list page, with those that every page costs: session, rights, navigation."""
_MORE_RECORDS: Final = 18
_PAGING: Final = 2
"""Statements more that a list may need as soon as its records fill more than a page."""
_OK: Final = 200


def neighbours(bench: Bench, engine: str) -> Iterator[str]:
    """It runs with nothing but what it requires, and beside all that is installed."""
    with bench.arena(engine) as arena:
        browser = arena.browser()
        for resource in bench.ground.resources:
            path = _list_path(arena, resource)
            answered = browser.get(path)
            if _has_list(arena, resource) and answered.status_code != _OK:
                yield f"alone, its list {path} answers {answered.status_code}"
    found = discover()
    if bench.plugin not in found:
        return
    alone = load(bench.ground.suite.running)
    together = load(found)
    for how, suite in (("alone", alone), ("beside all that is installed", together)):
        for name, why in suite.failed.items():
            if name.partition(":")[0] == bench.plugin:
                yield f"{how}, {name.replace(':', ' with its bridge to ')} does not start: {why}"


def queries(bench: Bench, engine: str) -> Iterator[str]:
    """A page costs as many statements with twenty records as with two, and a list few."""
    with bench.arena(engine) as arena:
        browser = arena.browser()
        lists = {
            _list_path(arena, resource): resource
            for resource in bench.ground.resources
            if _has_list(arena, resource)
        }
        for path in lists:
            answered = browser.get(path).status_code
            if answered != _OK:
                yield f"{path} answers {answered}, so that nothing can be counted"
        few = {path: _statements(arena, browser, path) for path in html_pages(arena)}
        filled = False
        for resource in bench.ground.resources:
            try:
                with arena.writing() as session:
                    for _record in range(_MORE_RECORDS):
                        arena.maker.record(session, resource.name)
                filled = True
            except CannotMake:
                continue  # told by the rule “samples”
        if not filled:
            raise NotApplicable("it has no pages that samples can fill")
        for path, sent in few.items():
            if path in lists and len(sent) > MOST_STATEMENTS:
                yield f"{path} costs {len(sent)} statements; at most {MOST_STATEMENTS} are allowed"
            many = _statements(arena, browser, path)
            if len(many) > len(sent) + _PAGING:
                yield (
                    f"{path} costs {len(sent)} statements, and {len(many)} with {_MORE_RECORDS}"
                    f" records more; the last one: {' '.join(many[-1].split())[:120]}"
                )


def _list_path(arena: Arena, resource: Resource) -> str:
    return list_rule(resource).replace("<company>", arena.alpha.code)


def _has_list(arena: Arena, resource: Resource) -> bool:
    return any(
        route.rule == list_rule(resource) and route.method == "GET" for route in arena.routes()
    )


def _statements(arena: Arena, browser: Browser, path: str) -> list[str]:
    """What the second opening of a page sends to the database; the first fills what is kept."""
    browser.get(path)
    with counted(arena) as sent:
        browser.get(path)
    return sent


@contextmanager
def counted(arena: Arena) -> Iterator[list[str]]:
    """The statements that are sent within the block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    for engine in arena.database.engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in arena.database.engines:
            event.remove(engine, "before_cursor_execute", note)


__all__ = ["MOST_STATEMENTS", "neighbours", "queries"]
