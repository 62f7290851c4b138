"""One file that holds a backup: a manifest, the database, the uploaded files.

It is a ``.tar.gz``, so that it can be opened without Backstay. The manifest comes first and names
every other member with its size and sha256; nothing that it does not name is ever unpacked.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from backstay.backup.contents import Contents
from backstay.errors import Invalid
from backstay.files.store import INCOMING
from backstay.i18n import gettext as _

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
FILES: Final = "files"
_LARGEST_MANIFEST: Final = 256 * 1024 * 1024
_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the backup."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds, and from what it was made.

    Arguments:
        created_at: the instant, in ISO form.
        version: of Backstay; ``plugins`` likewise by name.
        database: ``sqlite`` or ``postgresql``; ``server`` is its version.
        dump: the member that holds the database.
        members: all members by name, without the manifest itself.
    """

    created_at: str
    version: str
    plugins: Mapping[str, str]
    database: str
    server: str
    dump: str
    contents: Contents
    members: Mapping[str, Member]
    format: int = FORMAT

    def to_json(self) -> bytes:
        """The manifest as it is stored."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Read a stored manifest.

        Raises:
            Invalid: it is none, or of a format that this version does not know.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            known = values["format"] == FORMAT
            contents = Contents(**values.pop("contents"))
            members = {name: Member(**one) for name, one in values.pop("members").items()}
            manifest = cls(contents=contents, members=members, **values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Invalid(_("The file is not a backup of Backstay.")) from error
        if not known:
            raise Invalid(_("The backup has a format that this version does not know."))
        if manifest.dump not in members:
            raise Invalid(_("The backup lacks “%(name)s”.", name=manifest.dump))
        return manifest

    @property
    def rows(self) -> int:
        """How many rows all tables have together."""
        return sum(self.contents.rows.values())

    @property
    def files(self) -> int:
        """How many uploaded files it holds."""
        return len(self.members) - 1

    @property
    def faulty_files(self) -> tuple[str, ...]:
        """Hashes of stored files that were missing or damaged when the backup was made.

        It is made all the same: a backup of the rest is better than none.
        """
        found = {
            name.rpartition("/")[2]
            for name, member in self.members.items()
            if name.rpartition("/")[2] == member.sha256
        }
        return tuple(one for one in self.contents.stored if one not in found)


def describe(path: Path) -> Member:
    """Size and hash of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return Member(path.stat().st_size, digest.hexdigest())


def uploaded_files(folder: Path) -> dict[str, Path]:
    """The regular files below a folder by the name of their member, without unfinished ones."""
    return {
        f"{FILES}/{path.relative_to(folder).as_posix()}": path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and INCOMING not in path.parts
    }


def write_archive(target: Path, manifest: Manifest, sources: Mapping[str, Path]) -> None:
    """Write a backup, readable by its owner only; a file of that name is replaced at the end."""
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
                text = manifest.to_json()
                archive.addfile(_entry(MANIFEST, len(text)), io.BytesIO(text))
                for name, member in manifest.members.items():
                    with sources[name].open("rb") as source:
                        archive.addfile(_entry(name, member.size), source)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o600
    return entry


def unpack(source: Path, folder: Path) -> Manifest:
    """Unpack a backup into an empty folder, comparing every member with the manifest.

    Raises:
        Invalid: it is no backup, is damaged or cut off, or holds what it does not name.
    """
    with _opened(source) as archive:
        first = archive.next()
        if first is None or first.name != MANIFEST or first.size > _LARGEST_MANIFEST:
            raise Invalid(_("%(file)s is not a backup of Backstay.", file=source.name))
        manifest = Manifest.from_json(_content(archive, first).read())
        missing = dict(manifest.members)
        while (entry := archive.next()) is not None:
            expected = missing.pop(entry.name, None)
            if expected is None or not entry.isreg() or not _is_plain(entry.name):
                raise Invalid(
                    _(
                        "The backup holds “%(name)s”, which its manifest does not name.",
                        name=entry.name,
                    )
                )
            path = folder / entry.name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _copy(_content(archive, entry), path) != expected:
                raise Invalid(_("“%(name)s” in the backup is damaged.", name=entry.name))
    if missing:
        raise Invalid(_("The backup lacks “%(name)s”.", name=min(missing)))
    return manifest


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:gz") as archive:
            yield archive
    except FileNotFoundError as error:
        raise Invalid(_("There is no file %(file)s.", file=source), field="file") from error
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise Invalid(
            _(
                "%(file)s can't be read as a backup: it is damaged, cut off or something else"
                " (%(why)s).",
                file=source.name,
                why=error,
            ),
            field="file",
        ) from error


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(entry)
    if content is None:
        raise Invalid(_("“%(name)s” in the backup is not a file.", name=entry.name))
    return content


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _copy(source: IO[bytes], path: Path) -> Member:
    digest = hashlib.sha256()
    size = 0
    with path.open("xb") as target:
        path.chmod(0o600)
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
    return Member(size, digest.hexdigest())
