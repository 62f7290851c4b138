"""Looking after the store: is everything there and whole, and what does nobody need any more.

Safe beside running processes: a content goes only while its row is locked, and whoever brings the
same content takes that lock first (see ``services.keep_written``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from backstay.clock import now
from backstay.files.models import Blob, Preview, PreviewPage, PrivateFile
from backstay.files.services import let_go, store_of
from backstay.i18n import gettext as _
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy.orm import Session

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

    _Opens = Callable[[], AbstractContextManager[Session]]

GRACE: Final = timedelta(days=1)
"""How long a content stays after it was last brought or let go."""
_BATCH: Final = 500
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Fault:
    """A content that is ``missing`` or ``damaged``, with the tables that need it."""

    sha256: str
    state: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of the store found.

    Arguments:
        files: contents that should be there; ``size`` their bytes together.
        strays: files in the folder that the database does not know.
    """

    files: int
    size: int
    faults: tuple[Fault, ...]
    strays: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was taken away (or would be)."""

    files: int
    size: int
    expired: int
    unfinished: int


def verify_files(session: Session) -> Checked:
    """Compare every stored content with its hash; changes nothing and reads everything."""
    store = store_of(session)
    known: set[str] = set()
    faults: list[Fault] = []
    total = 0
    for sha256, size in session.execute(select(Blob.sha256, Blob.size).order_by(Blob.sha256)):
        known.add(sha256)
        total += size
        state = store.state(sha256, size)
        if state != "whole":
            faults.append(Fault(sha256, state))
    strays = sum(1 for one in store.hashes() if one not in known)
    return Checked(len(known), total, tuple(faults), strays)


def prune_files(
    database: Database,
    suite: Suite,
    context: Context,
    *,
    grace: timedelta = GRACE,
    dry_run: bool = False,
) -> Pruned:
    """Take away private files whose time is over, then every content that no row needs.

    Works in short transactions, so nobody waits for it.

    Arguments:
        grace: contents that were brought or let go later than this ago stay.
        dry_run: only count.
    """
    return prune_with(
        lambda: database.read(context, suite),
        lambda: database.write(context, suite),
        grace=grace,
        dry_run=dry_run,
    )


def prune_with(
    read: _Opens,
    write: _Opens,
    *,
    grace: timedelta = GRACE,
    dry_run: bool = False,
) -> Pruned:
    """Do what :func:`prune_files` does, in sessions that the caller opens."""
    expired = _expired(read, write, dry_run=dry_run)
    files = size = 0
    for batch in _candidates(read, grace):
        with write() as session:
            for sha256 in batch:
                freed = _release(session, sha256, grace)
                if freed is None:
                    continue
                files += 1
                size += freed
                if not dry_run:
                    # Still under the lock of the row: nobody can be bringing it meanwhile.
                    store_of(session).remove(sha256)
            if dry_run:
                session.rollback()
    unfinished = 0
    if not dry_run:
        with read() as session:
            unfinished = store_of(session).remove_unfinished(GRACE)
    return Pruned(files, size, expired, unfinished)


def _expired(read: _Opens, write: _Opens, *, dry_run: bool) -> int:
    over = PrivateFile.expires_at <= now()
    if dry_run:
        with read() as session:
            return len(session.scalars(select(PrivateFile.id).where(over)).all())
    with write() as session:
        gone = session.scalars(
            delete(PrivateFile).where(over).returning(PrivateFile.sha256),
            execution_options={"synchronize_session": False},
        ).all()
        for sha256 in sorted(set(gone)):
            # A backup that is being made may have seen the row: the content stays a while.
            let_go(session, sha256)
        return len(gone)


def _candidates(read: _Opens, grace: timedelta) -> list[Sequence[str]]:
    """Contents that may go as far as their age says, in batches; also files without a row."""
    with read() as session:
        store = store_of(session)
        old = session.scalars(
            select(Blob.sha256).where(Blob.touched_at < now() - grace).order_by(Blob.sha256)
        ).all()
        known = set(session.scalars(select(Blob.sha256)))
        strays = [
            one
            for one in store.hashes()
            if one not in known and store.age(one) > grace.total_seconds()
        ]
    every = [*old, *strays]
    return [every[start : start + _BATCH] for start in range(0, len(every), _BATCH)]


def _release(session: Session, sha256: str, grace: timedelta) -> int | None:
    """Lock and delete the row of a content that nobody needs; its size, or None when it stays."""
    blob = session.get(Blob, sha256, with_for_update=True, populate_existing=True)
    try:
        with session.begin_nested():
            if blob is None:
                return _release_stray(session, sha256)
            if blob.touched_at >= now() - grace:
                return None
            size = blob.size
            for drawn in (PreviewPage, Preview):
                session.execute(
                    delete(drawn).where(drawn.source == sha256),
                    execution_options={"synchronize_session": False},
                )
            session.delete(blob)
            session.flush()
            return size
    except IntegrityError:
        return None  # a row needs it, perhaps of a plugin that is off


def _release_stray(session: Session, sha256: str) -> int:
    """Claim a file without a row by a row of its own, which is gone again at the end."""
    at = now()
    row = Blob(sha256=sha256, size=0, media_type="", created_at=at, touched_at=at)
    session.add(row)
    session.flush()
    session.delete(row)
    session.flush()
    return store_of(session).path(sha256).stat().st_size


def used_by(session: Session, sha256: str) -> str:
    """What a content is needed for, in words: the rows of loaded plugins that point to it."""
    found: list[str] = []
    for part in suite_of(session).parts:
        if part.base is None:
            continue
        for mapper in part.base.registry.mappers:
            for column in mapper.local_table.columns:
                if not any(key.column is Blob.__table__.c.sha256 for key in column.foreign_keys):
                    continue
                rows = session.scalars(select(mapper.class_).where(column == sha256).limit(_NAMED))
                found += [f"{mapper.class_.__tablename__} “{row.audit_label()}”" for row in rows]
    return ", ".join(dict.fromkeys(found)) or _("no record needs it")
