"""Fiscal years and their accounting periods, which can be closed."""

from __future__ import annotations

import enum
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase


def _no_overlap(table: str) -> ExcludeConstraint:
    """PostgreSQL's rule that two date ranges of a company never meet (SQLite: a trigger).

    ``company_id`` is written as a range of one number, so that no extension is needed.
    """
    constraint: ExcludeConstraint = ExcludeConstraint(
        (text("int8range(company_id, company_id, '[]')"), "&&"),
        (text("daterange(starts_on, ends_on, '[]')"), "&&"),
        name=f"ex_{table}_dates",
        using="gist",
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
    """Whether entries can be posted in a period."""

    OPEN = "open"
    CLOSED = "closed"


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
        CheckConstraint("state IN ('open', 'closed')", name="state"),
        _no_overlap("ledger_period"),
    )

    fiscal_year_id: Mapped[int] = mapped_column(Id)
    number: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    state: Mapped[PeriodState] = mapped_column(default=PeriodState.OPEN)

    @property
    def label(self) -> str:
        """The month as people write it in books: 2026-03."""
        return f"{self.starts_on:%Y-%m}"
