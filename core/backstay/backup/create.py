"""Making a backup, and proving it by restoring it into scratch."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from backstay.audit.capture import Event, record_event
from backstay.backup import postgresql, sqlite
from backstay.backup.archive import (
    FILES,
    Manifest,
    describe,
    unpack,
    uploaded_files,
    write_archive,
)
from backstay.backup.contents import Contents, money_columns
from backstay.backup.scratch import scratch_name
from backstay.clock import now
from backstay.db.database import Database
from backstay.errors import Conflict, Invalid
from backstay.i18n import gettext as _
from backstay.kernel.state import load_in_force

if TYPE_CHECKING:
    from backstay.db.context import Context
    from backstay.home import Home


@dataclass(frozen=True, slots=True)
class CreateBackup:
    """Back up an installation into one file.

    Arguments:
        file: the backup; made readable by its owner only.
        replace: overwrite a file of this name.
        verify: restore it into scratch afterwards and compare.
    """

    file: Path
    replace: bool = False
    verify: bool = True


def create_backup(home: Home, context: Context, command: CreateBackup) -> Manifest:
    """Back up the database and the uploaded files while Backstay goes on working.

    The audit trail notes who took a copy; the note is in the copy too.

    Raises:
        Conflict: the file exists.
        Invalid: the backup could not be made, or is not the same when it is restored.
    """
    target = command.file.resolve()
    if target.exists() and not command.replace:
        raise Conflict(
            _("%(file)s exists already. Choose another name.", file=command.file), field="file"
        )
    if not target.parent.is_dir():
        raise Invalid(
            _("The folder %(folder)s does not exist.", folder=target.parent), field="file"
        )
    is_sqlite = make_url(home.database_url).drivername == "sqlite"
    if is_sqlite and home.database_file is not None and not home.database_file.exists():
        raise Invalid(_("There is no database in the data folder: nothing to back up."))
    database = Database(home.database_url)
    try:
        suite = load_in_force(database)
        with database.write(context, suite) as session:
            record_event(session, Event("backup", "core_backup", label=target.name))
    finally:
        database.dispose()
    money = money_columns(suite)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        path = Path(folder) / "dump"
        contents: Contents
        if is_sqlite and home.database_file is not None:
            name = sqlite.DUMP
            server = sqlite.dump(home.database_file, path)
            contents = sqlite.read_contents(path, money)
        else:
            name = postgresql.DUMP
            server, contents = postgresql.dump(home.database_url, path, money)
        sources = {name: path, **uploaded_files(home.files)}
        manifest = Manifest(
            created_at=now().isoformat(),
            version=version("backstay"),
            plugins={one: suite.found[one].version for one in suite.running if one in suite.found},
            database="sqlite" if is_sqlite else "postgresql",
            server=server,
            dump=name,
            contents=contents,
            members={one: describe(source) for one, source in sources.items()},
        )
        write_archive(target, manifest, sources)
    if command.verify:
        verify_backup(home, target)
    return manifest


def verify_backup(home: Home, file: Path) -> Manifest:
    """Restore a backup into scratch and compare it with its manifest; changes nothing.

    Raises:
        Invalid: it is damaged, or not the same after restoring; says what differs.
    """
    with tempfile.TemporaryDirectory(dir=file.resolve().parent, prefix=".verify-") as folder:
        place = Path(folder)
        manifest = unpack(file, place)
        compare_files(manifest, place / FILES)
        if manifest.database == "sqlite":
            compare_sqlite(manifest, place / manifest.dump)
        else:
            if make_url(home.database_url).drivername == "sqlite":
                raise Invalid(
                    _(
                        "This is a backup of PostgreSQL: name a PostgreSQL server in"
                        " BACKSTAY_DATABASE to try it in."
                    )
                )
            with postgresql.scratch(home.database_url, scratch_name(home.database_url)) as url:
                postgresql.load(url, place / manifest.dump)
                compare_postgresql(manifest, url)
    return manifest


def compare_sqlite(manifest: Manifest, path: Path) -> None:
    """Refuse a restored file that is damaged or not what the manifest says."""
    sqlite.check(path)
    _compare(manifest, sqlite.read_contents(path, manifest.contents.sums))


def compare_postgresql(manifest: Manifest, url: str) -> None:
    """Refuse a restored database that is not what the manifest says."""
    _compare(manifest, postgresql.read_contents(url, manifest.contents.sums))


def compare_files(manifest: Manifest, folder: Path) -> None:
    """Refuse files that are not those of the manifest."""
    expected = {name for name in manifest.members if name != manifest.dump}
    if set(uploaded_files(folder)) != expected:
        raise Invalid(_("The uploaded files in the backup are not complete."))


def _compare(manifest: Manifest, restored: Contents) -> None:
    differences = manifest.contents.differences(restored)
    if differences:
        raise Invalid(
            _(
                "The restored database is not the same as the one that was backed up:"
                " %(differences)s.",
                differences="; ".join(differences[:5]),
            )
        )
