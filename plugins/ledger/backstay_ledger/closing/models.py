"""Tables of locks, of exceptions from them, and of the year-end closings."""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, object_session

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase
from backstay_ledger.models.periods import FiscalYear


class LockScope(enum.Enum):
    """What a lock or an exception holds for: everything, or the entries of a sub-ledger."""

    ALL = "all"
    RECEIVABLE = "ar"
    """Journals of sales."""
    PAYABLE = "ap"
    """Journals of purchases."""
    BANK = "bank"
    """Journals of banks."""
    GENERAL = "general"
    """General journals."""
    STOCK = "stock"
    """Entries that a plugin for stock posts."""
    TAX = "tax"
    """Entries with tax, whatever their journal."""


_SCOPES = "scope IN ('all', 'ar', 'ap', 'bank', 'general', 'stock', 'tax')"


class Lock(Identified, CompanyScoped, Versioned, LedgerBase):
    """A day up to which a sub-ledger takes no entries, whatever the state of the periods."""

    __tablename__ = "ledger_lock"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "scope"),
        CheckConstraint(_SCOPES, name="scope"),
    )

    scope: Mapped[LockScope]
    up_to: Mapped[date | None]
    """The last locked day; NULL where the lock was taken away."""
    reason: Mapped[str] = mapped_column(short(500), default="")
    """Why it is locked up to there."""

    @property
    def label(self) -> str:
        """Its scope and day."""
        return f"{self.scope.value} {self.up_to or '-'}"


class LockException(Identified, CompanyScoped, LedgerBase):
    """Somebody may post into closed periods or past a lock for a while, because another agreed."""

    __tablename__ = "ledger_lock_exception"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        CheckConstraint(_SCOPES, name="scope"),
        CheckConstraint("first_day <= last_day", name="days"),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved"),
        CheckConstraint("(revoked_by IS NULL) = (revoked_at IS NULL)", name="revoked"),
        CheckConstraint(
            "approved_by IS NULL OR (approved_by <> requested_by AND approved_by <> user_label)",
            name="second_person",
        ),
        Index("ix_ledger_lock_exception_company_id_user_label", "company_id", "user_label"),
    )

    user_label: Mapped[str] = mapped_column(short(120))
    """Who may post: the sign-in name, as it stands in ``posted_by`` of entries."""
    scope: Mapped[LockScope]
    first_day: Mapped[date]
    last_day: Mapped[date]
    """Accounting dates of the entries that it allows, both included."""
    until: Mapped[datetime]
    """When it ends by itself."""
    reason: Mapped[str] = mapped_column(short(500))
    requested_by: Mapped[str] = mapped_column(short(120))
    requested_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(short(120))
    approved_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(short(120))
    revoked_at: Mapped[datetime | None]

    @property
    def state(self) -> str:
        """Requested, approved or revoked; that it ended is a matter of the clock."""
        if self.revoked_at is not None:
            return "revoked"
        return "requested" if self.approved_at is None else "approved"

    @property
    def label(self) -> str:
        """Who may post what."""
        return f"{self.user_label} {self.scope.value} {self.first_day}..{self.last_day}"


class LatePosting(CompanyScoped, LedgerBase):
    """By what right an entry was posted in a period that was not open to everybody."""

    __tablename__ = "ledger_late_posting"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "entry_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "exception_id"],
            ["ledger_lock_exception.company_id", "ledger_lock_exception.id"],
        ),
        Index("ix_ledger_late_posting_exception_id", "exception_id"),
    )

    entry_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    company_id: Mapped[int] = mapped_column(Id)
    exception_id: Mapped[int | None] = mapped_column(Id)
    """The exception that was used; NULL for the permission to post in soft-closed periods."""
    posted_by: Mapped[str] = mapped_column(short(120))
    at: Mapped[datetime]

    def audit_label(self) -> str:
        """The entry's id."""
        return str(self.entry_id)


class YearClosing(Identified, CompanyScoped, LedgerBase):
    """A fiscal year whose result was carried to retained earnings, until that is cancelled."""

    __tablename__ = "ledger_year_closing"
    __audit__ = Audit.FULL
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "fiscal_year_id"],
            ["ledger_fiscal_year.company_id", "ledger_fiscal_year.id"],
        ),
        ForeignKeyConstraint(
            ["company_id", "account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "entry_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "reversal_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
        CheckConstraint("(cancelled_by IS NULL) = (cancelled_at IS NULL)", name="cancelled"),
        CheckConstraint("reversal_id IS NULL OR cancelled_at IS NOT NULL", name="reversal"),
        Index(
            "ix_ledger_year_closing_in_force",
            "company_id",
            "fiscal_year_id",
            unique=True,
            sqlite_where=text("cancelled_at IS NULL"),
            postgresql_where=text("cancelled_at IS NULL"),
        ),
    )

    fiscal_year_id: Mapped[int] = mapped_column(Id)
    account_id: Mapped[int] = mapped_column(Id)
    """Retained earnings: where the result went."""
    entry_id: Mapped[int | None] = mapped_column(Id)
    """The closing entry; NULL where income and expenses were zero already."""
    reversal_id: Mapped[int | None] = mapped_column(Id)
    closed_by: Mapped[str] = mapped_column(short(120))
    closed_at: Mapped[datetime]
    cancelled_by: Mapped[str | None] = mapped_column(short(120))
    cancelled_at: Mapped[datetime | None]

    def audit_label(self) -> str:
        """What it is, and of which fiscal year; the audit row says who closed or cancelled it."""
        session = object_session(self)
        year = session.get(FiscalYear, self.fiscal_year_id) if session else None
        return f"year-end closing {year.code}" if year else "year-end closing"
