"""What the kernel remembers: the generation in force and the state of each plugin."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, Scope, short
from backstay.db.types import Id


class PluginState(enum.Enum):
    """Where a plugin stands; “available” (installed, never enabled) has no row."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    FAILED = "failed"
    RETIRED = "retired"


class Installation(CoreBase):
    """The one row that every process compares with what it has built."""

    __tablename__ = "core_installation"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    generation: Mapped[int]
    theme: Mapped[str] = mapped_column(short(40))
    demo_company_id: Mapped[int | None] = mapped_column(Id)

    def audit_label(self) -> str:
        """There is only one."""
        return "installation"


class PluginRow(CoreBase):
    """A plugin that was enabled at least once."""

    __tablename__ = "core_plugin"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL

    name: Mapped[str] = mapped_column(short(40), primary_key=True)
    state: Mapped[PluginState]
    version: Mapped[str] = mapped_column(short(40))
    """The version whose migrations have run."""
    changed_at: Mapped[datetime]
    message: Mapped[str] = mapped_column(short(1000), default="")
    """Why it failed."""


class Lease(CoreBase):
    """A duty that one process at a time has: lifecycle, relay, scheduler."""

    __tablename__ = "core_lease"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    name: Mapped[str] = mapped_column(short(40), primary_key=True)
    holder: Mapped[str] = mapped_column(short(120))
    expires_at: Mapped[datetime]
