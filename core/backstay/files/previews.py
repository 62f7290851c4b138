"""Pictures of the pages of files, drawn by a job in a process of its own.

What is drawn was made by strangers, and the libraries that draw it are large: the process has
little memory, little time, and may crash without anybody noticing but the one file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.clock import now
from backstay.errors import BackstayError
from backstay.files.kinds import PNG, kind_named
from backstay.files.models import Blob, Preview, PreviewPage, PreviewState
from backstay.files.services import Allowed, keep_file, store_of
from backstay.files.store import FileDamaged
from backstay.jobs.queue import enqueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from backstay.files.services import StoredFile

MAKE_PREVIEW: Final = "core.preview.make"
PATIENCE: Final = timedelta(minutes=2)
"""How long a page waits for a preview before it says that there is none."""
_SECONDS: Final = 60
_LARGEST_PNG: Final = 6 * 1024 * 1024
_PNG_SIZE: Final = slice(16, 24)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a drawing process left: PNG files, the small one first, and how many pages there are."""

    pictures: tuple[bytes, ...]
    pages: int


def ask_for_preview(session: Session, stored: StoredFile) -> None:
    """Have pictures of a content made, unless it is of a kind without or they exist already."""
    kind = kind_named(stored.media_type)
    if kind is None or not kind.preview or session.get(Preview, stored.sha256) is not None:
        return
    session.add(Preview(source=stored.sha256, asked_at=now()))
    session.flush()
    enqueue(session, MAKE_PREVIEW, {"sha256": stored.sha256})


def previews_of(session: Session, hashes: Sequence[str]) -> dict[str, Preview]:
    """Where the previews of contents stand, by hash."""
    if not hashes:
        return {}
    found = session.scalars(select(Preview).where(Preview.source.in_(hashes)))
    return {one.source: one for one in found}


def pages_of(session: Session, sha256: str) -> list[PreviewPage]:
    """The pictures of a content's pages, without the small one."""
    return list(
        session.scalars(
            select(PreviewPage)
            .where(PreviewPage.source == sha256, PreviewPage.page > 0)
            .order_by(PreviewPage.page)
        )
    )


def picture_of(session: Session, sha256: str, page: int) -> str | None:
    """The hash of the picture of a page; 0 is the small one."""
    found = session.get(PreviewPage, (sha256, page))
    return found.image if found is not None else None


def draw_waiting(session: Session, sha256: str) -> Drawn | None:
    """Draw a content whose preview waits; None when nothing is to be done any more.

    Reads only; a file that can't be drawn gives no pictures.
    """
    preview = session.get(Preview, sha256)
    blob = session.get(Blob, sha256)
    if preview is None or blob is None or preview.state is not PreviewState.WAITING:
        return None
    store = store_of(session)
    try:
        store.open(sha256).close()
    except FileDamaged:
        return Drawn((), 0)
    return draw(store.path(sha256), blob.media_type)


def keep_drawn(session: Session, sha256: str, drawn: Drawn) -> None:
    """Put the pictures into the store; a second time changes nothing."""
    preview = session.get(Preview, sha256, with_for_update=True, populate_existing=True)
    if preview is None or preview.state is not PreviewState.WAITING:
        return
    preview.pages = drawn.pages
    preview.state = PreviewState.READY if drawn.pictures else PreviewState.IMPOSSIBLE
    allowed = Allowed(kinds=(PNG,), most_bytes=_LARGEST_PNG)
    for page, picture in enumerate(drawn.pictures):
        width, height = _measure(picture)
        session.add(
            PreviewPage(
                source=sha256,
                page=page,
                image=keep_file(session, picture, allowed).sha256,
                width=width,
                height=height,
            )
        )
    session.flush()


def draw(path: Path, media_type: str) -> Drawn:
    """Draw a file in a process of its own, which may fail in any way it likes."""
    with tempfile.TemporaryDirectory(prefix="backstay-preview-") as folder:
        command = [sys.executable, "-I", "-m", "backstay.files.render", str(path), folder]
        try:
            done = subprocess.run(
                [*command, media_type],
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return Drawn((), 0)
        if done.returncode != 0:
            return Drawn((), 0)
        try:
            return _collected(Path(folder), int(done.stdout))
        except (OSError, ValueError, BackstayError):
            return Drawn((), 0)


def _collected(folder: Path, pages: int) -> Drawn:
    pictures = []
    for path in sorted(folder.glob("*.png")):
        if path.stat().st_size > _LARGEST_PNG:
            return Drawn((), 0)
        picture = path.read_bytes()
        if not picture.startswith(b"\x89PNG\r\n\x1a\n"):
            return Drawn((), 0)
        pictures.append(picture)
    return Drawn(tuple(pictures), pages)


def _measure(picture: bytes) -> tuple[int, int]:
    size = picture[_PNG_SIZE]
    return int.from_bytes(size[:4], "big"), int.from_bytes(size[4:], "big")
