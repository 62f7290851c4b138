"""Token files that were uploaded, and the one that is in force."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, Identified, Scope, Versioned, short


class TokensState(enum.Enum):
    """Whether tokens are over the theme that everybody sees."""

    UPLOADED = "uploaded"
    APPLIED = "applied"


class ThemeTokens(Identified, Versioned, CoreBase):
    """Tokens that an administrator put, or can put, over those of the theme."""

    __tablename__ = "core_theme_tokens"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL
    __table_args__ = (
        # One is in force at a time.
        Index(
            "ix_core_theme_tokens_applied",
            "state",
            unique=True,
            sqlite_where=text("state = 'applied'"),
            postgresql_where=text("state = 'applied'"),
        ),
    )

    name: Mapped[str] = mapped_column(short(40))
    content: Mapped[dict[str, Any]]
    """In the form of a file, every value read and written anew."""
    state: Mapped[TokensState] = mapped_column(default=TokensState.UPLOADED)
    uploaded_by: Mapped[str] = mapped_column(short(120))
    uploaded_at: Mapped[datetime]
