"""Journal entries and their lines.

An entry is a draft until it is posted; posting gives it its number and freezes it with its lines.
Amounts of lines are signed, debit positive: debit and credit are how they are shown.
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    literal,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase


class EntryState(enum.Enum):
    """A draft can be changed; a posted entry can only be reversed."""

    DRAFT = "draft"
    WAITING = "waiting"
    """Somebody wanted to post it, and a second person has to approve it first."""
    POSTED = "posted"


class EntryKind(enum.Enum):
    """Why an entry exists."""

    NORMAL = "normal"
    OPENING = "opening"
    REVERSAL = "reversal"
    EXCHANGE = "exchange"
    """It exchanges currencies: one amount goes for another, so that neither is zero by itself."""
    CLOSING = "closing"
    """Carries the result of a fiscal year to retained earnings (closing.services.years)."""


class Entry(Identified, CompanyScoped, Versioned, LedgerBase):
    """A journal entry. Only posted ones have a number, a fiscal year and a period."""

    __tablename__ = "ledger_entry"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "journal_id", "fiscal_year_id", "number"),
        UniqueConstraint("company_id", "idempotency_key"),
        UniqueConstraint("reverses_id"),
        ForeignKeyConstraint(
            ["company_id", "journal_id"], ["ledger_journal.company_id", "ledger_journal.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "fiscal_year_id"],
            ["ledger_fiscal_year.company_id", "ledger_fiscal_year.id"],
        ),
        ForeignKeyConstraint(
            ["company_id", "period_id"], ["ledger_period.company_id", "ledger_period.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "reverses_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
        CheckConstraint(
            "(state IN ('draft', 'waiting') AND number IS NULL AND number_text IS NULL"
            " AND period_id IS NULL AND fiscal_year_id IS NULL"
            " AND posted_by IS NULL AND posted_at IS NULL)"
            " OR (state = 'posted' AND number > 0 AND number_text IS NOT NULL"
            " AND period_id IS NOT NULL AND fiscal_year_id IS NOT NULL"
            " AND posted_by IS NOT NULL AND posted_at IS NOT NULL)",
            name="state",
        ),
        CheckConstraint(
            "(kind = 'reversal' AND reverses_id IS NOT NULL)"
            " OR (kind IN ('normal', 'opening', 'exchange', 'closing') AND reverses_id IS NULL)",
            name="kind",
        ),
        CheckConstraint(
            "(state <> 'waiting' OR submitted_by IS NOT NULL)"
            " AND (approved_by IS NULL OR (submitted_by IS NOT NULL"
            " AND approved_by <> created_by AND approved_by <> submitted_by))",
            name="approval",
        ),
        Index("ix_ledger_entry_company_id_date_id", "company_id", "date", "id"),
        # Drafts are few among many posted entries, and the home page counts them.
        Index(
            "ix_ledger_entry_draft_company_id_date_id",
            "company_id",
            "date",
            "id",
            sqlite_where=text("state = 'draft'"),
            postgresql_where=text("state = 'draft'"),
        ),
        Index(
            "ix_ledger_entry_waiting_company_id_date_id",
            "company_id",
            "date",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_ledger_entry_source_plugin_source_type_source_id",
            "source_plugin",
            "source_type",
            "source_id",
        ),
    )

    journal_id: Mapped[int] = mapped_column(Id)
    fiscal_year_id: Mapped[int | None] = mapped_column(Id)
    period_id: Mapped[int | None] = mapped_column(Id)
    date: Mapped[date]
    """Accounting date."""
    state: Mapped[EntryState] = mapped_column(default=EntryState.DRAFT)
    number: Mapped[int | None]
    number_text: Mapped[str | None] = mapped_column(short(40))
    """The number with journal and fiscal year, such as ``GEN-2026-000017``."""
    memo: Mapped[str] = mapped_column(short(500), default="")
    reference: Mapped[str] = mapped_column(short(100), default="")
    """The document's own number, as people quote it."""
    kind: Mapped[EntryKind] = mapped_column(default=EntryKind.NORMAL)
    source_plugin: Mapped[str | None] = mapped_column(short(40))
    source_type: Mapped[str | None] = mapped_column(short(80))
    source_id: Mapped[str | None] = mapped_column(short(80))
    idempotency_key: Mapped[str | None] = mapped_column(short(120))
    payload_hash: Mapped[str] = mapped_column(short(64))
    """sha256 over what was asked to be posted, lines included (services.content)."""
    reverses_id: Mapped[int | None] = mapped_column(Id)
    minor_units: Mapped[int]
    """Decimals of the base currency then."""
    created_by: Mapped[str] = mapped_column(short(120))
    created_at: Mapped[datetime]
    posted_by: Mapped[str | None] = mapped_column(short(120))
    posted_at: Mapped[datetime | None]
    submitted_by: Mapped[str | None] = mapped_column(short(120))
    """Who wanted to post it, where that needed a second person."""
    approved_by: Mapped[str | None] = mapped_column(short(120))
    """The second person, never the one who wrote or submitted it."""

    def audit_label(self) -> str:
        """The number, or what a draft is about."""
        return self.number_text or self.memo or "draft"


IS_DRAFT: Final = Entry.state == literal(EntryState.DRAFT, Entry.state.type, literal_execute=True)
"""Written out in the statement, or SQLite could not use the index of the drafts."""
IS_WAITING: Final = Entry.state == literal(
    EntryState.WAITING, Entry.state.type, literal_execute=True
)


def _at_minor_unit(amount: str, minor_units: str) -> str:
    return (
        f"{amount} % CASE {minor_units} WHEN 0 THEN 10000 WHEN 1 THEN 1000 WHEN 2 THEN 100"
        " WHEN 3 THEN 10 WHEN 4 THEN 1 END = 0"
    )


class Line(CompanyScoped, LedgerBase):
    """One line of an entry: an amount on an account."""

    __tablename__ = "ledger_line"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "entry_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "dimset_id"], ["ledger_dimset.company_id", "ledger_dimset.id"]
        ),
        CheckConstraint("line_no > 0", name="line_no"),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint(_at_minor_unit("amount", "minor_units"), name="minor_units"),
        CheckConstraint(
            "(currency IS NULL AND amount_currency IS NULL AND minor_units_currency IS NULL)"
            " OR (currency IS NOT NULL AND amount_currency IS NOT NULL"
            " AND minor_units_currency IS NOT NULL"
            " AND (amount_currency = 0 OR (amount > 0) = (amount_currency > 0)))",
            name="currency",
        ),
        CheckConstraint(
            "amount_currency IS NULL OR "
            + _at_minor_unit("amount_currency", "minor_units_currency"),
            name="minor_units_currency",
        ),
        # With amount and company, so that sums over days of an account read nothing but this index.
        # No index begins with the company: without statistics SQLite would take that one to find
        # the lines of an entry.
        Index(
            "ix_ledger_line_account_id_date_amount",
            "account_id",
            "date",
            "entry_id",
            "line_no",
            "amount",
            "company_id",
        ),
    )

    entry_id: Mapped[int] = mapped_column(Id, primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # No foreign key of its own: those to the entry and the account carry the company already.
    company_id: Mapped[int] = mapped_column(Id)
    account_id: Mapped[int] = mapped_column(Id)
    date: Mapped[date | None]
    """The entry's date; NULL while the entry is a draft, so that no report sees the line."""
    amount: Mapped[Decimal]
    """Base currency, debit positive, credit negative."""
    minor_units: Mapped[int]
    currency: Mapped[str | None] = mapped_column(short(3))
    amount_currency: Mapped[Decimal | None]
    """Zero where only the base value of a foreign amount changes (an exchange difference)."""
    minor_units_currency: Mapped[int | None]
    text: Mapped[str] = mapped_column(short(500), default="")
    dimset_id: Mapped[int | None] = mapped_column(Id)
    """The set of values of dimensions that it carries."""

    def audit_label(self) -> str:
        """Its place in the entry."""
        return f"{self.entry_id}/{self.line_no}"


class EntryReference(Identified, CompanyScoped, LedgerBase):
    """A reference that was attached to an entry after it had been posted; never changed again."""

    __tablename__ = "ledger_entry_reference"
    __audit__ = Audit.FULL
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "entry_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
        Index("ix_ledger_entry_reference_company_id_entry_id", "company_id", "entry_id"),
    )

    entry_id: Mapped[int] = mapped_column(Id)
    reference: Mapped[str] = mapped_column(short(100))
    note: Mapped[str] = mapped_column(short(500), default="")
    added_by: Mapped[str] = mapped_column(short(120))
    added_at: Mapped[datetime]

    def audit_label(self) -> str:
        """The reference itself."""
        return self.reference
