"""Tables of entries that come by themselves: recurring ones, deferrals, automatic reversals."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase

DEFERRAL: Final = "ledger.deferral"
"""The source of the entry that defers an amount, and of those that release it."""


class Every(enum.Enum):
    """How often a recurring entry comes."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class MakeAs(enum.Enum):
    """What becomes of a recurring entry on its day."""

    DRAFT = "draft"
    POSTED = "posted"


class ReleaseBy(enum.Enum):
    """How a deferred amount is spread."""

    DAY = "day"
    """Each month gets its share of the days."""
    MONTH = "month"
    """Each month gets the same."""


class PlanState(enum.Enum):
    """Whether a plan still makes entries."""

    ACTIVE = "active"
    ENDED = "ended"


class Recurring(Identified, CompanyScoped, Versioned, LedgerBase):
    """An entry that comes again and again: what it says, how often, on which day, until when."""

    __tablename__ = "ledger_recurring"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "name"),
        CheckConstraint("day BETWEEN 1 AND 31", name="day"),
        CheckConstraint("state IN ('active', 'ended')", name="state"),
    )

    name: Mapped[str] = mapped_column(short(100))
    content: Mapped[dict[str, Any]]
    """Journal, reference, memo and lines, as they stood in the template."""
    every: Mapped[Every]
    day: Mapped[int]
    """Day of the month; 31 is the last day of any month."""
    starts_on: Mapped[date]
    until: Mapped[date | None]
    make_as: Mapped[MakeAs]
    state: Mapped[PlanState] = mapped_column(default=PlanState.ACTIVE)
    created_by: Mapped[str] = mapped_column(short(120))
    created_at: Mapped[datetime]


class Deferral(Identified, CompanyScoped, Versioned, LedgerBase):
    """An amount that belongs to more days than those of its bill, and its release plan."""

    __tablename__ = "ledger_deferral"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(
            ["company_id", "account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "deferral_account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
        ),
        ForeignKeyConstraint(
            ["company_id", "journal_id"], ["ledger_journal.company_id", "ledger_journal.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "entry_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("starts_on <= ends_on", name="days"),
        CheckConstraint("release_by IN ('day', 'month')", name="release_by"),
        CheckConstraint("state IN ('active', 'ended')", name="state"),
    )

    name: Mapped[str] = mapped_column(short(200))
    journal_id: Mapped[int] = mapped_column(Id)
    account_id: Mapped[int] = mapped_column(Id)
    """Income or expense that the amount is taken from, and comes back to."""
    deferral_account_id: Mapped[int] = mapped_column(Id)
    """Prepaid expenses or deferred income, where it waits."""
    amount: Mapped[Decimal]
    """Base currency; positive for an expense, negative for income."""
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    release_by: Mapped[ReleaseBy]
    entry_id: Mapped[int] = mapped_column(Id)
    """The entry that deferred it."""
    state: Mapped[PlanState] = mapped_column(default=PlanState.ACTIVE)
    created_by: Mapped[str] = mapped_column(short(120))
    created_at: Mapped[datetime]


class PlannedEntry(Identified, CompanyScoped, LedgerBase):
    """An entry of a plan: made already, or to be made on its day."""

    __tablename__ = "ledger_planned_entry"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("recurring_id", "due_on"),
        UniqueConstraint("deferral_id", "due_on"),
        UniqueConstraint("reverses_id"),
        ForeignKeyConstraint(
            ["company_id", "recurring_id"], ["ledger_recurring.company_id", "ledger_recurring.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "deferral_id"], ["ledger_deferral.company_id", "ledger_deferral.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "reverses_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
        CheckConstraint(
            "CASE WHEN recurring_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN deferral_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN reverses_id IS NULL THEN 0 ELSE 1 END = 1",
            name="plan",
        ),
        CheckConstraint("(deferral_id IS NULL) = (amount IS NULL)", name="amount"),
        CheckConstraint("NOT cancelled OR entry_id IS NULL", name="cancelled"),
        Index("ix_ledger_planned_entry_company_id_due_on", "company_id", "due_on"),
    )

    recurring_id: Mapped[int | None] = mapped_column(Id)
    deferral_id: Mapped[int | None] = mapped_column(Id)
    reverses_id: Mapped[int | None] = mapped_column(Id)
    """The accrual that is reversed on the day."""
    due_on: Mapped[date]
    amount: Mapped[Decimal | None]
    """What is released, with the sign of the deferral; NULL where it is no release."""
    entry_id: Mapped[int | None] = mapped_column(Id)
    """No foreign key: a draft that was made may be deleted."""
    cancelled: Mapped[bool] = mapped_column(default=False)

    def audit_label(self) -> str:
        """Its day."""
        return self.due_on.isoformat()
