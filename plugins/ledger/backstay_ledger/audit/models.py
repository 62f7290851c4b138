"""Tables of auditing: runs of the checks with what they found, and seals over posted entries."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, short
from backstay_ledger.models.base import LedgerBase


class CheckRun(Identified, CompanyScoped, LedgerBase):
    """All checks of a company's books, as they were answered at one time."""

    __tablename__ = "ledger_check_run"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        CheckConstraint("broken >= 0 AND broken <= checks", name="broken"),
    )

    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(short(120))
    checks: Mapped[int]
    """How many were asked."""
    broken: Mapped[int]
    """How many of them found something."""

    @property
    def label(self) -> str:
        """When it began."""
        return f"{self.began_at:%Y-%m-%d %H:%M} UTC"

    @property
    def state(self) -> str:
        """``sound`` or ``broken``."""
        return "broken" if self.broken else "sound"

    def audit_label(self) -> str:
        """When it began."""
        return self.label


class CheckFinding(CompanyScoped, LedgerBase):
    """What one check found in one run."""

    __tablename__ = "ledger_check_finding"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "run_id"], ["ledger_check_run.company_id", "ledger_check_run.id"]
        ),
        CheckConstraint("count > 0", name="count"),
    )

    run_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    check: Mapped[str] = mapped_column("check_name", short(60), primary_key=True)
    company_id: Mapped[int] = mapped_column(Id)
    message: Mapped[str] = mapped_column(short(300))
    """What the check looks for, in the words of then."""
    count: Mapped[int]
    """How many records break it."""
    examples: Mapped[str] = mapped_column(short(2000))
    """The first of them, one a line."""

    def audit_label(self) -> str:
        """The check's name."""
        return self.check


class Seal(Identified, CompanyScoped, LedgerBase):
    """A chain of hashes over the posted entries of a journal and year, up to a number."""

    __tablename__ = "ledger_seal"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "journal_id", "fiscal_year_id", "number"),
        ForeignKeyConstraint(
            ["company_id", "journal_id"], ["ledger_journal.company_id", "ledger_journal.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "fiscal_year_id"],
            ["ledger_fiscal_year.company_id", "ledger_fiscal_year.id"],
        ),
        CheckConstraint("number > 0", name="number"),
        Index("ix_ledger_seal_company_id_sealed_at", "company_id", "sealed_at"),
    )

    journal_id: Mapped[int] = mapped_column(Id)
    fiscal_year_id: Mapped[int] = mapped_column(Id)
    number: Mapped[int]
    """The last entry that it covers; it covers each before it."""
    digest: Mapped[str] = mapped_column(short(64))
    """sha256 over the seal of the entry before, the number and the entry's own hash."""
    sealed_at: Mapped[datetime]

    def audit_label(self) -> str:
        """The last number."""
        return str(self.number)
