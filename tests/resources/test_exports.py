"""A long list is written by a job into a file that its person alone can fetch, for some days."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from backstay.clock import now
from backstay.files.models import Blob, PrivateFile
from backstay.files.store import FileStore
from backstay.files.tidy import prune_files
from backstay.jobs.models import Job, JobState
from backstay.lists import take_away
from backstay.lists.models import ExportRun
from backstay.testing.web import Browser

from .exporting import LIST, ask, events, sheets, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


@pytest.mark.usefixtures("short")
def test_a_short_list_is_given_at_once_and_a_long_one_offered(
    gardener: Browser,
    sow: Callable[..., list[int]],
    database: Database,
    garden: Suite,
    operator: Context,
) -> None:
    sow(*({"name": "even" if n % 2 else "odd"} for n in range(20)))
    assert len(table(gardener.get(f"{LIST}.csv?q=even"))) == 11
    assert len(sheets(gardener.get(f"{LIST}.xlsx?q=even"))[0]) == 11
    page = gardener.get(f"{LIST}.xlsx?shown=1&columns=code,name", follow_redirects=True)
    assert "more than 10" in page.text
    assert "Code, Name" in page.text
    assert "1,048,575 rows" in page.text
    with database.read(operator, garden) as session:
        assert session.scalar(select(func.count(Job.id))) == 0, "looking makes no job"
    assert gardener.get(f"{LIST}/export/pdf").status_code == 404
    assert gardener.get(f"{LIST}/export/csv?state=nonsense").status_code == 422


@pytest.mark.usefixtures("short")
def test_the_page_tells_how_far_it_is_and_then_where_the_file_is(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    database: Database,
) -> None:
    sow(*({} for _ in range(12)))
    run = ask(gardener, f"{LIST}.csv")
    waiting = gardener.get(run)
    assert 'hx-trigger="every 1s"' in waiting.text
    assert "Waiting for its turn" in waiting.text
    assert "Cancel" in waiting.text
    assert gardener.get(f"{run}/file").status_code == 404
    with database.engine.begin() as connection:
        connection.execute(
            update(Job.__table__).values(
                state=JobState.RUNNING,
                lease_until=now() - timedelta(seconds=1),
                progress_done=6,
                progress_total=12,
                progress_text="6 of 12 rows",
            )
        )
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}
    part = gardener.get(run, headers=partial).text
    assert "6 of 12 rows" in part
    assert "<html" not in part
    run_jobs()
    assert gardener.get(run, headers=partial).headers["HX-Redirect"] == run
    ready = gardener.get(run).text
    assert "12 rows" in ready
    assert "Only you can fetch the file, until" in ready
    assert f"{run}/file" in ready
    file = gardener.get(f"{run}/file")
    assert file.mimetype == "text/csv"
    assert re.search(r"plants-ALPHA-[\d-]+\.csv", file.headers["Content-Disposition"])
    assert len(table(file)) == 13


@pytest.mark.usefixtures("short")
def test_the_same_list_is_not_written_twice_at_a_time_nor_more_than_five(
    gardener: Browser, sow: Callable[..., list[int]], run_jobs: Callable[[], None]
) -> None:
    sow(*({} for _ in range(12)))
    first = ask(gardener, f"{LIST}.csv")
    assert ask(gardener, f"{LIST}.csv") == first
    for name in ("code", "name", "price", "state"):
        assert ask(gardener, f"{LIST}.csv?shown=1&columns={name}") != first
    gardener.get(f"{LIST}/export/xlsx")
    refused = gardener.post(f"{LIST}/export/xlsx")
    assert refused.status_code == 422
    assert "5 lists are being written for you already" in refused.text
    gardener.get(first)
    gardener.post(f"{first}/cancel")
    run_jobs()
    page = gardener.get(f"{LIST}/export/csv").text
    found = re.findall(r"/export/\d+", page)
    assert len(set(found)) == 5
    assert first.endswith(found[-1]), "the newest is the first"
    assert page.count("Ready until") == 4
    assert page.count(">Cancelled<") == 1
    assert ask(gardener, f"{LIST}.csv") != first, "what has ended is begun anew"
    assert "Being written" in gardener.get(f"{LIST}/export/csv").text


@pytest.mark.usefixtures("short")
def test_a_second_run_leaves_one_file_and_one_audit_row(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    database: Database,
    garden: Suite,
    operator: Context,
) -> None:
    sow(*({} for _ in range(12)))
    run = ask(gardener, f"{LIST}.csv")
    run_jobs()
    before = gardener.get(f"{run}/file").data
    with database.engine.begin() as connection:
        connection.execute(update(Job.__table__).values(state=JobState.READY))
    sow({"code": "LATER"})
    run_jobs()
    assert gardener.get(f"{run}/file").data == before
    with database.read(operator, garden) as session:
        assert session.scalar(select(func.count(PrivateFile.id))) == 1
    (taken,) = events(database, garden, operator, "export")
    assert (taken.actor, taken.after) == ("gardener", {"format": "csv"})
    assert len(events(database, garden, operator, "download")) == 2


@pytest.mark.usefixtures("short")
def test_a_run_that_fails_at_its_end_keeps_nothing_and_the_next_one_does(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    database: Database,
    garden: Suite,
    operator: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sow(*({} for _ in range(12)))
    run = ask(gardener, f"{LIST}.xlsx")
    with monkeypatch.context() as broken:

        def fail(*_arguments: object) -> None:
            message = "the power goes"
            raise OSError(message)

        broken.setattr("backstay.lists.exports.record_event", fail)
        run_jobs()
    assert "It failed and will be tried again" in gardener.get(run).text
    with database.read(operator, garden) as session:
        assert session.scalar(select(func.count(PrivateFile.id))) == 0
        assert session.scalar(select(func.count(Blob.sha256))) == 0
    with database.engine.begin() as connection:
        connection.execute(update(Job.__table__).values(run_at=now()))
    run_jobs()
    assert len(sheets(gardener.get(f"{run}/file"))[0]) == 13
    assert len(events(database, garden, operator, "export")) == 1


@pytest.mark.usefixtures("short")
def test_what_waits_and_what_runs_can_be_cancelled(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    database: Database,
    garden: Suite,
    operator: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sow(*({} for _ in range(40)))
    monkeypatch.setattr(take_away, "TOLD_EVERY", 10)
    waiting = ask(gardener, f"{LIST}.csv")
    gardener.get(waiting)
    assert gardener.post(f"{waiting}/cancel").status_code == 303
    told = gardener.get(waiting).text
    assert "It was cancelled." in told
    assert "Have it written again" in told
    gardener.get(waiting)
    assert gardener.post(f"{waiting}/cancel").status_code == 409

    running = ask(gardener, f"{LIST}.xlsx")
    gardener.get(running)
    seen: list[int] = []
    write = take_away.file_writer

    def cancelled_meanwhile(column: Any, reader: Any) -> Callable[[Any], str]:
        known = write(column, reader)

        def one(value: Any) -> str:
            seen.append(1)
            if len(seen) == 15 * 3:
                thread = threading.Thread(target=cancel)
                thread.start()
                thread.join()
            return known(value)

        return one

    def cancel() -> None:
        assert gardener.post(f"{running}/cancel").status_code == 303

    monkeypatch.setattr(take_away, "file_writer", cancelled_meanwhile)
    run_jobs()
    assert 45 <= len(seen) < 40 * 3, "it stops soon, and does not write on to the end"
    assert "It was cancelled." in gardener.get(running).text
    with database.read(operator, garden) as session:
        assert session.scalar(select(func.count(PrivateFile.id))) == 0
    assert database.files is not None
    assert list(FileStore(database.files).hashes()) == []
    assert list((database.files / ".incoming").iterdir()) == []
    assert events(database, garden, operator, "export") == []


@pytest.mark.usefixtures("short")
def test_after_some_days_the_file_is_gone_and_the_page_says_so(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    database: Database,
    garden: Suite,
    operator: Context,
) -> None:
    sow(*({} for _ in range(12)))
    run = ask(gardener, f"{LIST}.csv?q=P")
    run_jobs()
    with database.read(operator, garden) as session:
        row = session.scalars(select(ExportRun)).one()
        assert row.expires_at is not None
        assert timedelta(days=6.9) < row.expires_at - now() <= timedelta(days=7)
    with database.engine.begin() as connection:
        over = now() - timedelta(seconds=1)
        for model in (PrivateFile, ExportRun):
            connection.execute(update(model.__table__).values(expires_at=over))
    told = gardener.get(run).text
    assert "and is gone" in told
    assert f"{run}/file" not in told
    assert "/export/csv?q=P" in told
    gone = gardener.get(f"{run}/file")
    assert gone.status_code == 404
    assert "its time is over" in gone.text
    prune_files(database, garden, operator, grace=timedelta(0))
    assert database.files is not None
    assert list(FileStore(database.files).hashes()) == []
    assert gardener.get(run).status_code == 200
    assert gardener.get(f"{run}/file").status_code == 404


@pytest.mark.usefixtures("short")
def test_the_same_list_asked_for_twice_at_once_is_written_once(
    app: Flask, gardener: Browser, database: Database, sow: Callable[..., list[int]]
) -> None:
    sow(*({} for _ in range(12)))
    windows = [Browser.for_user(app, database, "gardener") for _ in range(3)]
    ready = threading.Barrier(len(windows))
    runs: list[str] = []

    def press(window: Browser) -> None:
        window.get(f"{LIST}/export/csv")
        ready.wait(30)
        runs.append(window.post(f"{LIST}/export/csv").headers["Location"])

    threads = [threading.Thread(target=press, args=(one,)) for one in windows]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len(runs) == len(windows)
    assert len(set(runs)) == 1
    assert gardener.get(runs[0]).status_code == 200
