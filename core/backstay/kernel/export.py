"""The export of all that a module holds, made and read back before any of it is deleted.

A zip file that can be read without Backstay: a manifest, one file of JSON lines for each table (the
plugin's own, and the rows of core that speak of it), and every stored file by its sha256. Values
are as the database holds them: amounts in ten-thousandths, instants in microseconds since 1970.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zipfile
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Final

from sqlalchemy import JSON, Column, MetaData, Table, select, true, type_coerce
from sqlalchemy import column as named_column
from sqlalchemy import inspect as look_at
from sqlalchemy import table as named_table
from sqlalchemy.types import NullType

from backstay import __version__
from backstay.clock import now
from backstay.errors import ConfigurationError
from backstay.files.models import Attachment
from backstay.files.store import FileStore
from backstay.i18n import gettext as _
from backstay.imports.models import ImportFile
from backstay.kernel.holdings import contents_of, own_tables, rows_of_core, version_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection, FromClause, Select

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_CHUNK: Final = 1024 * 1024
_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the export; ``rows`` is None for what is no table."""

    sha256: str
    size: int
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """What an export holds.

    Arguments:
        tables: of each table its columns with their types.
        members: every file in it by its name, without the manifest.
        damaged: hashes of stored files that were missing or damaged when it was made.
    """

    plugin: str
    version: str
    revision: str
    created_at: str
    backstay: str
    database: str
    tables: dict[str, dict[str, str]]
    members: dict[str, Member]
    damaged: tuple[str, ...] = ()
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """The rows of the plugin's own tables."""
        return sum(self.members[member_of(name)].rows or 0 for name in self.tables)


def member_of(table: str) -> str:
    """The name of a table's file."""
    return f"tables/{table}.jsonl"


def export_module(
    connection: Connection, plugin: str, version: str, target: Path, files: Path | None
) -> Export:
    """Write the export of a module into a new file, readable by its owner only.

    Arguments:
        version: of the plugin whose migrations made the tables.
        files: the folder of the file store.

    Raises:
        ConfigurationError: it needs stored files, and there is no folder of them.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                export = _write(connection, plugin, version, archive, files)
                text = json.dumps(asdict(export), indent=1, sort_keys=True, ensure_ascii=False)
                archive.writestr(MANIFEST, text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return export


def _write(
    connection: Connection,
    plugin: str,
    version: str,
    archive: zipfile.ZipFile,
    files: Path | None,
) -> Export:
    tables = {name: _columns(connection, name) for name in own_tables(connection, plugin)}
    members: dict[str, Member] = {}
    for name in tables:
        members[member_of(name)] = _copy(archive, member_of(name), table_lines(connection, name))
    for rows in rows_of_core(plugin):
        name = str(rows.table.description)
        member = f"core/{name}.jsonl"
        members[member] = _copy(archive, member, _lines(connection, rows.table, rows.condition))
    damaged = []
    for sha256 in stored_files(connection, plugin):
        found = _copy_file(archive, sha256, files)
        if found is None:
            damaged.append(sha256)
        else:
            members[f"files/{sha256}"] = found
    return Export(
        plugin=plugin,
        version=version,
        revision=_revision(connection, plugin),
        created_at=now().isoformat(),
        backstay=__version__,
        database=connection.dialect.name,
        tables=tables,
        members=members,
        damaged=tuple(damaged),
    )


def table_lines(connection: Connection, table: str) -> Iterator[bytes]:
    """The rows of a table as JSON lines, in the order of its primary key."""
    kinds = look_at(connection).get_columns(table)
    bare = Table(table, MetaData(), *(Column(one["name"], one["type"]) for one in kinds))
    return _lines(connection, bare, true())


def digest_of(connection: Connection, table: str) -> str:
    """The sha256 of what :func:`table_lines` gives, to compare a table with its export."""
    digest = hashlib.sha256()
    for line in table_lines(connection, table):
        digest.update(line)
    return digest.hexdigest()


def stored_files(connection: Connection, plugin: str) -> list[str]:
    """The hashes of all stored files that a plugin's rows, attachments and imports need."""
    wanted: list[Select[Any]] = [
        select(column).where(rows.condition)
        for rows in rows_of_core(plugin)
        for column in (Attachment.__table__.c.sha256, ImportFile.__table__.c.sha256)
        if column.table is rows.table
    ]
    for table, columns in contents_of(connection, plugin).items():
        for column in columns:
            one = named_table(table, named_column(column)).c[column]
            wanted.append(select(one).where(one.is_not(None)))
    return sorted({sha for statement in wanted for sha in connection.scalars(statement.distinct())})


def verify_export(path: Path) -> Export:
    """Read an export back, all of it, and compare it with its manifest.

    Raises:
        ConfigurationError: it can't be read, or is not what was written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            export = _read_manifest(archive.read(MANIFEST))
            names = {info.filename for info in archive.infolist()} - {MANIFEST}
            wrong = sorted(names ^ export.members.keys())
            for name, expected in export.members.items():
                with archive.open(name) as member:
                    if _read(member, counting=expected.rows is not None) != expected:
                        wrong.append(name)
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ConfigurationError(
            _("The export %(file)s can't be read back: %(why)s", file=path.name, why=error)
        ) from error
    if wrong:
        raise ConfigurationError(
            _("The export %(file)s is not whole: %(name)s", file=path.name, name=wrong[0])
        )
    return export


def _read_manifest(text: bytes) -> Export:
    values: dict[str, Any] = json.loads(text)
    members = {name: Member(**one) for name, one in values.pop("members").items()}
    damaged = tuple(values.pop("damaged"))
    return Export(**values, members=members, damaged=damaged)


def _read(member: IO[bytes], *, counting: bool) -> Member:
    digest = hashlib.sha256()
    size = rows = 0
    while chunk := member.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        rows += chunk.count(b"\n")
    return Member(digest.hexdigest(), size, rows if counting else None)


def _columns(connection: Connection, table: str) -> dict[str, str]:
    return {one["name"]: str(one["type"]) for one in look_at(connection).get_columns(table)}


def _lines(
    connection: Connection, table: FromClause, condition: ColumnElement[bool]
) -> Iterator[bytes]:
    """Rows as the driver gives them: what a model would make of them is not known here."""
    keys = look_at(connection).get_pk_constraint(str(table.description))["constrained_columns"]
    sqlite = connection.dialect.name == "sqlite"
    in_text = {one.name for one in table.c if sqlite and isinstance(one.type, JSON)}
    names = [one.name for one in table.c]
    statement = (
        select(*(type_coerce(one, NullType()) for one in table.c))
        .where(condition)
        .order_by(*(table.c[one] for one in keys or names))
        .execution_options(yield_per=_AT_ONCE)
    )
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode
    for row in connection.execute(statement):
        values = {
            one: json.loads(value) if one in in_text and isinstance(value, str) else value
            for one, value in zip(names, row, strict=True)
        }
        yield encode(values).encode() + b"\n"


def _plain(value: object) -> object:
    match value:
        case date() | datetime():
            return value.isoformat()
        case Decimal():
            return str(value)
        case bytes() | memoryview():
            return {"base64": base64.b64encode(bytes(value)).decode()}
    return str(value)


def _copy(archive: zipfile.ZipFile, name: str, lines: Iterator[bytes]) -> Member:
    digest = hashlib.sha256()
    size = rows = 0
    with archive.open(name, "w", force_zip64=True) as member:
        for line in lines:
            member.write(line)
            digest.update(line)
            size += len(line)
            rows += 1
    return Member(digest.hexdigest(), size, rows)


def _copy_file(archive: zipfile.ZipFile, sha256: str, files: Path | None) -> Member | None:
    """Copy a stored file; None when it is missing or no longer what was stored."""
    if files is None:
        message = "this database was opened without a folder for files: Database(url, files=...)"
        raise ConfigurationError(message)
    store = FileStore(files)
    if store.state(sha256) != "whole":
        return None
    size = 0
    with (
        store.path(sha256).open("rb") as source,
        archive.open(f"files/{sha256}", "w", force_zip64=True) as member,
    ):
        while chunk := source.read(_CHUNK):
            member.write(chunk)
            size += len(chunk)
    return Member(sha256, size)


def _revision(connection: Connection, plugin: str) -> str:
    name = version_table(plugin)
    if not look_at(connection).has_table(name):
        return ""
    return str(connection.scalar(select(named_table(name, named_column("version_num")))) or "")
