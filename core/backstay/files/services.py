"""Bringing files into the store and taking them out again, in the transaction of a command."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from sqlalchemy import or_, select, true
from sqlalchemy.dialects import postgresql, sqlite

from backstay.clock import now
from backstay.db.context import context_of
from backstay.errors import ConfigurationError, Invalid, NotFound
from backstay.files.archives import Unpacked, check_archive
from backstay.files.kinds import KINDS, UNKNOWN, FileKind, kind_of
from backstay.files.models import Blob, PrivateFile
from backstay.files.names import shown_name
from backstay.files.store import FileStore
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay.files.store import Incoming

MAX_BYTES: Final = 25 * 1024 * 1024
"""The largest file that a person may bring, in bytes, where nothing else is said."""
MAX_MADE_BYTES: Final = 4 * 1024 * 1024 * 1024
"""The largest file that the program may make, in bytes."""
PRIVATE_FOR: Final = timedelta(days=7)
_ARCHIVES: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is taken in one place.

    Arguments:
        kinds: by content; None takes everything, also what is unknown.
        most_bytes: of one file.
        unpacked: how much an archive (XLSX and the like) may hold.
    """

    kinds: tuple[FileKind, ...] | None = KINDS
    most_bytes: int = MAX_BYTES
    unpacked: Unpacked = field(default_factory=Unpacked)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A content in the store.

    Arguments:
        sha256: its name there; a row that needs it has a foreign key to ``core_blob.sha256``.
        size: in bytes.
        media_type: by its content.
    """

    sha256: str
    size: int
    media_type: str


def store_of(session: Session) -> FileStore:
    """The store of the installation that a session works in.

    Raises:
        ConfigurationError: the database was opened without the folder of the files.
    """
    folder = session.info.get("files")
    if not isinstance(folder, Path):
        message = "this database was opened without a folder for files: Database(url, files=...)"
        raise ConfigurationError(message)
    return FileStore(folder)


def keep_file(
    session: Session, source: IO[bytes] | bytes, allowed: Allowed | None = None, *, name: str = ""
) -> StoredFile:
    """Put a file into the store, in pieces, after its size, kind and unpacked size were checked.

    The caller writes a row with a foreign key to it in the same transaction; if that is rolled
    back, the content is nobody's and ``backstay files prune`` takes it away.

    Arguments:
        source: the bytes, or a file that is read from where it stands.
        allowed: what is taken here; left out, every known kind up to 25 MB.
        name: the file's own name, for the words of a refusal.

    Raises:
        Invalid: it is empty, too large, of a kind that is not taken, or a bomb.
        Unavailable: the disk is full.
    """
    allowed = allowed or Allowed()
    with new_file(session, most_bytes=allowed.most_bytes) as incoming:
        incoming.copy(io.BytesIO(source) if isinstance(source, bytes) else source)
        return keep_written(session, incoming, allowed, name=name)


@contextmanager
def new_file(session: Session, *, most_bytes: int = MAX_MADE_BYTES) -> Iterator[Incoming]:
    """A new file to write into piece by piece (it has ``write``); gone unless it is kept.

    Use it with :func:`keep_written`, inside the ``with``.
    """
    with store_of(session).incoming(most_bytes) as incoming:
        yield incoming


def keep_written(
    session: Session, incoming: Incoming, allowed: Allowed | None = None, *, name: str = ""
) -> StoredFile:
    """Put a written file into the store; see :func:`keep_file`.

    Arguments:
        allowed: left out, everything is taken: the program wrote it itself.
    """
    kind = _checked(incoming, allowed or Allowed(kinds=None, most_bytes=incoming.limit), name)
    stored = StoredFile(
        incoming.sha256, incoming.size, kind.media_type if kind is not None else UNKNOWN
    )
    # The row first: whoever tidies up holds it while the content is taken away.
    _claim(session, stored)
    store_of(session).keep(incoming)
    return stored


def open_file(session: Session, sha256: str) -> BinaryIO:
    """A stored content, open for reading, after it was compared with its hash.

    Raises:
        FileDamaged: it is missing, or not what was stored.
    """
    return store_of(session).open(sha256)


def let_go(session: Session, sha256: str) -> None:
    """Note that a row needs a content no longer; it is kept for a day, and while others need it."""
    blob = session.get(Blob, sha256)
    if blob is not None:
        blob.touched_at = now()


def give_file(
    session: Session,
    stored: StoredFile,
    *,
    name: str,
    media_type: str = "",
    user_id: int | None = None,
    lasts: timedelta = PRIVATE_FOR,
) -> PrivateFile:
    """Give a file to one person, for some days; nobody else can fetch it.

    Arguments:
        media_type: what it is served as; left out, as its content says.
        user_id: whose it is; left out, the person who acts.

    Raises:
        Invalid: nobody acts who could fetch it (the command line).
    """
    context = context_of(session)
    owner = user_id if user_id is not None else context.actor.user_id
    if owner is None:
        raise Invalid(_("Only a signed-in person can be given a file to fetch."))
    at = now()
    row = PrivateFile(
        user_id=owner,
        company_id=context.company.id if context.company else None,
        sha256=stored.sha256,
        name=shown_name(name),
        media_type=media_type or stored.media_type,
        created_at=at,
        expires_at=at + lasts,
    )
    session.add(row)
    session.flush()
    return row


def private_file(session: Session, file_id: int) -> PrivateFile:
    """A file of the person who acts, while it lasts and they may be in the company it is of.

    Raises:
        NotFound: there is none of this id, it is somebody else's, it is of a company that the
            person has no role in (now, or on this page), or its time is over.
    """
    context = context_of(session)
    seen = context.company_ids
    row = session.scalars(
        select(PrivateFile).where(
            PrivateFile.id == file_id,
            PrivateFile.user_id == (context.actor.user_id or 0),
            PrivateFile.expires_at > now(),
            true()
            if seen is None
            else or_(PrivateFile.company_id.is_(None), PrivateFile.company_id.in_(seen)),
        )
    ).one_or_none()
    if row is None:
        raise NotFound(
            _("There is no such file of yours, or its time is over. Have it made once more.")
        )
    return row


def _checked(incoming: Incoming, allowed: Allowed, name: str) -> FileKind | None:
    if allowed.kinds is None:
        return kind_of(incoming.file)
    if not incoming.size:
        raise Invalid(_("The file %(name)sis empty.", name=_quoted(name)), field="file")
    kind = kind_of(incoming.file)
    if kind is None or kind not in allowed.kinds:
        raise Invalid(_refused_kind(name, allowed.kinds), field="file")
    incoming.file.seek(0)
    if incoming.file.read(len(_ARCHIVES)) == _ARCHIVES:
        check_archive(incoming.file, allowed.unpacked)
    return kind


def _refused_kind(name: str, kinds: tuple[FileKind, ...]) -> str:
    taken = ", ".join(str(kind.label) for kind in kinds)
    pretended = any(name.lower().endswith(kind.endings) for kind in kinds)
    if pretended:
        return _(
            "The content of %(name)sis not what the name says, and it is not of a kind that is"
            " taken here: %(kinds)s.",
            name=_quoted(name),
            kinds=taken,
        )
    return _(
        "The file %(name)sis not of a kind that is taken here: %(kinds)s. Web pages, programs,"
        " archives and documents with macros are not.",
        name=_quoted(name),
        kinds=taken,
    )


def _quoted(name: str) -> str:
    return f"“{shown_name(name)}” " if name else ""


def _claim(session: Session, stored: StoredFile) -> None:
    """Insert the content's row, or touch it; either way it is locked until the commit."""
    at = now()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(Blob)
        .values(
            sha256=stored.sha256,
            size=stored.size,
            media_type=stored.media_type,
            created_at=at,
            touched_at=at,
        )
        .on_conflict_do_update(index_elements=[Blob.sha256], set_={"touched_at": at})
    )


__all__ = [
    "MAX_BYTES",
    "PRIVATE_FOR",
    "Allowed",
    "StoredFile",
    "give_file",
    "keep_file",
    "keep_written",
    "let_go",
    "new_file",
    "open_file",
    "private_file",
    "store_of",
]
