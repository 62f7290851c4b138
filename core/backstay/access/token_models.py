"""API tokens, when they were last used, and the accounts of programs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from backstay.access.models import User
from backstay.core_base import CoreBase
from backstay.db.base import Audit, Identified, Scope, short
from backstay.db.types import Id


class ApiToken(Identified, CoreBase):
    """A key with which a program acts for a user, as far as the user may and the token allows."""

    __tablename__ = "core_api_token"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL
    __secret__ = frozenset({"secret_hash"})
    __table_args__ = (Index("ix_core_api_token_user_id", "user_id"),)

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("core_user.id"))
    name: Mapped[str] = mapped_column(short(120))
    prefix: Mapped[str] = mapped_column(short(20), unique=True)
    """How people call it; the first part of the token."""
    secret_hash: Mapped[str] = mapped_column(short(64), unique=True)
    permissions: Mapped[str] = mapped_column(Text, default="")
    """Names separated by spaces; empty means whatever the owner may."""
    companies: Mapped[str] = mapped_column(Text, default="")
    """Codes separated by spaces; empty means all that are open to the owner."""
    networks: Mapped[str] = mapped_column(Text, default="")
    """CIDR networks separated by spaces; empty means any."""
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(short(120))
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(short(120))

    user: Mapped[User] = relationship()

    def audit_label(self) -> str:
        """Whose token, and which one."""
        session = object_session(self)
        user = session.get(User, self.user_id) if session else None
        return f"{user.login}: {self.name} ({self.prefix})" if user else self.prefix


class ApiTokenUse(CoreBase):
    """When a token was last used, to ten minutes; apart, so that no audited row is written."""

    __tablename__ = "core_api_token_use"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    token_id: Mapped[int] = mapped_column(
        Id, ForeignKey("core_api_token.id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    ip: Mapped[str] = mapped_column(short(45), default="")


class ServiceAccount(CoreBase):
    """Marks a user as a program: it never signs in with a browser, and a person answers for it."""

    __tablename__ = "core_service_account"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL

    user_id: Mapped[int] = mapped_column(
        Id, ForeignKey("core_user.id"), primary_key=True, autoincrement=False
    )
    responsible_id: Mapped[int] = mapped_column(Id, ForeignKey("core_user.id"))
    purpose: Mapped[str] = mapped_column(short(500), default="")

    def audit_label(self) -> str:
        """The account's sign-in name."""
        session = object_session(self)
        user = session.get(User, self.user_id) if session else None
        return user.login if user else str(self.user_id)
