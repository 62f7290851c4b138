"""From which amount on an entry needs a second person."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned
from backstay_ledger.models.base import LedgerBase


class ApprovalLimit(Identified, CompanyScoped, Versioned, LedgerBase):
    """The largest entry that one person posts alone, in one journal or in all others."""

    __tablename__ = "ledger_approval_limit"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "journal_id"),
        ForeignKeyConstraint(
            ["company_id", "journal_id"], ["ledger_journal.company_id", "ledger_journal.id"]
        ),
        CheckConstraint("amount >= 0", name="amount"),
        Index(
            "ix_ledger_approval_limit_all_journals",
            "company_id",
            unique=True,
            sqlite_where=text("journal_id IS NULL"),
            postgresql_where=text("journal_id IS NULL"),
        ),
    )

    journal_id: Mapped[int | None] = mapped_column(Id)
    """None: all journals that have no limit of their own."""
    amount: Mapped[Decimal]
    """Sum of the debits in the base currency; an entry of just this much needs nobody else."""

    def audit_label(self) -> str:
        """What it is."""
        return "approval limit"
