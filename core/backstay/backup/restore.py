"""Putting a backup in place of an installation: tried first, then swapped, everything or nothing.

What was there is kept beside it, because the most expensive mistake is to restore the wrong file.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version
from sqlalchemy import make_url, update

from backstay.access.models import SignIn
from backstay.audit.capture import Event, record_event
from backstay.backup import postgresql, sqlite
from backstay.backup.archive import FILES, Manifest, unpack
from backstay.backup.create import compare_files, compare_postgresql, compare_sqlite
from backstay.backup.scratch import kept_name, scratch_name, stamp
from backstay.clock import now
from backstay.db.database import Database
from backstay.errors import Conflict, Invalid
from backstay.i18n import gettext as _
from backstay.kernel.discovery import discover
from backstay.kernel.setup import migrate

if TYPE_CHECKING:
    from backstay.db.context import Context
    from backstay.home import Home


@dataclass(frozen=True, slots=True)
class RestoreBackup:
    """Put a backup in place.

    Arguments:
        replace: also where the installation holds data already.
    """

    file: Path
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put in place, and where the data is that was there before (empty: there was none).

    Arguments:
        missing: plugins whose data was restored but which are not installed.
    """

    manifest: Manifest
    kept: tuple[str, ...]
    missing: tuple[str, ...]


def restore_backup(home: Home, context: Context, command: RestoreBackup) -> Restored:
    """Restore the database and the uploaded files, bring the tables up to date, sign all out.

    Nothing of the installation is touched before the backup was restored into scratch and compared
    with its manifest; then both are swapped.

    Raises:
        Conflict: the installation is not empty, or is running.
        Invalid: the backup is damaged, of the other kind of database, or of a newer version.
    """
    is_sqlite = make_url(home.database_url).drivername == "sqlite"
    if not command.replace and not _is_empty(home, is_sqlite=is_sqlite):
        raise Conflict(
            _(
                "There is data in this installation already. To put the backup in its place, say"
                " --replace; what is there now will be kept beside it."
            )
        )
    with tempfile.TemporaryDirectory(dir=home.path, prefix=".restore-") as folder:
        place = Path(folder)
        manifest = unpack(command.file, place)
        _check_origin(manifest, "sqlite" if is_sqlite else "postgresql")
        compare_files(manifest, place / FILES)
        label = command.file.name
        if is_sqlite:
            kept = _restore_sqlite(home, context, manifest, place, label)
        else:
            kept = _restore_postgresql(home, context, manifest, place, label)
    installed = discover()
    return Restored(
        manifest, kept, tuple(name for name in manifest.plugins if name not in installed)
    )


def _is_empty(home: Home, *, is_sqlite: bool) -> bool:
    if home.files.is_dir() and any(home.files.iterdir()):
        return False
    if is_sqlite:
        return home.database_file is None or sqlite.is_empty(home.database_file)
    return postgresql.is_empty(home.database_url)


def _check_origin(manifest: Manifest, database: str) -> None:
    if manifest.database != database:
        raise Invalid(
            _(
                "This is a backup of %(from)s, but the installation uses %(to)s.",
                **{"from": manifest.database, "to": database},
            ),
            field="file",
        )
    installed = {name: found.version for name, found in discover().items()}
    for name, made in {"backstay": manifest.version, **manifest.plugins}.items():
        here = version("backstay") if name == "backstay" else installed.get(name)
        if here is not None and Version(made) > Version(here):
            raise Invalid(
                _(
                    "The backup was made by %(name)s %(made)s; version %(here)s is installed here."
                    " Update it first.",
                    name=name,
                    made=made,
                    here=here,
                ),
                field="file",
            )


def _restore_sqlite(
    home: Home, context: Context, manifest: Manifest, place: Path, label: str
) -> tuple[str, ...]:
    restored = place / manifest.dump
    compare_sqlite(manifest, restored)
    _finish(f"sqlite:///{restored}", context, label)
    sqlite.close_for_good(restored)
    present = home.database_file
    assert present is not None  # noqa: S101 - it is SQLite
    sqlite.close_for_good(present)
    beside = home.path / f"before-restore-{stamp()}"
    with _undone_on_failure() as undo:
        kept = _swap(place / FILES, home.files, beside / FILES, undo)
        kept |= _swap(restored, present, beside / present.name, undo)
        undo.pop_all()
    return (str(beside),) if kept else ()


def _restore_postgresql(
    home: Home, context: Context, manifest: Manifest, place: Path, label: str
) -> tuple[str, ...]:
    name = scratch_name(home.database_url)
    beside = home.path / f"before-restore-{stamp()}"
    before = kept_name(home.database_url)
    was_empty = postgresql.is_empty(home.database_url)
    with postgresql.scratch(home.database_url, name) as url:
        postgresql.load(url, place / manifest.dump)
        compare_postgresql(manifest, url)
        _finish(url, context, label)
        with _undone_on_failure() as undo:
            kept_files = _swap(place / FILES, home.files, beside / FILES, undo)
            postgresql.put_in_place(home.database_url, name, before)
            undo.pop_all()
    if was_empty:
        postgresql.drop(home.database_url, before)
    return (*((str(beside),) if kept_files else ()), *(() if was_empty else (before,)))


def _finish(url: str, context: Context, label: str) -> None:
    """Make a restored database fit for use: present tables, a note in the trail, nobody signed in.

    A cookie from before the restore must not open a session that was ended since.
    """
    database = Database(url)
    try:
        migrate(database)
        with database.write(context) as session:
            session.execute(
                update(SignIn).where(SignIn.revoked_at.is_(None)).values(revoked_at=now()),
                execution_options={"synchronize_session": False},
            )
            record_event(session, Event("restore", "core_backup", label=label))
    finally:
        database.dispose()


def _undone_on_failure() -> ExitStack:
    """A stack of steps back, emptied by ``pop_all`` when everything went well."""
    return ExitStack()


def _swap(new: Path, present: Path, kept: Path, undo: ExitStack) -> bool:
    """Move what is present aside and the new in its place; returns whether something was kept."""
    was_there = present.exists()
    if was_there:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        present.rename(kept)
        undo.callback(kept.rename, present)
    if new.exists():
        present.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.rename(present)
        undo.callback(_remove, present)
    return was_there


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError):
            path.unlink()
