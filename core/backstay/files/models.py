"""What the database knows of stored files: each content once, and who needs it.

A row that needs a content has a foreign key to ``core_blob.sha256``; the database itself then
refuses to let the content go. That holds for tables of plugins too, also while they are off.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, Identified, Scope, short
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
    """Where it was made, for the audit trail; None outside a company."""
    sha256: Mapped[str] = mapped_column(short(64), ForeignKey("core_blob.sha256"))
    name: Mapped[str] = mapped_column(short(200))
    media_type: Mapped[str] = mapped_column(short(100))
    """What it is served as; its maker knows better than its content (CSV looks like any text)."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


__all__ = ["Blob", "PrivateFile"]
