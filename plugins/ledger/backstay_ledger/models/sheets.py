"""What stands in the entry editor and is no entry yet: kept as typed; and templates for entries.

A draft needs known accounts and amounts. What somebody is still typing has neither, so it is kept
as text, for its writer alone, until it is saved, posted or thrown away.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase


class EntrySheet(Identified, CompanyScoped, Versioned, LedgerBase):
    """An editor's content as it was typed; no business record, and seen by its writer only."""

    __tablename__ = "ledger_entry_sheet"
    __audit__ = Audit.DERIVED
    __table_args__ = (
        UniqueConstraint("company_id", "owner_id", "key"),
        Index("ix_ledger_entry_sheet_owner_id_entry_id", "owner_id", "entry_id"),
    )

    owner_id: Mapped[int] = mapped_column(Id)
    key: Mapped[str] = mapped_column(short(40))
    """Made with the page, so that a window saves into its own sheet from the first time on."""
    entry_id: Mapped[int | None] = mapped_column(Id)
    """The draft that is being changed. No foreign key: the sheet outlives it."""
    entry_version: Mapped[int | None] = mapped_column(BigInteger)
    """The draft's version when the editor was opened."""
    content: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]

    def audit_label(self) -> str:
        """What it is about; that it is unfinished is said by the entity."""
        return str(self.content.get("memo") or self.content.get("reference") or self.key)


class EntryTemplate(Identified, CompanyScoped, Versioned, LedgerBase):
    """An entry to begin with: accounts, texts and, if they are always the same, amounts."""

    __tablename__ = "ledger_entry_template"
    __audit__ = Audit.FULL
    __table_args__ = (UniqueConstraint("company_id", "owner_id", "name"),)

    owner_id: Mapped[int] = mapped_column(Id)
    name: Mapped[str] = mapped_column(short(100))
    shared: Mapped[bool] = mapped_column(default=False)
    """Whether everybody in the company who writes entries sees it."""
    content: Mapped[dict[str, Any]]
    created_by: Mapped[str] = mapped_column(short(120))
    created_at: Mapped[datetime]
