"""Background jobs: the table is the truth, whoever runs them only asks it."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, Identified, Scope, short
from backstay.db.types import Id


class JobState(enum.Enum):
    """Dead: all attempts were used up; a person has to look."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Job(Identified, CoreBase):
    """A job, inserted in the transaction of the command that asked for it."""

    __tablename__ = "core_job"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __table_args__ = (Index("ix_core_job_state_run_at", "state", "run_at"),)

    kind: Mapped[str] = mapped_column(short(80))
    arguments: Mapped[dict[str, Any]]
    state: Mapped[JobState] = mapped_column(default=JobState.READY)
    run_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=3)
    error: Mapped[str] = mapped_column(short(2000), default="")
    progress_done: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int] = mapped_column(default=0)
    progress_text: Mapped[str] = mapped_column(short(200), default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(short(120))
    actor_id: Mapped[int | None] = mapped_column(Id)
    """None: the command line or the system asked for it, with all permissions."""
    company_id: Mapped[int | None] = mapped_column(Id)
    locale: Mapped[str] = mapped_column(short(12), default="en")
    request_id: Mapped[str] = mapped_column(short(32), default="")
