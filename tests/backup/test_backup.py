"""A backup is proved by restoring it; a restore is tried first, then swapped, or not done."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from backstay.access.models import SignIn, User
from backstay.audit.models import AuditEvent
from backstay.backup import create as creating
from backstay.backup import postgresql, restore
from backstay.backup.create import CreateBackup, create_backup, verify_backup
from backstay.backup.restore import RestoreBackup, restore_backup
from backstay.cli import main
from backstay.clock import now
from backstay.companies.models import Company
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.errors import ConfigurationError, Conflict, Invalid
from backstay.files.services import keep_file
from backstay.files.store import FileStore
from backstay.home import Home
from backstay.kernel.setup import migrate
from backstay.testing.postgres import create_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPERATOR = operator_context("cli:test")
MakeHome = Any


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgresql"))])
def make_home(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Home]:
    """Makes data folders of an empty installation, on each of the two engines."""

    def make(name: str) -> Home:
        (tmp_path / name).mkdir()
        if request.param == "sqlite":
            return Home(tmp_path / name)
        unique = hashlib.sha256(f"{request.node.nodeid}{name}".encode()).hexdigest()[:12]
        server = request.getfixturevalue("postgres_url")
        return Home(tmp_path / name, create_database(server, f"backup_{unique}"))

    return make


def fill(home: Home, company: str = "ALPHA") -> Home:
    """Migrated tables, a company, a signed-in user and an uploaded file."""
    database = Database(home.database_url)
    migrate(database)
    with database.write(OPERATOR) as session:
        session.add(Company(code=company, name=f"{company} Ltd", currency="EUR", minor_units=2))
        user = User(login="clerk", name="Clerk", password_hash="-", created_at=now())
        session.add(user)
        session.flush()
        session.add(
            SignIn(
                token_hash="t",
                user_id=user.id,
                created_at=now(),
                seen_at=now(),
                confirmed_at=now(),
            )
        )
    database.dispose()
    (home.files / "ab").mkdir(parents=True)
    (home.files / "ab" / "receipt.txt").write_text(f"of {company}")
    return home


def read(home: Home, query: Any) -> list[Any]:
    database = Database(home.database_url)
    with database.read(OPERATOR) as session:
        found = list(session.scalars(query))
    database.dispose()
    return found


def companies(home: Home) -> list[str]:
    return read(home, select(Company.code).order_by(Company.code))


@pytest.fixture
def full(make_home: MakeHome) -> Home:
    return fill(make_home("full"))


@pytest.fixture
def backup(full: Home, tmp_path: Path) -> Path:
    file = tmp_path / "books.tar.gz"
    create_backup(full, OPERATOR, CreateBackup(file, verify=False))
    return file


def test_a_backup_is_restored_into_an_empty_installation(
    full: Home, backup: Path, make_home: MakeHome
) -> None:
    fresh = make_home("fresh")
    done = restore_backup(fresh, OPERATOR, RestoreBackup(backup))
    assert done.kept == ()
    assert companies(fresh) == ["ALPHA"]
    assert (fresh.files / "ab" / "receipt.txt").read_text() == "of ALPHA"
    labels = select(AuditEvent.action).where(AuditEvent.entity == "core_backup")
    assert read(fresh, labels.order_by(AuditEvent.id)) == ["backup", "restore"]
    leftovers = [path.name for path in fresh.path.iterdir() if path.name.startswith(".")]
    assert leftovers == []


def test_the_manifest_counts_what_is_there(full: Home, backup: Path) -> None:
    with tarfile.open(backup) as archive:
        names = archive.getnames()
        manifest = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert names[0] == "manifest.json"
    assert "files/ab/receipt.txt" in names
    assert manifest["contents"]["rows"]["core_company"] == 1
    assert manifest["contents"]["audit_head"]
    assert backup.stat().st_mode & 0o777 == 0o600


def test_a_backup_taken_while_the_database_is_in_use_is_whole(full: Home, tmp_path: Path) -> None:
    database = Database(full.database_url)
    with database.write(OPERATOR) as session:
        session.add(Company(code="LATE", name="Late", currency="EUR", minor_units=2))
        session.flush()
        if not database.is_sqlite:  # SQLite's one writer is this one
            create_backup(full, OPERATOR, CreateBackup(tmp_path / "during.tar.gz"))
    create_backup(full, OPERATOR, CreateBackup(tmp_path / "after.tar.gz"))
    database.dispose()
    assert verify_backup(full, tmp_path / "after.tar.gz").contents.rows["core_company"] == 2


def test_everybody_signs_in_anew_after_a_restore(
    full: Home, backup: Path, make_home: MakeHome
) -> None:
    fresh = make_home("fresh")
    restore_backup(fresh, OPERATOR, RestoreBackup(backup))
    assert read(fresh, select(func.count()).where(SignIn.revoked_at.is_(None))) == [0]
    assert read(full, select(func.count()).where(SignIn.revoked_at.is_(None))) == [1]


def test_data_is_replaced_only_when_that_is_said_and_is_kept_beside(
    backup: Path, make_home: MakeHome
) -> None:
    other = fill(make_home("other"), "BETA")
    with pytest.raises(Conflict, match="--replace"):
        restore_backup(other, OPERATOR, RestoreBackup(backup))
    assert companies(other) == ["BETA"]
    done = restore_backup(other, OPERATOR, RestoreBackup(backup, replace=True))
    assert companies(other) == ["ALPHA"]
    assert (other.files / "ab" / "receipt.txt").read_text() == "of ALPHA"
    (folder,) = other.path.glob("before-restore-*")
    assert str(folder) in done.kept
    assert (folder / "files" / "ab" / "receipt.txt").read_text() == "of BETA"
    if other.database_file is not None:
        assert companies(Home(folder)) == ["BETA"]
    else:
        before = other.database.rpartition("/")[0] + "/" + done.kept[1]
        assert companies(Home(folder, before)) == ["BETA"]


def test_a_running_installation_is_not_replaced(backup: Path, make_home: MakeHome) -> None:
    other = fill(make_home("other"), "BETA")
    running = Database(other.database_url)
    with running.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1 FROM core_company")
        with pytest.raises(Conflict, match="still running"):
            restore_backup(other, OPERATOR, RestoreBackup(backup, replace=True))
    running.dispose()
    assert companies(other) == ["BETA"]
    assert (other.files / "ab" / "receipt.txt").read_text() == "of BETA"


def test_a_failure_at_the_last_step_puts_everything_back(
    backup: Path, make_home: MakeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = fill(make_home("other"), "BETA")
    real = restore._swap

    def fail_for_the_database(new: Path, present: Path, kept: Path, undo: Any) -> bool:
        if present.name == "files":
            return real(new, present, kept, undo)
        raise OSError("the disk is full")

    def fail(*_arguments: object) -> bool:
        raise OSError("the server is away")

    monkeypatch.setattr(restore, "_swap", fail_for_the_database)
    monkeypatch.setattr(postgresql, "put_in_place", fail)
    with pytest.raises(OSError, match=r"is full|is away"):
        restore_backup(other, OPERATOR, RestoreBackup(backup, replace=True))
    assert companies(other) == ["BETA"]
    assert (other.files / "ab" / "receipt.txt").read_text() == "of BETA"


def test_a_file_of_that_name_is_not_overwritten_unasked(full: Home, backup: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(Conflict, match="exists already"):
        create_backup(full, OPERATOR, CreateBackup(backup))
    assert backup.read_bytes() == before
    create_backup(full, OPERATOR, CreateBackup(backup, replace=True))
    assert verify_backup(full, backup).files == 1


def rewritten(backup: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A copy of a backup with members changed or (None) left out."""
    target = backup.with_name("changed.tar.gz")
    with tarfile.open(backup) as old, tarfile.open(target, "w:gz") as new:
        for entry in old:
            content = old.extractfile(entry)
            assert content is not None
            data = change(entry.name, content.read())
            if data is not None:
                entry.size = len(data)
                new.addfile(entry, io.BytesIO(data))
    return target


def break_file(name: str, data: bytes) -> bytes:
    return data[:-1] + b"?" if name.startswith("files/") else data


def drop_file(name: str, data: bytes) -> bytes | None:
    return None if name.startswith("files/") else data


def miscount(name: str, data: bytes) -> bytes:
    if name != "manifest.json":
        return data
    manifest = json.loads(data)
    manifest["contents"]["rows"]["core_company"] = 7
    return json.dumps(manifest).encode()


def rename_file(name: str, data: bytes) -> bytes:
    return (
        data.replace(b"files/ab/receipt.txt", b"../../../receipt.txt")
        if (name == "manifest.json")
        else data
    )


def from_the_future(name: str, data: bytes) -> bytes:
    if name != "manifest.json":
        return data
    return json.dumps({**json.loads(data), "version": "99.0"}).encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (break_file, "receipt.txt” in the backup is damaged"),
        (drop_file, "lacks “files/ab/receipt.txt”"),
        (miscount, "core_company has 1 rows instead of 7"),
        (rename_file, "does not name"),
        (from_the_future, "99.0"),
    ],
)
def test_a_backup_that_is_not_what_it_says_is_refused(
    backup: Path,
    make_home: MakeHome,
    change: Callable[[str, bytes], bytes | None],
    said: str,
) -> None:
    fresh = make_home("fresh")
    with pytest.raises(Invalid, match=said):
        restore_backup(fresh, OPERATOR, RestoreBackup(rewritten(backup, change)))
    assert list(fresh.path.iterdir()) == []
    if not fresh.database:
        return
    assert postgresql.is_empty(fresh.database_url)


@pytest.mark.parametrize(
    "content",
    [b"", b"no backup", gzip.compress(b"no tar either" * 99)],
    ids=["empty", "text", "compressed text"],
)
def test_what_is_no_backup_is_refused(make_home: MakeHome, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other.tar.gz"
    file.write_bytes(content)
    with pytest.raises(Invalid):
        restore_backup(make_home("fresh"), OPERATOR, RestoreBackup(file))


def test_a_backup_that_was_cut_off_is_refused(backup: Path, make_home: MakeHome) -> None:
    short = backup.with_name("short.tar.gz")
    short.write_bytes(backup.read_bytes()[:-2000])
    with pytest.raises(Invalid):
        restore_backup(make_home("fresh"), OPERATOR, RestoreBackup(short))


def test_making_a_backup_finds_out_when_it_can_t_be_restored(
    full: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = creating.write_archive

    def damaged(target: Path, manifest: Any, sources: Any) -> None:
        real(target, manifest, sources)
        shutil.move(rewritten(target, break_file), target)

    monkeypatch.setattr(creating, "write_archive", damaged)
    with pytest.raises(Invalid, match="damaged"):
        create_backup(full, OPERATOR, CreateBackup(tmp_path / "bad.tar.gz"))


def test_nothing_to_back_up_is_said(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="nothing to back up"):
        create_backup(Home(tmp_path), OPERATOR, CreateBackup(tmp_path / "x.tar.gz"))


def test_a_backup_of_the_other_database_is_refused(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    file = tmp_path / "x.tar.gz"
    create_backup(fill(Home(full)), OPERATOR, CreateBackup(file))

    def as_postgresql(name: str, data: bytes) -> bytes:
        return data.replace(b'"database": "sqlite"', b'"database": "postgresql"')

    fresh = tmp_path / "fresh"
    fresh.mkdir()
    with pytest.raises(Invalid, match="backup of postgresql"):
        restore_backup(Home(fresh), OPERATOR, RestoreBackup(rewritten(file, as_postgresql)))


def test_client_programs_older_than_the_server_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.3'\n")
    program.chmod(0o755)
    monkeypatch.setattr(postgresql, "_candidates", lambda _name: iter([str(program)]))
    assert postgresql.find_program("pg_dump", 12) == str(program)
    with pytest.raises(ConfigurationError, match=r"PostgreSQL 18.*12\.3"):
        postgresql.find_program("pg_dump", 18)
    monkeypatch.setattr(postgresql, "_candidates", lambda _name: iter([]))
    with pytest.raises(ConfigurationError, match="not installed"):
        postgresql.find_program("pg_dump", 18)


def test_the_command_line_makes_verifies_and_restores(
    full: Home,
    make_home: MakeHome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(home: Home, *arguments: str) -> str:
        monkeypatch.setenv("BACKSTAY_HOME", str(home.path))
        monkeypatch.setenv("BACKSTAY_DATABASE", home.database)
        main(["backup", *arguments])
        return capsys.readouterr().out

    file = str(tmp_path / "cli.tar.gz")
    assert "Verified" in run(full, "create", file)
    assert "is complete" in run(full, "verify", file)
    fresh = make_home("fresh")
    assert "1 file" in run(fresh, "restore", file)
    assert companies(fresh) == ["ALPHA"]
    with pytest.raises(SystemExit) as left:
        run(fresh, "restore", file)
    assert left.value.code == 1
    assert "--replace" in capsys.readouterr().err
    assert "kept as" in run(fresh, "restore", file, "--replace")


def test_stored_files_are_in_the_backup_and_a_damaged_one_is_said(
    full: Home, make_home: MakeHome, tmp_path: Path
) -> None:
    database = Database(full.database_url, files=full.files)
    with database.write(OPERATOR) as session:
        whole = keep_file(session, b"whole")
        flipped = keep_file(session, b"flipped")
    database.dispose()
    (full.files / ".incoming" / "half").write_bytes(b"half of an upload")
    first, second = tmp_path / "first.tar.gz", tmp_path / "second.tar.gz"
    assert create_backup(full, OPERATOR, CreateBackup(first)).faulty_files == ()
    path = FileStore(full.files).path(flipped.sha256)
    path.chmod(0o600)
    path.write_bytes(b"fliqped")
    assert create_backup(full, OPERATOR, CreateBackup(second)).faulty_files == (flipped.sha256,)
    assert verify_backup(full, second).faulty_files == (flipped.sha256,)
    fresh = make_home("fresh")
    restore_backup(fresh, OPERATOR, RestoreBackup(first))
    restored = FileStore(fresh.files)
    assert [restored.state(one.sha256) for one in (whole, flipped)] == ["whole", "whole"]
    assert not (fresh.files / ".incoming" / "half").exists()
