"""What the ledger tells others: many entries an event, and nothing where nobody listens."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, select

from backstay.contracts.ledger import EntriesPosted, EntriesReversed
from backstay.jobs.events import Subscription
from backstay.jobs.execute import execute_next
from backstay.jobs.models import Job
from backstay.kernel.suite import Part, Suite
from backstay_ledger.services.posting import post_many
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry

if TYPE_CHECKING:
    import pytest

    from .conftest import Books


def followed(suite: Suite, seen: list[Any]) -> Suite:
    """The suite with a plugin that writes down what it is told."""
    subscriptions = tuple(
        Subscription(kind, f"follower.{name}", name, lambda _run, event: seen.append(event))
        for name, kind in (("post", EntriesPosted), ("reverse", EntriesReversed))
    )
    more = Part(plugin="follower", subscriptions=subscriptions)
    return replace(suite, parts=(*suite.parts, more), jobs={}, subscribers={})


def post_batch(books: Books, count: int) -> list[int]:
    with books.write() as session:
        postings = [books.sale(key=f"k{number}") for number in range(count)]
        return [one.id for one in post_many(session, postings)]


def run_all(books: Books) -> None:
    while execute_next(books.database, lambda: books.suite):
        pass


def test_a_batch_of_entries_is_one_event(books: Books) -> None:
    seen: list[Any] = []
    books = replace(books, suite=followed(books.suite, seen))
    ids = post_batch(books, 30)
    run_all(books)
    assert seen == [EntriesPosted(tuple(ids))]
    post_batch(books, 30)
    run_all(books)
    assert len(seen) == 1, "what was posted before is not posted again"


def test_a_reversal_tells_both_entries(books: Books) -> None:
    seen: list[Any] = []
    books = replace(books, suite=followed(books.suite, seen))
    (entry_id,) = post_batch(books, 1)
    with books.write() as session:
        command = ReverseEntry(id=entry_id, on=date(2026, 3, 20), reason="wrong")
        reversal = reverse_entry(session, command)
    run_all(books)
    assert EntriesReversed((entry_id,), (reversal.id,)) in seen
    assert EntriesPosted((reversal.id,)) in seen


def test_a_large_batch_is_several_events(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    books = replace(books, suite=followed(books.suite, seen))
    monkeypatch.setattr("backstay_ledger.services.announcing._MOST", 10)
    ids = post_batch(books, 25)
    run_all(books)
    assert sorted(len(one.entry_ids) for one in seen) == [5, 10, 10]
    assert {one for event in seen for one in event.entry_ids} == set(ids)


def test_where_nobody_listens_posting_costs_no_statement_more(books: Books) -> None:
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(books.database.engine, "before_cursor_execute", note)
    post_batch(books, 30)
    event.remove(books.database.engine, "before_cursor_execute", note)
    assert sent
    assert not [one for one in sent if "core_job" in one]
    with books.read() as session:
        assert session.scalars(select(Job)).all() == []
