"""What the kernel remembers: the generation in force and the state of each plugin."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

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
    """Uninstalled, its tables are kept."""
    PURGED = "purged"
    """Uninstalled with all its data; the row says where the export lies."""


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
    """Why it failed; of a purged one, where its export lies."""


class PluginDeclared(CoreBase):
    """What a plugin asked for when it was last brought up to date, for when it does not run."""

    __tablename__ = "core_plugin_declared"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    name: Mapped[str] = mapped_column(short(40), primary_key=True)
    permissions: Mapped[list[Any]]
    """Of each its name, label, risk and explanation."""
    jobs: Mapped[list[Any]]
    """Of each kind its name and label; of a subscription also its event."""


class StepTaken(CoreBase):
    """The step that was taken last with a plugin or is being taken, for who asks how it went."""

    __tablename__ = "core_plugin_step"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    name: Mapped[str] = mapped_column(short(40), primary_key=True)
    step: Mapped[str] = mapped_column(short(20))
    actor: Mapped[str] = mapped_column(short(120))
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    failed: Mapped[bool] = mapped_column(default=False)
    message: Mapped[str] = mapped_column(short(1000), default="")
    """What was said at the end."""


class PluginCheck(CoreBase):
    """How a plugin did when ``backstay plugin check`` last tried it here."""

    __tablename__ = "core_plugin_check"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    name: Mapped[str] = mapped_column(short(40), primary_key=True)
    version: Mapped[str] = mapped_column(short(40))
    checked_at: Mapped[datetime]
    verdicts: Mapped[list[Any]]
    """Of each rule its name, result and detail."""


class Lease(CoreBase):
    """A duty that one process at a time has: lifecycle, relay, scheduler.

    It is renewed while it is worked at; a row that ran out was left by a process that died.
    """

    __tablename__ = "core_lease"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    name: Mapped[str] = mapped_column(short(40), primary_key=True)
    holder: Mapped[str] = mapped_column(short(120))
    note: Mapped[str] = mapped_column(short(120), default="")
    """What is being done, in the words of whoever took it."""
    taken_at: Mapped[datetime]
    expires_at: Mapped[datetime]
