"""Users, roles, grants and sign-in sessions."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from backstay.companies.models import Company
from backstay.core_base import CoreBase
from backstay.db.base import Audit, Identified, Scope, Versioned, short
from backstay.db.types import Id


class UserState(enum.Enum):
    """A disabled user keeps their history but can't sign in."""

    ACTIVE = "active"
    DISABLED = "disabled"


class User(Identified, Versioned, CoreBase):
    """A person who signs in."""

    __tablename__ = "core_user"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL
    __secret__ = frozenset({"password_hash"})
    __field_groups__ = {"email": "core.contact"}  # noqa: RUF012

    login: Mapped[str] = mapped_column(short(80), unique=True)
    name: Mapped[str] = mapped_column(short(200))
    email: Mapped[str] = mapped_column(short(254), default="")
    password_hash: Mapped[str] = mapped_column(short(200))
    must_change_password: Mapped[bool] = mapped_column(default=False)
    state: Mapped[UserState] = mapped_column(default=UserState.ACTIVE)
    locale: Mapped[str] = mapped_column(short(12), default="en")
    time_zone: Mapped[str] = mapped_column(short(60), default="UTC")
    theme: Mapped[str] = mapped_column(short(10), default="system")
    density: Mapped[str] = mapped_column(short(12), default="comfortable")
    created_at: Mapped[datetime]

    grants: Mapped[list[Grant]] = relationship(
        back_populates="user", foreign_keys="Grant.user_id", passive_deletes="all"
    )

    def audit_label(self) -> str:
        """The sign-in name."""
        return self.login


class Role(Identified, Versioned, CoreBase):
    """A named set of permissions."""

    __tablename__ = "core_role"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL

    code: Mapped[str] = mapped_column(short(40), unique=True)
    name: Mapped[str] = mapped_column(short(120))
    description: Mapped[str] = mapped_column(short(500), default="")
    read_only: Mapped[bool] = mapped_column(default=False)
    global_only: Mapped[bool] = mapped_column(default=False)

    permissions: Mapped[list[RolePermission]] = relationship(
        back_populates="role", passive_deletes="all", cascade="save-update, merge"
    )

    def audit_label(self) -> str:
        """The role's name."""
        return self.name


class RolePermission(CoreBase):
    """One permission in a role; the audit trail shows it as a change of the grant table."""

    __tablename__ = "core_role_permission"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL

    role_id: Mapped[int] = mapped_column(Id, ForeignKey("core_role.id"), primary_key=True)
    permission: Mapped[str] = mapped_column(short(120), primary_key=True)

    role: Mapped[Role] = relationship(back_populates="permissions")

    def audit_label(self) -> str:
        """The role and the permission's name."""
        session = object_session(self)
        role = session.get(Role, self.role_id) if session else None
        return f"{role.name}: {self.permission}" if role else self.permission


class RoleTemplateMade(CoreBase):
    """A role template that was made a role once; after that the role is the administrator's own."""

    __tablename__ = "core_role_template"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    plugin: Mapped[str] = mapped_column(short(40), primary_key=True)
    code: Mapped[str] = mapped_column(short(40), primary_key=True)
    """``*`` in databases from before this table: whatever the plugin had then."""
    permissions: Mapped[list[Any] | None]
    """What the template held when an administrator last decided about it; None: not known."""


class Grant(Identified, CoreBase):
    """A role given to a user, for one company or for all, for ever or until a day."""

    __tablename__ = "core_grant"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL
    __table_args__ = (
        Index("ix_core_grant_user_id", "user_id"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid"),
    )

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("core_user.id"))
    role_id: Mapped[int] = mapped_column(Id, ForeignKey("core_role.id"))
    company_id: Mapped[int | None] = mapped_column(Id, ForeignKey("core_company.id"))
    """None: all companies, and the pages outside any company."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    """The last day on which the grant holds."""
    granted_by: Mapped[str] = mapped_column(short(120))
    granted_at: Mapped[datetime]

    user: Mapped[User] = relationship(back_populates="grants", foreign_keys=[user_id])
    role: Mapped[Role] = relationship()

    def audit_label(self) -> str:
        """Whose role, which one and where: ids would tell a reader of the trail nothing."""
        session = object_session(self)
        user = session.get(User, self.user_id) if session else None
        role = session.get(Role, self.role_id) if session else None
        if session is None or user is None or role is None:
            return str(self.id)
        company = session.get(Company, self.company_id) if self.company_id else None
        return f"{user.login}: {role.name}" + (f", {company.code}" if company else "")


class SignIn(Identified, CoreBase):
    """A signed-in browser: the server's own row; the cookie holds a random token only."""

    __tablename__ = "core_session"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __secret__ = frozenset({"token_hash"})
    __table_args__ = (Index("ix_core_session_user_id", "user_id"),)

    token_hash: Mapped[str] = mapped_column(short(64), unique=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("core_user.id"))
    device: Mapped[str] = mapped_column(short(200), default="")
    ip: Mapped[str] = mapped_column(short(45), default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]
    """When the password was last typed (step-up)."""
    revoked_at: Mapped[datetime | None]
    company_code: Mapped[str | None] = mapped_column(short(20))
    """The company last worked in, so that Home opens it again."""

    user: Mapped[User] = relationship()


class SignInAttempt(Identified, CoreBase):
    """A failed sign-in, counted per account and per source to slow guessing down."""

    __tablename__ = "core_sign_in_attempt"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __table_args__ = (
        Index("ix_core_sign_in_attempt_login_at", "login", "at"),
        Index("ix_core_sign_in_attempt_source_at", "source", "at"),
    )

    login: Mapped[str] = mapped_column(short(80))
    source: Mapped[str] = mapped_column(short(45))
    at: Mapped[datetime]


class IdempotencyRecord(CoreBase):
    """The answer to a request that was already carried out, so that a double click does it once."""

    __tablename__ = "core_idempotency"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __table_args__ = (Index("ix_core_idempotency_at", "at"),)

    token: Mapped[str] = mapped_column(short(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, primary_key=True)
    request_digest: Mapped[str] = mapped_column(short(64))
    status: Mapped[int]
    location: Mapped[str] = mapped_column(short(2000), default="")
    at: Mapped[datetime]
    body: Mapped[str | None] = mapped_column(Text)
    """What the API answered, to be answered again; forms are answered with a location."""
