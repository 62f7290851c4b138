"""Which processes of this installation live, what each runs, and which plugins were paused."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, Scope, short


class ProcessKind(enum.Enum):
    """What a process does."""

    WEB = "web"
    RUNNER = "runner"


class Process(CoreBase):
    """A living process; it writes its own row, and everybody deletes the rows of the dead."""

    __tablename__ = "core_process"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    id: Mapped[str] = mapped_column(short(24), primary_key=True)
    kind: Mapped[ProcessKind]
    host: Mapped[str] = mapped_column(short(120))
    pid: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    generation: Mapped[int]
    """The one that it runs; 0 before the first."""
    failed_generation: Mapped[int] = mapped_column(default=0)
    """The one that it could not build, or 0."""
    reason: Mapped[str] = mapped_column(short(1000), default="")
    safe_mode: Mapped[bool] = mapped_column(default=False)
    versions: Mapped[dict[str, Any]]
    """Plugin -> the version whose code it has imported."""
    restart: Mapped[dict[str, Any]]
    """Plugin -> why this process has to start anew for its sake."""
    failed: Mapped[dict[str, Any]]
    """Plugin -> why it does not run here."""
    slow: Mapped[dict[str, Any]]
    """Plugin -> the seconds that it took to load, where that was long."""


class Pause(CoreBase):
    """A plugin that failed again and again, and stands still until an administrator resumes it.

    It holds as long as the plugin was not switched since: see backstay.kernel.state.
    """

    __tablename__ = "core_plugin_pause"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    plugin: Mapped[str] = mapped_column(short(40), primary_key=True)
    at: Mapped[datetime]
    process: Mapped[str] = mapped_column(short(200))
    """Which process counted: “web, host 1, process 4711”."""
    failures: Mapped[int]
    errors: Mapped[list[Any]]
    """The last ones: when, where, the request or job, and what it said."""


__all__ = ["Pause", "Process", "ProcessKind"]
