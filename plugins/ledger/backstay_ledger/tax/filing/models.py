"""Tax returns as they were filed: their figures and the rows behind them, never changed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, short
from backstay_ledger.models.base import LedgerBase
from backstay_ledger.tax.models import BoxKind


class TaxFiling(Identified, CompanyScoped, LedgerBase):
    """A tax return that was filed."""

    __tablename__ = "ledger_tax_filing"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "number"),
        CheckConstraint("starts_on <= ends_on", name="days"),
        CheckConstraint("number > 0", name="number"),
    )

    number: Mapped[int]
    """Counted by company, without gaps."""
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    registration: Mapped[str] = mapped_column(short(60), default="")
    """The number under which the company is registered for the tax."""
    late: Mapped[bool] = mapped_column(default=False)
    """It also has rows of earlier days that no return had."""
    digest: Mapped[str] = mapped_column(short(64))
    """sha256 over its boxes and rows."""
    filed_by: Mapped[str] = mapped_column(short(120))
    filed_at: Mapped[datetime]

    @property
    def label(self) -> str:
        """Its number and days."""
        return f"{self.number}: {self.starts_on.isoformat()} - {self.ends_on.isoformat()}"


class TaxFilingBox(CompanyScoped, LedgerBase):
    """A box of a return as it was filed, called as it was then."""

    __tablename__ = "ledger_tax_filing_box"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "filing_id"], ["ledger_tax_filing.company_id", "ledger_tax_filing.id"]
        ),
        CheckConstraint("kind IN ('payable', 'deductible', 'information')", name="kind"),
    )

    filing_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(short(20), primary_key=True)
    """Empty for taxes that count in no box."""
    company_id: Mapped[int] = mapped_column(Id)
    name: Mapped[str] = mapped_column(short(100))
    kind: Mapped[BoxKind]
    base: Mapped[Decimal]
    tax: Mapped[Decimal]
    n: Mapped[int]
    """How many rows it is the sum of."""

    def audit_label(self) -> str:
        """The box."""
        return f"{self.filing_id}/{self.code}"


class TaxFilingRow(CompanyScoped, LedgerBase):
    """That a tax detail is in a return: in one only."""

    __tablename__ = "ledger_tax_filing_row"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "filing_id"], ["ledger_tax_filing.company_id", "ledger_tax_filing.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "detail_id"], ["ledger_tax_detail.company_id", "ledger_tax_detail.id"]
        ),
        Index("ix_ledger_tax_filing_row_filing_id", "filing_id"),
    )

    detail_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    company_id: Mapped[int] = mapped_column(Id)
    filing_id: Mapped[int] = mapped_column(Id)

    def audit_label(self) -> str:
        """The detail."""
        return str(self.detail_id)
