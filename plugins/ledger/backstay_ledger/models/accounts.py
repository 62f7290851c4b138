"""The chart of accounts: a flat list by code; each account belongs to one of five classes.

A plain-text journal names its accounts without saying what they are; such an account waits for its
class, in a list and in a filter of its own, and reports show it under a heading of its own.
"""

from __future__ import annotations

import enum
from typing import Final

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase

LONGEST_CODE: Final = 200
"""Characters; plain-text journals call an account by all its levels."""


class AccountClass(enum.Enum):
    """What an account's balance means; decides where statements show it."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"
    UNSET = "unset"
    """To be set: the file that brought the account does not say. It takes entries all the same."""


class Account(Identified, CompanyScoped, Versioned, LedgerBase):
    """An account of a company's chart."""

    __tablename__ = "ledger_account"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        UniqueConstraint("company_id", "id"),
        CheckConstraint(
            "account_class IN ('asset', 'liability', 'equity', 'income', 'expense', 'unset')",
            name="account_class",
        ),
        CheckConstraint("sub_ledger IS NULL OR open_item_managed", name="sub_ledger"),
        # Posting asks first whether a company has any.
        Index(
            "ix_ledger_account_open_items",
            "company_id",
            sqlite_where=text("open_item_managed"),
            postgresql_where=text("open_item_managed"),
        ),
    )

    code: Mapped[str] = mapped_column(short(LONGEST_CODE))
    """As typed in entries; the whole name where accounts have levels (``assets:bank:checking``)."""
    name: Mapped[str] = mapped_column(short(200))
    account_class: Mapped[AccountClass]
    active: Mapped[bool] = mapped_column(default=True)
    """An inactive account keeps its history but takes no new lines."""
    open_item_managed: Mapped[bool] = mapped_column(default=False)
    """Its posted lines are open items, which settle each other."""
    sub_ledger: Mapped[str | None] = mapped_column(short(80))
    """The plugin and sub-ledger that alone post to it, such as ``invoicing.receivables``."""

    @property
    def label(self) -> str:
        """Code and name, as pickers and the audit trail show it."""
        return f"{self.code} {self.name}"
