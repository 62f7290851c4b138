"""A purge exports everything, reads it back, and only then deletes it as a whole."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import zipfile
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, inspect, select, table, text

from backstay.access.models import Role, RolePermission, RoleTemplateMade
from backstay.audit.models import AuditEvent
from backstay.clock import now
from backstay.db.context import operator_context
from backstay.errors import ConfigurationError, Conflict, Invalid
from backstay.files.models import Attachment, Blob
from backstay.files.services import keep_file
from backstay.jobs.models import Job
from backstay.kernel import purge as purging
from backstay.kernel.export import verify_export
from backstay.kernel.lifecycle import transition
from backstay.kernel.models import Installation, PluginRow, PluginState
from backstay.kernel.plans import plan
from backstay.kernel.purge import purge
from backstay.kernel.setup import DEFAULT_THEME
from backstay.kernel.states import Step
from backstay.search.models import SearchRow

from . import crate

if TYPE_CHECKING:
    from pathlib import Path

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay.testing.plugins import PluginShelf

ADMIN = operator_context("cli:admin")
LETTER = b"%PDF-1.4 a letter that was attached"


@pytest.fixture
def retired(database: Database, suite: Suite, shelf: PluginShelf, alpha: CompanyRef) -> Database:
    """A retired plugin with two things in its table, a file, a job and words in the index."""
    crate.install(shelf)
    with database.write(ADMIN) as session:
        session.add(Installation(id=1, generation=1, theme=DEFAULT_THEME))
    transition(database, "crate", Step.ENABLE, ADMIN)
    with database.write(operator_context("cli:admin", company=alpha), suite) as session:
        add = text("INSERT INTO crate_thing (id, size, inside) VALUES (:id, 7, :inside)")
        # Each inside the other: no order of deleting them row by row would do.
        session.connection().execute(add, [{"id": 1, "inside": None}, {"id": 2, "inside": 1}])
        session.connection().execute(text("UPDATE crate_thing SET inside = 2 WHERE id = 1"))
        stored = keep_file(session, LETTER)
        session.add(
            Attachment(
                company_id=alpha.id,
                resource="crate.thing",
                record_id=1,
                sha256=stored.sha256,
                name="letter.pdf",
                size=stored.size,
                media_type=stored.media_type,
                created_by="me",
                created_at=now(),
            )
        )
        session.add(
            Job(kind="crate.count", arguments={}, run_at=now(), created_at=now(), actor="me")
        )
        session.add(SearchRow(entity="crate_thing", company_id=0, record_id=1, text=" e1 word "))
    transition(database, "crate", Step.RETIRE, ADMIN)
    return database


def rows(database: Database, name: str) -> int | None:
    with database.reading_connection() as connection:
        if not inspect(connection).has_table(name):
            return None
        return connection.scalar(select(func.count()).select_from(table(name)))


def state_of(database: Database) -> PluginState:
    with database.read(ADMIN) as session:
        return session.get_one(PluginRow, "crate").state


def test_all_that_it_held_is_in_the_export_and_gone_from_the_database(
    retired: Database, tmp_path: Path
) -> None:
    said = purge(retired, tmp_path / "exports", "crate", "crate", ADMIN).message
    [path] = (tmp_path / "exports").iterdir()
    assert str(path) in said
    assert path.stat().st_mode & 0o777 == 0o600
    export = verify_export(path)
    digest = hashlib.sha256(LETTER).hexdigest()
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("tables/crate_thing.jsonl").decode().splitlines()
        assert [json.loads(line) for line in lines] == [
            {"id": 1, "size": 7, "inside": 2},
            {"id": 2, "size": 7, "inside": 1},
        ]
        assert archive.read(f"files/{digest}") == LETTER
        [attached] = archive.read("core/core_attachment.jsonl").decode().splitlines()
        assert json.loads(attached)["name"] == "letter.pdf"
    assert (export.version, export.revision, export.rows) == ("1.0", "crate_0001", 2)
    for name in ("crate_thing", "crate_alembic_version"):
        assert rows(retired, name) is None, name
    with retired.read(ADMIN) as session:
        for statement in (
            select(Job.id).where(Job.kind.startswith("crate.")),
            select(SearchRow.id).where(SearchRow.entity == "crate_thing"),
            select(RolePermission.role_id).where(RolePermission.permission.startswith("crate.")),
            select(RoleTemplateMade.code).where(RoleTemplateMade.plugin == "crate"),
        ):
            assert session.execute(statement).all() == []
        assert session.scalar(select(Role.id).where(Role.code == "storekeeper"))
        assert session.get(Blob, digest) is not None
        row = session.get_one(PluginRow, "crate")
        assert (row.state, row.message) == (PluginState.PURGED, path.name)
    assert rows(retired, "core_attachment") == 0
    assert left_of(retired) == []


def left_of(database: Database) -> list[str]:
    """What else of the plugin the database knows by name: triggers, functions."""
    with database.reading_connection() as connection:
        statement = (
            "SELECT name FROM sqlite_master WHERE name LIKE 'crate%' OR tbl_name LIKE 'crate%'"
            if database.is_sqlite
            else "SELECT proname FROM pg_proc WHERE starts_with(proname, 'crate')"
        )
        return list(connection.scalars(text(statement)))


def test_the_trail_keeps_what_happened_and_says_what_was_deleted(
    retired: Database, tmp_path: Path
) -> None:
    with retired.read(ADMIN) as session:
        before = session.scalar(select(func.count(AuditEvent.id)))
    purge(retired, tmp_path / "exports", "crate", "crate", ADMIN.because("the trial is over"))
    with retired.read(ADMIN) as session:
        after = session.scalar(select(func.count(AuditEvent.id)))
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "purge")).one()
    assert (after or 0) > (before or 0)
    assert (event.actor, event.reason, event.entity_id) == (
        "cli:admin",
        "the trial is over",
        "crate",
    )
    assert event.before is not None
    assert event.before["rows"] == {"crate_thing": 2, "core_attachment": 1, "core_job": 1}
    assert event.after is not None
    assert event.after["export"].startswith("crate-")


def test_after_a_purge_it_starts_afresh(retired: Database, tmp_path: Path) -> None:
    purge(retired, tmp_path / "exports", "crate", "crate", ADMIN)
    assert plan(retired, "crate", Step.PURGE).blockers == ("Crate has no data here.",)
    transition(retired, "crate", Step.ENABLE, ADMIN)
    assert rows(retired, "crate_thing") == 0
    with retired.read(ADMIN) as session:
        held = session.scalars(select(RolePermission.permission)).all()
    assert "crate.thing.view" in held


def test_another_name_an_enabled_module_and_foreign_references_stop_it(
    retired: Database, tmp_path: Path
) -> None:
    with pytest.raises(Invalid, match="Type the name"):
        purge(retired, tmp_path / "exports", "crate", "create", ADMIN)
    with retired.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE lid_lid (id BIGINT PRIMARY KEY,"
                " thing BIGINT REFERENCES crate_thing (id))"
            )
        )
    with pytest.raises(Conflict, match="lid_lid of another module refers to crate_thing"):
        purge(retired, tmp_path / "exports", "crate", "crate", ADMIN)
    with retired.engine.begin() as connection:
        connection.execute(text("DROP TABLE lid_lid"))
    transition(retired, "crate", Step.ENABLE, ADMIN)
    with pytest.raises(Conflict, match="is on"):
        purge(retired, tmp_path / "exports", "crate", "crate", ADMIN)
    assert not (tmp_path / "exports").exists()
    assert rows(retired, "crate_thing") == 2


def test_an_export_that_can_t_be_read_back_stops_it(
    retired: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(path: Path) -> object:
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        return verify_export(path)

    monkeypatch.setattr(purging, "verify_export", spoilt)
    with pytest.raises(ConfigurationError, match="can't be read back"):
        purge(retired, tmp_path / "exports", "crate", "crate", ADMIN)
    assert rows(retired, "crate_thing") == 2
    assert state_of(retired) is PluginState.RETIRED


def test_data_that_changes_after_it_was_exported_stops_it(
    retired: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(path: Path) -> object:
        with retired.write(ADMIN) as session:
            session.connection().execute(text("UPDATE crate_thing SET size = 8 WHERE id = 1"))
        return verify_export(path)

    monkeypatch.setattr(purging, "verify_export", meanwhile)
    with pytest.raises(Conflict, match="crate_thing changed while it was exported"):
        purge(retired, tmp_path / "exports", "crate", "crate", ADMIN)
    assert rows(retired, "crate_thing") == 2


def test_a_member_that_was_altered_is_found(retired: Database, tmp_path: Path) -> None:
    purge(retired, tmp_path / "exports", "crate", "crate", ADMIN)
    [path] = (tmp_path / "exports").iterdir()
    altered = tmp_path / "altered.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(altered, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "tables/crate_thing.jsonl":
                content = content.replace(b"7", b"8")
            target.writestr(name, content)
    with pytest.raises(ConfigurationError, match="crate_thing"):
        verify_export(altered)


def test_a_module_whose_package_is_gone_can_be_purged(
    retired: Database, shelf: PluginShelf, tmp_path: Path
) -> None:
    (shelf.folder / "backstay_crate-1.0.dist-info" / "entry_points.txt").unlink()
    purge(retired, tmp_path / "exports", "crate", "crate", ADMIN)
    assert rows(retired, "crate_thing") is None


def test_killed_before_its_commit_nothing_is_gone_and_it_can_be_done_again(
    retired: Database, shelf: PluginShelf, tmp_path: Path
) -> None:
    """A sitecustomize of its own makes the process kill itself at the last moment."""
    (shelf.folder / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if os.environ.get('CRATE_KILL'):\n"
        "    from backstay.kernel import leases\n"
        "    leases.Duty.secure = lambda *_: os.kill(os.getpid(), 9)\n",
        encoding="utf-8",
    )
    arguments = ("plugin", "purge", "crate", "--confirm", "crate")
    running = crate.command(retired, shelf, tmp_path, *arguments, CRATE_KILL="1")
    running.communicate(timeout=120)
    assert running.returncode == -signal.SIGKILL
    assert rows(retired, "crate_thing") == 2
    assert rows(retired, "core_attachment") == 1
    assert state_of(retired) is PluginState.RETIRED
    assert os.listdir(tmp_path / "exports")  # noqa: PTH208
    crate_free(retired)
    said = crate.said(crate.command(retired, shelf, tmp_path, *arguments))
    assert "is deleted" in said
    assert rows(retired, "crate_thing") is None


def crate_free(database: Database) -> None:
    """Let the lease of the killed process run out."""
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE core_lease SET expires_at = 0"))
