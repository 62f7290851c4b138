"""The tasks of closing a period: who does them, and what people said about them."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase


class TaskState(enum.Enum):
    """How far a task is."""

    OPEN = "open"
    DONE = "done"
    WAIVER_ASKED = "asked"
    """Somebody asked that it be waived; a second person has to agree."""
    WAIVED = "waived"


class PeriodTask(Identified, CompanyScoped, Versioned, LedgerBase):
    """A task of a period: one of the machine's that people dealt with, or one of their own."""

    __tablename__ = "ledger_period_task"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "period_id", "name"),
        ForeignKeyConstraint(
            ["company_id", "period_id"], ["ledger_period.company_id", "ledger_period.id"]
        ),
        CheckConstraint("state IN ('open', 'done', 'asked', 'waived')", name="state"),
        CheckConstraint(
            "state NOT IN ('asked', 'waived') OR (reason <> '' AND asked_by IS NOT NULL)",
            name="reason",
        ),
        CheckConstraint(
            "state <> 'waived' OR (decided_by IS NOT NULL AND decided_by <> asked_by)",
            name="second_person",
        ),
    )

    period_id: Mapped[int] = mapped_column(Id)
    name: Mapped[str] = mapped_column(short(80))
    """The name of the machine's task, or ``own.<id>``."""
    title: Mapped[str] = mapped_column(short(200), default="")
    """Of people's own tasks; the machine's have labels."""
    owner: Mapped[str] = mapped_column(short(120), default="")
    state: Mapped[TaskState] = mapped_column(default=TaskState.OPEN)
    reason: Mapped[str] = mapped_column(short(500), default="")
    found: Mapped[str] = mapped_column(Text, default="")
    """Of a waiver: what was found when it was asked for, as hashes with spaces between them."""
    asked_by: Mapped[str | None] = mapped_column(short(120))
    decided_by: Mapped[str | None] = mapped_column(short(120))
    """Who did it, or agreed to waive it."""
    decided_at: Mapped[datetime | None]

    def audit_label(self) -> str:
        """Its title or name."""
        return self.title or self.name
