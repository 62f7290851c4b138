"""Many at once: no gap in the numbers, no half-closed period, no line that slips in late."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from backstay.db.database import Database
from backstay.errors import BackstayError, Conflict, Unavailable
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.drafts import DraftLine, PostDraft, SaveDraft, post_draft, save_draft
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, period_on
from backstay_ledger.services.posting import post, preview
from backstay_ledger.services.rebuild import rebuild_balances

PARALLEL = 50


def at_once(tasks: Any) -> Any:
    """Run tasks in as many threads, started together; returns results and errors."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Any) -> Any:
        barrier.wait()
        try:
            return task()
        except (BackstayError, psycopg.Error) as error:
            return error

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def sound(books: Any) -> Any:
    with books.read() as session:
        return check_books(session) == []


def post_patiently(books: Any, posting: Any) -> Any:
    """SQLite may be busy for longer than it waits: then the transaction is tried again."""
    while True:
        try:
            return books.post(posting)
        except Unavailable:
            continue


@pytest.mark.needs("postgresql")
def test_fifty_parallel_posts_leave_no_gap(books: Any) -> None:
    if books.database.is_sqlite:
        tasks = 10  # one writer at a time: they queue
    else:
        tasks = PARALLEL
        wide = Database(books.database.url)
        wide.engine.pool._max_overflow = PARALLEL
    results = at_once(
        [
            lambda number=number: post_patiently(books, books.sale(key=f"k{number}"))
            for number in range(tasks)
        ]
    )
    assert sorted(result.number for result in results) == [
        f"GEN-2026-{number:06d}" for number in range(1, tasks + 1)
    ]
    assert sound(books)


def test_scenario_8_two_sessions_get_0002_and_0003_and_reading_the_form_locks_nothing(
    books: Any,
) -> None:
    assert books.post(books.sale()).number == "GEN-2026-000001"
    with books.read() as form:
        assert len(preview(form, books.sale())) == 2
        # The form stays open while both post.
        results = at_once([lambda: post_patiently(books, books.sale()) for _session in range(2)])
    assert sorted(one.number for one in results) == ["GEN-2026-000002", "GEN-2026-000003"]
    assert sound(books)


def test_balances_are_rebuilt_while_people_post(books: Any) -> None:
    books.post(books.sale())

    def rebuild() -> int:
        while True:
            try:
                with books.write() as session:
                    return rebuild_balances(session)
            except Unavailable:
                continue

    def sell() -> Any:
        return post_patiently(books, books.sale())

    results = at_once([sell, sell, rebuild, sell, rebuild, sell, sell, rebuild])
    assert [one for one in results if isinstance(one, Exception)] == []
    # Whatever it came between, it found the balances right.
    assert [results[place] for place in (2, 4, 7)] == [0, 0, 0]
    assert sound(books)


def test_the_same_key_at_once_is_one_entry(books: Any) -> None:
    results = at_once([lambda: post_patiently(books, books.sale(key="same")) for _twin in range(8)])
    assert {result.number for result in results} == {"GEN-2026-000001"}
    assert sum(not result.existed for result in results) == 1
    assert sound(books)


def test_batches_over_the_same_accounts_do_not_deadlock(books: Any) -> Any:
    def batch(turn: Any) -> Any:
        codes = ("1000", "1100", "2000", "4000", "5000")
        postings = [
            books.posting(
                (codes[(turn + number) % 5], "1"),
                (codes[(turn * 2 + number + 1) % 5], "-1"),
                journal=("GEN", "SAL", "PUR")[(turn + number) % 3],
                date=date(2026, 1 + (turn + number) % 12, 1),
            )
            for number in range(30)
        ]
        if turn % 2:
            postings.reverse()
        return lambda: books.post_many(postings)

    results = at_once([batch(turn) for turn in range(8)])
    assert [result for result in results if isinstance(result, Exception)] == []
    assert books.value("SELECT count(*) FROM ledger_entry WHERE state = 'posted'") == 240
    assert sound(books)


def test_a_period_closes_before_or_after_a_post_never_between(books: Any) -> Any:
    for month in range(1, 7):
        with books.read() as session:
            period_id = period_on(session, date(2026, month, 1)).id

        def close(period_id: Any = period_id) -> Any:
            with books.write() as session:
                return close_period(session, ClosePeriod(id=period_id))

        def sell(month: Any = month) -> Any:
            return books.post(books.sale(date=date(2026, month, 9)))

        results = at_once([sell, sell, close, sell, sell])
        for result in results:
            assert not isinstance(result, Exception) or "is closed" in str(result)
        assert not isinstance(results[2], Exception)
    assert sound(books)


def test_a_draft_is_posted_once(books: Any) -> Any:
    with books.write() as session:
        draft = save_draft(
            session,
            SaveDraft(
                journal="GEN",
                date=date(2026, 3, 1),
                lines=tuple(
                    DraftLine(account=line.account, debit=debit, credit=credit)
                    for line, debit, credit in (
                        (books.sale().lines[0], books.sale().lines[0].amount, None),
                        (books.sale().lines[1], None, books.sale().lines[0].amount),
                    )
                ),
            ),
        )

    def post_it() -> Any:
        with books.write() as session:
            return post_draft(session, PostDraft(id=draft.id))

    results = at_once([post_it] * 4)
    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert all(isinstance(one, Conflict) for one in results if isinstance(one, Exception))
    assert sound(books)


LATE_CHANGES = {
    "a line added": (
        "INSERT INTO ledger_line (entry_id, line_no, company_id, account_id, amount, minor_units,"
        " text) SELECT entry_id, 3, company_id, account_id, 10000, 2, '' FROM ledger_line"
        " WHERE line_no = 1"
    ),
    "a line changed": "UPDATE ledger_line SET amount = 10000 WHERE line_no = 1",
    "a line deleted": "DELETE FROM ledger_line WHERE line_no = 1",
}


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("what", LATE_CHANGES)
def test_a_change_of_lines_does_not_slip_past_a_post_that_is_under_way(
    books: Any, what: Any
) -> None:
    """The change waits for the post and is refused, or the post sees the change and is refused."""
    if books.database.is_sqlite:
        return  # one writer at a time
    with books.write() as session:
        lines = (
            DraftLine(account="1100", debit=books.sale().lines[0].amount),
            DraftLine(account="4000", credit=books.sale().lines[0].amount),
        )
        draft = save_draft(session, SaveDraft(journal="GEN", date=date(2026, 3, 1), lines=lines))
    url = make_url(books.database.url).set(drivername="postgresql")
    refused = []

    def change() -> None:
        with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
            connection.execute("SELECT set_config('backstay.actor', 'intruder', false)")
            try:
                connection.execute(LATE_CHANGES[what])
                connection.commit()
            except psycopg.Error as error:
                refused.append(str(error))

    thread = threading.Thread(target=change)
    with books.write() as session:
        post_draft(session, PostDraft(id=draft.id))
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), refused  # it waits for the lock of the entry
    thread.join()
    assert "reverse it" in refused[0]
    assert sound(books)


def test_posting_goes_on_after_a_refusal(books: Any) -> None:
    with pytest.raises(BackstayError):
        books.post(books.posting(("1000", "1"), ("4000", "-2")))
    with books.write() as session:
        assert post(session, books.sale()).number == "GEN-2026-000001"
