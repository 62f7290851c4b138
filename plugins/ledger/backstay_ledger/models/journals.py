"""Journals, the books of first entry, and the counter behind their gapless numbers."""

from __future__ import annotations

import enum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase


class JournalKind(enum.Enum):
    """What a journal is for."""

    GENERAL = "general"
    SALES = "sales"
    PURCHASES = "purchases"
    BANK = "bank"
    OPENING = "opening"


class Journal(Identified, CompanyScoped, Versioned, LedgerBase):
    """A journal; entries are numbered without gaps within it and a fiscal year."""

    __tablename__ = "ledger_journal"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        UniqueConstraint("company_id", "id"),
        CheckConstraint(
            "kind IN ('general', 'sales', 'purchases', 'bank', 'opening')", name="kind"
        ),
    )

    code: Mapped[str] = mapped_column(short(10))
    """Part of every number, so it stays once an entry has been posted."""
    name: Mapped[str] = mapped_column(short(100))
    kind: Mapped[JournalKind]
    active: Mapped[bool] = mapped_column(default=True)

    @property
    def label(self) -> str:
        """Code and name, as pickers and the audit trail show it."""
        return f"{self.code} {self.name}"


class SequenceHead(CompanyScoped, LedgerBase):
    """The last number used in a journal and fiscal year; its row lock serialises posting there."""

    __tablename__ = "ledger_sequence_head"
    __audit__ = Audit.DERIVED
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "journal_id"], ["ledger_journal.company_id", "ledger_journal.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "fiscal_year_id"],
            ["ledger_fiscal_year.company_id", "ledger_fiscal_year.id"],
        ),
        CheckConstraint("last_number >= 0", name="last_number"),
    )

    company_id: Mapped[int] = mapped_column(Id, primary_key=True)
    journal_id: Mapped[int] = mapped_column(Id, primary_key=True)
    fiscal_year_id: Mapped[int] = mapped_column(Id, primary_key=True)
    last_number: Mapped[int]
