"""Files on disk by the sha256 of their content, in one folder that all processes share.

A file is written under a made-up name, brought to the disk, and only then renamed to its hash: what
is there under a hash is whole. Nothing that people type becomes a part of a path. The same content
is kept once, whoever brings it. Whether a file is still needed is known to the database alone.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import time
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from backstay.errors import BackstayError, ConfigurationError, Invalid, Unavailable
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from pathlib import Path

INCOMING: Final = ".incoming"
"""The folder of files that are being written; nothing in it belongs into a backup."""
_CHUNK: Final = 1024 * 1024
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class FileDamaged(BackstayError):
    """A stored file is missing or no longer what was stored; a backup has it."""

    status = 500


class Incoming:
    """A file that is being written; the store makes it (:meth:`FileStore.incoming`)."""

    def __init__(self, path: Path, limit: int) -> None:
        """Begin an empty file of at most ``limit`` bytes."""
        self.path = path
        self.limit = limit
        self.size = 0
        self._digest = hashlib.sha256()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self.file: BinaryIO = os.fdopen(descriptor, "w+b")

    def write(self, data: bytes) -> int:
        """Add bytes.

        Raises:
            Invalid: it becomes larger than allowed.
            Unavailable: the disk is full.
        """
        self.size += len(data)
        if self.size > self.limit:
            raise TooLarge(self.limit)
        self._digest.update(data)
        with _room():
            return self.file.write(data)

    def copy(self, source: IO[bytes]) -> None:
        """Add all of another file, read in pieces."""
        while chunk := source.read(_CHUNK):
            self.write(chunk)

    def flush(self) -> None:
        """Nothing to do before the end; writers of archives ask for it."""

    @property
    def sha256(self) -> str:
        """The hash of what was written so far."""
        return self._digest.hexdigest()


class TooLarge(Invalid):
    """A file is larger than allowed here."""

    def __init__(self, limit: int) -> None:
        """Say how large it may be."""
        super().__init__(
            _("The file is too large: at most %(most)s are taken here.", most=size_text(limit)),
            field="file",
        )


class FileStore:
    """The folder. Any number of processes of one machine may use it at the same time."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made before the first file arrives."""
        self.folder = folder

    @contextmanager
    def incoming(self, limit: int) -> Iterator[Incoming]:
        """A new file to write into; gone at the end unless it was kept.

        Arguments:
            limit: the most bytes that it may have.
        """
        folder = self.folder / INCOMING
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Incoming(folder / secrets.token_hex(16), limit)
        try:
            yield made
        finally:
            with suppress(OSError):  # the disk is full: what could not be written is given up
                made.file.close()
            made.path.unlink(missing_ok=True)

    def keep(self, incoming: Incoming) -> str:
        """Put a written file in its place, on the disk for good; returns its hash.

        A damaged file of the same content is replaced by it.
        """
        sha256 = incoming.sha256
        place = self.path(sha256)
        with _room():
            incoming.file.flush()
            os.fsync(incoming.file.fileno())
            if self.state(sha256, incoming.size) != "whole":
                place.parent.mkdir(mode=0o700, exist_ok=True)
                incoming.path.chmod(0o400)
                incoming.path.replace(place)
                _sync_folder(place.parent)
                _sync_folder(self.folder)
        os.utime(place)
        return sha256

    def path(self, sha256: str) -> Path:
        """Where a file lies.

        Raises:
            ConfigurationError: that is no hash.
        """
        if not _HASH.fullmatch(sha256):
            message = f"{sha256!r} is not a sha256 in hexadecimal"
            raise ConfigurationError(message)
        return self.folder / sha256[:2] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """Open a file for reading, after its content was compared with its hash.

        Raises:
            FileDamaged: it is missing, or not what was stored.
        """
        try:
            file = self.path(sha256).open("rb")
        except OSError as error:
            raise FileDamaged(
                _(
                    "The stored file %(hash)s… can't be opened (%(why)s). An administrator can"
                    " restore it from a backup; everything else works.",
                    hash=sha256[:12],
                    why=error.strerror,
                )
            ) from error
        if _hash_of(file) != sha256:
            file.close()
            raise FileDamaged(
                _(
                    "The stored file %(hash)s… is damaged: it is not what was stored. An"
                    " administrator can restore it from a backup; everything else works.",
                    hash=sha256[:12],
                )
            )
        file.seek(0)
        return file

    def state(self, sha256: str, size: int | None = None) -> str:
        """``whole``, ``damaged`` or ``missing``; reads all of it."""
        try:
            with self.path(sha256).open("rb") as file:
                if size is not None and os.fstat(file.fileno()).st_size != size:
                    return "damaged"
                return "whole" if _hash_of(file) == sha256 else "damaged"
        except FileNotFoundError:
            return "missing"
        except OSError:
            return "damaged"

    def hashes(self) -> Iterator[str]:
        """The hashes of all files that lie here, in order."""
        if not self.folder.is_dir():
            return
        for part in sorted(self.folder.iterdir()):
            if len(part.name) == 2 and part.is_dir():  # noqa: PLR2004 - the first byte of a hash
                yield from sorted(one.name for one in part.iterdir() if _HASH.fullmatch(one.name))

    def age(self, sha256: str) -> float:
        """Seconds since somebody last brought this content; 0 when it is not there."""
        try:
            return max(0.0, time.time() - self.path(sha256).stat().st_mtime)
        except OSError:
            return 0.0

    def remove(self, sha256: str) -> int:
        """Delete a file; returns the bytes that became free."""
        path = self.path(sha256)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        return size

    def remove_unfinished(self, older_than: timedelta) -> int:
        """Delete what writers left behind that ended in the middle; returns how many."""
        folder = self.folder / INCOMING
        before = time.time() - older_than.total_seconds()
        count = 0
        for path in folder.iterdir() if folder.is_dir() else ():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    count += 1
        return count


def size_text(size: int) -> str:
    """A size as people read it: 812 B, 34 kB, 2.5 MB (of 1,024)."""
    kilo = 1024
    if size < kilo:
        return f"{size} B"
    if size < kilo * kilo:
        return f"{size / kilo:.0f} kB"
    megabytes = size / kilo / kilo
    return f"{megabytes:.0f} MB" if megabytes.is_integer() else f"{megabytes:.1f} MB"


def _hash_of(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise Unavailable(
                _("There is no room left on the server's disk. Nothing was saved.")
            ) from error
        raise
