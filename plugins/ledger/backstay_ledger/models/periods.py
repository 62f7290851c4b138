"""Fiscal years and their accounting periods: months, the adjustment and the closing period."""

from __future__ import annotations

import enum
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase


def _no_overlap(table: str, where: str | None = None) -> ExcludeConstraint:
    """PostgreSQL's rule that two date ranges of a company never meet (SQLite: a trigger).

    ``company_id`` is written as a range of one number, so that no extension is needed.
    """
    constraint: ExcludeConstraint = ExcludeConstraint(
        (text("int8range(company_id, company_id, '[]')"), "&&"),
        (text("daterange(starts_on, ends_on, '[]')"), "&&"),
        name=f"ex_{table}_dates",
        using="gist",
        where=None if where is None else text(where),
    )
    return constraint.ddl_if(dialect="postgresql")


class FiscalYear(Identified, CompanyScoped, LedgerBase):
    """A fiscal year; its code is part of every number posted in it, so it never changes."""

    __tablename__ = "ledger_fiscal_year"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        UniqueConstraint("company_id", "id"),
        CheckConstraint("starts_on <= ends_on", name="dates"),
        _no_overlap("ledger_fiscal_year"),
    )

    code: Mapped[str] = mapped_column(short(10))
    starts_on: Mapped[date]
    ends_on: Mapped[date]


class PeriodState(enum.Enum):
    """Who can post in a period."""

    OPEN = "open"
    SOFT_CLOSED = "soft-closed"
    """Only holders of the permission for it post, and each such entry is noted."""
    CLOSED = "closed"
    """Nobody posts, but by an approved exception; it can be reopened."""
    LOCKED = "locked"
    """Nobody ever posts again: there is no exception and no reopening."""


class PeriodKind(enum.Enum):
    """What a period is for; those that are no months lie on the last day of their year."""

    MONTH = "month"
    ADJUSTMENT = "adjustment"
    """The thirteenth period: year-end adjustments, apart from the last month's entries."""
    CLOSING = "closing"
    """Closing entries of the year and nothing else, so that reports can leave them out."""


class Period(Identified, CompanyScoped, Versioned, LedgerBase):
    """A part of a fiscal year, usually a month; its dates never change."""

    __tablename__ = "ledger_period"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "fiscal_year_id", "number"),
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(
            ["company_id", "fiscal_year_id"],
            ["ledger_fiscal_year.company_id", "ledger_fiscal_year.id"],
        ),
        CheckConstraint("starts_on <= ends_on", name="dates"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("state IN ('open', 'soft-closed', 'closed', 'locked')", name="state"),
        CheckConstraint("kind IN ('month', 'adjustment', 'closing')", name="kind"),
        CheckConstraint("kind = 'month' OR starts_on = ends_on", name="last_day"),
        _no_overlap("ledger_period", "(kind::text = 'month'::text)"),
    )

    fiscal_year_id: Mapped[int] = mapped_column(Id)
    number: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    state: Mapped[PeriodState] = mapped_column(default=PeriodState.OPEN)
    kind: Mapped[PeriodKind] = mapped_column(
        default=PeriodKind.MONTH, server_default=PeriodKind.MONTH.value
    )

    @property
    def label(self) -> str:
        """The month as people write it in books, 2026-03; 2026-13 is the adjustment period."""
        return period_label(self.starts_on, self.number, self.kind)


def period_label(starts_on: date, number: int, kind: PeriodKind) -> str:
    """How a period is called: its month, or its year with its number."""
    if kind is PeriodKind.MONTH:
        return f"{starts_on:%Y-%m}"
    return f"{starts_on:%Y}-{number:02d}"
