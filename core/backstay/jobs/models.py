"""Background jobs: the table is the truth, whoever runs them only asks it."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Index, Text, text
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


class JobQueue(enum.Enum):
    """How urgent a job is; of the jobs that are due, those of the first class run first."""

    INTERACTIVE = "interactive"
    """Somebody looks at the page and waits: a preview, the check of a file."""
    DEFAULT = "default"
    BULK = "bulk"
    """Much work that nobody waits for: it comes last, and in chunks."""


IS_READY: Final = text("state = 'ready'")
"""A condition as the partial index has it: a bound parameter would not match it."""
IS_RUNNING: Final = text("state = 'running'")
IS_UNIQUE: Final = text("state = 'ready' AND unique_key IS NOT NULL")


class Job(Identified, CoreBase):
    """A job, inserted in the transaction of the command that asked for it."""

    __tablename__ = "core_job"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __table_args__ = (
        Index("ix_core_job_state", "state", "id"),
        Index(
            "ix_core_job_ready",
            "queue",
            "run_at",
            "id",
            sqlite_where=IS_READY,
            postgresql_where=IS_READY,
        ),
        Index(
            "ix_core_job_running",
            "lease_until",
            sqlite_where=IS_RUNNING,
            postgresql_where=IS_RUNNING,
        ),
        Index(
            "ix_core_job_unique_key",
            "kind",
            "unique_key",
            unique=True,
            sqlite_where=IS_UNIQUE,
            postgresql_where=IS_UNIQUE,
        ),
        Index(
            "ix_core_job_event_id",
            "event_id",
            sqlite_where=text("event_id IS NOT NULL"),
            postgresql_where=text("event_id IS NOT NULL"),
        ),
        Index(
            "ix_core_job_planned_at",
            "schedule_id",
            "planned_at",
            unique=True,
            sqlite_where=text("schedule_id IS NOT NULL"),
            postgresql_where=text("schedule_id IS NOT NULL"),
        ),
    )

    kind: Mapped[str] = mapped_column(short(80))
    arguments: Mapped[dict[str, Any]]
    state: Mapped[JobState] = mapped_column(default=JobState.READY)
    queue: Mapped[JobQueue] = mapped_column(default=JobQueue.DEFAULT)
    unique_key: Mapped[str | None] = mapped_column(short(160))
    """Of the jobs of a kind with the same key at most one waits."""
    run_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    runner: Mapped[str] = mapped_column(short(80), default="")
    """The process that ran it last: ``<host>:<process id>``."""
    attempt: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=3)
    error: Mapped[str] = mapped_column(short(2000), default="")
    trace: Mapped[str | None] = mapped_column(Text)
    """Where in the program its last failure arose."""
    cursor: Mapped[dict[str, Any] | None]
    """How far a job in chunks has come, committed with the chunk."""
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
    event: Mapped[str] = mapped_column(short(80), default="")
    """The kind of event that caused it, or nothing."""
    event_id: Mapped[int | None] = mapped_column(Id)
    """The same for all jobs that one event caused."""
    schedule_id: Mapped[int | None] = mapped_column(Id)
    planned_at: Mapped[datetime | None]
    """The instant of the schedule that it stands for."""
