"""What the database knows of stored files: each content once, and who needs it.

A row that needs a content has a foreign key to ``core_blob.sha256``; the database itself then
refuses to let the content go. That holds for tables of plugins too, also while they are off.
"""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, CompanyScoped, Identified, Scope, short
from backstay.db.types import Id


class Blob(CoreBase):
    """A content that is in the store; the row is also the lock under which it comes and goes."""

    __tablename__ = "core_blob"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __table_args__ = (Index("ix_core_blob_touched_at", "touched_at"),)

    sha256: Mapped[str] = mapped_column(short(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(short(100))
    """As its content says, never its name; ``application/octet-stream`` when it is unknown."""
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    """When it was last brought or let go: what was touched lately is not tidied away."""


class PrivateFile(Identified, CoreBase):
    """A file that the program made for one person, such as an export; it goes away by itself."""

    __tablename__ = "core_private_file"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __table_args__ = (
        Index("ix_core_private_file_user_id_id", "user_id", "id"),
        Index("ix_core_private_file_expires_at", "expires_at"),
        Index("ix_core_private_file_sha256", "sha256"),
    )

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("core_user.id"))
    company_id: Mapped[int | None] = mapped_column(Id)
    """Where it was made; who has no role there any more can't fetch it. None: in no company."""
    sha256: Mapped[str] = mapped_column(short(64), ForeignKey("core_blob.sha256"))
    name: Mapped[str] = mapped_column(short(200))
    media_type: Mapped[str] = mapped_column(short(100))
    """What it is served as; its maker knows better than its content (CSV looks like any text)."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Attachment(Identified, CompanyScoped, CoreBase):
    """A file at a record; the record's own audit rows say who attached and removed it."""

    __tablename__ = "core_attachment"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        UniqueConstraint("company_id", "resource", "record_id", "sha256"),
        Index("ix_core_attachment_sha256", "sha256"),
    )

    resource: Mapped[str] = mapped_column(short(80))
    """The name of the record's resource, such as ``ledger.entry``."""
    record_id: Mapped[int] = mapped_column(Id)
    sha256: Mapped[str] = mapped_column(short(64), ForeignKey(Blob.sha256))
    name: Mapped[str] = mapped_column(short(200))
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(short(100))
    created_by: Mapped[str] = mapped_column(short(120))
    created_at: Mapped[datetime]

    def audit_label(self) -> str:
        """The file's name and where it is."""
        return f"{self.name} ({self.resource} {self.record_id})"


class PreviewState(enum.Enum):
    """Impossible: the file is broken, too large to draw, or took too long."""

    WAITING = "waiting"
    READY = "ready"
    IMPOSSIBLE = "impossible"


class Preview(CoreBase):
    """Whether the pages of a content can be shown as pictures."""

    __tablename__ = "core_preview"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    source: Mapped[str] = mapped_column(short(64), ForeignKey(Blob.sha256), primary_key=True)
    state: Mapped[PreviewState] = mapped_column(default=PreviewState.WAITING)
    pages: Mapped[int] = mapped_column(default=0)
    """How many the file has; not all of them are drawn."""
    asked_at: Mapped[datetime]


class PreviewPage(CoreBase):
    """A picture of a page; page 0 is the small one for lists."""

    __tablename__ = "core_preview_page"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __table_args__ = (Index("ix_core_preview_page_image", "image"),)

    source: Mapped[str] = mapped_column(short(64), ForeignKey(Preview.source), primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    image: Mapped[str] = mapped_column(short(64), ForeignKey(Blob.sha256))
    width: Mapped[int]
    height: Mapped[int]


__all__ = ["Attachment", "Blob", "Preview", "PreviewPage", "PreviewState", "PrivateFile"]
