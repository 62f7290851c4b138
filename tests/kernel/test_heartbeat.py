"""Each process tells that it lives and what it runs; the dead are forgotten."""

from __future__ import annotations

import os
import shutil
import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from backstay.clock import now
from backstay.db.context import operator_context
from backstay.kernel import code
from backstay.kernel.failures import FAILURES
from backstay.kernel.heartbeat import STALE, Heartbeat
from backstay.kernel.load import load
from backstay.kernel.models import Installation
from backstay.kernel.process_models import Process, ProcessKind
from backstay.kernel.processes import life

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from backstay.db.database import Database
    from backstay.testing.plugins import PluginShelf

SYSTEM = operator_context("system:test")


@pytest.fixture
def installed(database: Database) -> Database:
    with database.write(SYSTEM) as session:
        session.add(Installation(id=1, generation=4, theme="harbor"))
    return database


@pytest.fixture
def heartbeat(installed: Database) -> Iterator[Heartbeat]:
    made = Heartbeat(installed, ProcessKind.WEB, every=600)
    yield made
    made.stop()


def rows(database: Database) -> Sequence[Process]:
    with database.read(SYSTEM) as session:
        return session.scalars(select(Process)).all()


def test_a_process_is_known_from_its_start_and_gone_when_it_ends(
    installed: Database, heartbeat: Heartbeat
) -> None:
    heartbeat.start()
    heartbeat.beat()
    (row,) = rows(installed)
    assert (row.kind, row.pid, row.generation) == (ProcessKind.WEB, os.getpid(), 0)
    heartbeat.stop()
    assert rows(installed) == []


def test_it_tells_which_generation_it_runs_and_what_fails_in_it(
    installed: Database, heartbeat: Heartbeat, shelf: PluginShelf
) -> None:
    shelf.add("bad", "raise RuntimeError('broken at import')")
    shelf.add("good")
    heartbeat.runs(load(["bad", "good"], generation=4))
    heartbeat.beat()
    (row,) = rows(installed)
    assert row.generation == 4
    assert row.versions["good"] == "1.0"
    assert "broken at import" in row.failed["bad"]
    assert "import failed in this process" in row.restart["bad"]
    heartbeat.could_not_build(5, "the theme is broken")
    heartbeat.beat()
    (row,) = rows(installed)
    assert (row.generation, row.failed_generation, row.reason) == (4, 5, "the theme is broken")


def test_what_was_not_heard_of_is_forgotten_by_the_others(
    installed: Database, heartbeat: Heartbeat
) -> None:
    dead = Heartbeat(installed, ProcessKind.RUNNER)
    dead._id = "dead"
    dead.beat()
    old = now() - STALE - timedelta(seconds=1)
    with installed.engine.begin() as connection:
        connection.execute(update(Process.__table__).values(seen_at=old))  # type: ignore[arg-type]
    with installed.read(SYSTEM) as session:
        assert life(session).processes == ()
    heartbeat.beat()
    assert [row.kind for row in rows(installed)] == [ProcessKind.WEB]


def test_a_row_that_somebody_removed_comes_back(installed: Database, heartbeat: Heartbeat) -> None:
    heartbeat.beat()
    with installed.engine.begin() as connection:
        connection.execute(Process.__table__.delete())  # type: ignore[attr-defined]
    heartbeat.beat()
    assert len(rows(installed)) == 1


def test_newer_files_and_another_version_need_a_restart(
    installed: Database, heartbeat: Heartbeat, shelf: PluginShelf
) -> None:
    package = shelf.add("good")
    heartbeat.runs(load(["good"]))
    heartbeat.beat()
    assert "good" not in rows(installed)[0].restart
    later = now().timestamp() + 10
    os.utime(package / "plugin.py", (later, later))
    heartbeat.beat()
    assert "files were changed" in rows(installed)[0].restart["good"]
    info = shelf.folder / "backstay_good-1.0.dist-info"
    metadata = (info / "METADATA").read_text().replace("Version: 1.0", "Version: 1.1")
    (info / "METADATA").write_text(metadata)
    heartbeat.beat()
    assert rows(installed)[0].restart["good"] == "version 1.1 is installed, this process runs 1.0"
    with installed.read(SYSTEM) as session:
        ((_process, reason),) = life(session).restart_needed("good")
    assert "1.1" in reason


def test_a_package_that_came_or_went_is_a_reason_to_load_again(
    installed: Database, heartbeat: Heartbeat, shelf: PluginShelf
) -> None:
    called: list[bool] = []
    heartbeat.reload = lambda: called.append(True)
    shelf.add("good")
    heartbeat.runs(load(["good", "later"]))
    heartbeat.beat()
    assert called == []
    shelf.add("later")
    heartbeat.beat()
    assert called == [True]
    heartbeat.runs(load(["good", "later"]))
    shutil.rmtree(shelf.folder / "backstay_good")
    shutil.rmtree(shelf.folder / "backstay_good-1.0.dist-info")
    heartbeat.beat()
    assert called == [True, True]


def test_a_busy_database_delays_a_sign_of_life_and_nothing_else(
    installed: Database, heartbeat: Heartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    tried: list[bool] = []

    def busy() -> None:
        tried.append(True)
        heartbeat._stopping = True
        raise OperationalError("insert", {}, Exception("database is locked"))

    monkeypatch.setattr(heartbeat, "beat", busy)
    heartbeat._every = 0.01
    heartbeat._beat()
    assert tried == [True]
    assert rows(installed) == []


def test_a_failed_import_leaves_no_half_of_a_package_behind(shelf: PluginShelf) -> None:
    import sys

    shelf.add(
        "bad",
        "from backstay_bad import half\nraise RuntimeError('broken')",
        files={"half.py": ""},
    )
    assert "bad" in load(["bad"]).failed
    assert not [name for name in sys.modules if name.startswith("backstay_bad")]
    assert "bad" not in code.versions()


def test_a_signal_to_stop_is_not_taken_for_a_sign_of_life_that_failed(
    heartbeat: Heartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StopNow(Exception):
        pass

    def stop(*_signal: object) -> None:
        raise StopNow

    heartbeat.start_without_thread()
    monkeypatch.setattr(heartbeat, "beat", lambda: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.signal(signal.SIGTERM, stop)
    try:
        with pytest.raises(StopNow):
            heartbeat.when_due(StopNow)
    finally:
        signal.signal(signal.SIGTERM, before)
        FAILURES.__init__()  # type: ignore[misc]
