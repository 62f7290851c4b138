"""The opening of a company's books, and for which account each line on a clearing account stands.

The trial balance and the open items come from different lists of the old system. Each list is
posted against a clearing account of its own: whatever one of them lacks stays there, to be seen.
"""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase


class OpeningPart(enum.Enum):
    """The list that an opening entry comes from."""

    BALANCES = "balances"
    ITEMS = "items"


class Opening(Identified, CompanyScoped, Versioned, LedgerBase):
    """The opening of a company's books: one a company, finished once its clearing is zero."""

    __tablename__ = "ledger_opening"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id"),
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(
            ["company_id", "balances_account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
        ),
        ForeignKeyConstraint(
            ["company_id", "items_account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        CheckConstraint("balances_account_id <> items_account_id", name="accounts"),
        CheckConstraint("(finished_by IS NULL) = (finished_at IS NULL)", name="finished"),
    )

    date: Mapped[date]
    """The day on which the books begin; all opening entries are dated on it."""
    balances_account_id: Mapped[int] = mapped_column(Id)
    """What both sides of the trial balance differ by stands here."""
    items_account_id: Mapped[int] = mapped_column(Id)
    """Stands for the accounts managed by open items, until their items are entered."""
    begun_by: Mapped[str] = mapped_column(short(120))
    begun_at: Mapped[datetime]
    finished_by: Mapped[str | None] = mapped_column(short(120))
    finished_at: Mapped[datetime | None]

    @property
    def state(self) -> str:
        """``begun`` while it takes entries, then ``finished``."""
        return "begun" if self.finished_at is None else "finished"

    def audit_label(self) -> str:
        """Its day."""
        return self.date.isoformat()


class OpeningLine(CompanyScoped, LedgerBase):
    """A line on a clearing account: from which list it comes, for which account it stands."""

    __tablename__ = "ledger_opening_line"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        ForeignKeyConstraint(
            ["entry_id", "line_no"],
            ["ledger_line.entry_id", "ledger_line.line_no"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["company_id", "account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        CheckConstraint("part IN ('balances', 'items')", name="part"),
        Index("ix_ledger_opening_line_company_id_part", "company_id", "part"),
        Index("ix_ledger_opening_line_account_id", "account_id"),
    )

    entry_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    line_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    company_id: Mapped[int] = mapped_column(Id)
    part: Mapped[OpeningPart]
    account_id: Mapped[int | None] = mapped_column(Id)
    """NULL for what both sides of a trial balance differ by."""
    document_date: Mapped[date | None]
    """Of an open item: the day on its document."""

    def audit_label(self) -> str:
        """Its place in the entry."""
        return f"{self.entry_id}/{self.line_no}"
