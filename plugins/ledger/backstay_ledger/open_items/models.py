"""Open items, and their allocations to each other.

A line on an account that is managed by open items becomes an open item when it is posted. Debits
and credits of a party settle each other by allocations, dated facts that are only ever added. What
remains of an item is kept beside it and is, at any moment, the original less its allocations.
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, short
from backstay_ledger.models.base import LedgerBase

EXCHANGE_SOURCE = "ledger.allocation"
"""Type of the source of entries that an allocation posts; they make no open items."""


class ItemHold(enum.Enum):
    """Why an open item may not be allocated for the time being."""

    NONE = "none"
    BLOCKED = "blocked"
    DISPUTED = "disputed"


def _between(column: str, original: str) -> str:
    return (
        f"({original} >= 0 AND {column} >= 0 AND {column} <= {original})"
        f" OR ({original} <= 0 AND {column} <= 0 AND {column} >= {original})"
    )


class OpenItem(Identified, CompanyScoped, LedgerBase):
    """A line of an entry that is to be settled; while the entry is a draft, what was typed."""

    __tablename__ = "ledger_open_item"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        UniqueConstraint("entry_id", "line_no"),
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(
            ["entry_id", "line_no"],
            ["ledger_line.entry_id", "ledger_line.line_no"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["company_id", "account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        CheckConstraint("amount <> 0 AND (amount > 0) = (amount_base > 0)", name="amount"),
        CheckConstraint("currency IS NOT NULL OR amount = amount_base", name="currency"),
        CheckConstraint(_between("residual", "amount"), name="residual"),
        CheckConstraint(_between("residual_base", "amount_base"), name="residual_base"),
        CheckConstraint("residual <> 0 OR residual_base = 0", name="settled"),
        CheckConstraint("hold IN ('none', 'blocked', 'disputed')", name="hold"),
        # What ageing reads: nothing but this, whatever was settled long ago.
        Index(
            "ix_ledger_open_item_open",
            "company_id",
            "account_id",
            "party",
            "date",
            "due_date",
            "residual_base",
            "residual",
            sqlite_where=text("residual <> 0"),
            postgresql_where=text("residual <> 0"),
        ),
        Index("ix_ledger_open_item_company_id_party_date", "company_id", "party", "date"),
        Index("ix_ledger_open_item_account_id_party", "account_id", "party"),
    )

    entry_id: Mapped[int] = mapped_column(Id)
    line_no: Mapped[int]
    account_id: Mapped[int] = mapped_column(Id)
    party: Mapped[str] = mapped_column(short(80), default="")
    """Whom it is owed by or to, as a free key; empty on accounts without parties."""
    due_date: Mapped[date | None]
    """NULL for the entry's own date."""
    date: Mapped[date | None]
    """The entry's date; NULL while the entry is a draft."""
    currency: Mapped[str | None] = mapped_column(short(3))
    """NULL for the base currency."""
    amount: Mapped[Decimal]
    """In the item's currency, debit positive."""
    amount_base: Mapped[Decimal]
    residual: Mapped[Decimal]
    """What no allocation took yet, in the item's currency; kept by the allocations' trigger."""
    residual_base: Mapped[Decimal]
    hold: Mapped[ItemHold] = mapped_column(default=ItemHold.NONE)
    hold_reason: Mapped[str] = mapped_column(short(200), default="")

    def audit_label(self) -> str:
        """Its line."""
        return f"{self.entry_id}/{self.line_no}"


class Allocation(Identified, CompanyScoped, LedgerBase):
    """A debit item and a credit item settle each other by an amount; never changed."""

    __tablename__ = "ledger_allocation"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "idempotency_key", "key_position"),
        UniqueConstraint("undoes_id"),
        UniqueConstraint("exchange_entry_id"),
        ForeignKeyConstraint(
            ["company_id", "debit_id"], ["ledger_open_item.company_id", "ledger_open_item.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "credit_id"], ["ledger_open_item.company_id", "ledger_open_item.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "undoes_id"], ["ledger_allocation.company_id", "ledger_allocation.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "exchange_entry_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
        CheckConstraint(
            "(undoes_id IS NULL AND amount > 0 AND base_debit >= 0 AND base_credit >= 0)"
            " OR (undoes_id IS NOT NULL AND amount < 0 AND base_debit <= 0 AND base_credit <= 0)",
            name="amount",
        ),
        Index(
            "ix_ledger_allocation_debit_id_date_amount",
            "debit_id",
            "date",
            "amount",
            "base_debit",
        ),
        Index(
            "ix_ledger_allocation_credit_id_date_amount",
            "credit_id",
            "date",
            "amount",
            "base_credit",
        ),
        Index("ix_ledger_allocation_company_id_date", "company_id", "date"),
    )

    debit_id: Mapped[int] = mapped_column(Id)
    credit_id: Mapped[int] = mapped_column(Id)
    amount: Mapped[Decimal]
    """In the currency of both items; negative when it undoes another allocation."""
    base_debit: Mapped[Decimal]
    """The part of the debit item's base amount that it takes."""
    base_credit: Mapped[Decimal]
    date: Mapped[date]
    exchange_entry_id: Mapped[int | None] = mapped_column(Id)
    """The entry of the realised exchange difference, or of the transfer between two accounts."""
    undoes_id: Mapped[int | None] = mapped_column(Id)
    idempotency_key: Mapped[str | None] = mapped_column(short(120))
    key_position: Mapped[int | None]
    """Its place among the allocations that were asked for under the key."""
    payload_hash: Mapped[str] = mapped_column(short(64))
    """sha256 over what was asked for under the key."""
    made_by: Mapped[str] = mapped_column(short(120))
    made_at: Mapped[datetime]

    def audit_label(self) -> str:
        """The two items."""
        return f"{self.debit_id} and {self.credit_id}"
