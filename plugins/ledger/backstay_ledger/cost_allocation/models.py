"""Tables of cost allocation: rules, fixed shares, and what was run for which period."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase


class Basis(enum.Enum):
    """What the parts of an allocation are in proportion to."""

    SHARES = "shares"
    """Fixed shares of the rule."""
    BALANCES = "balances"
    """What other accounts moved in the period, by value: wages, sales, statistical accounts."""


class AllocationRule(Identified, CompanyScoped, Versioned, LedgerBase):
    """Which amounts of a period are spread over which values of a dimension, and by what."""

    __tablename__ = "ledger_allocation_rule"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "name"),
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(
            ["company_id", "dimension_id"], ["ledger_dimension.company_id", "ledger_dimension.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "target_account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "relief_account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        CheckConstraint("basis IN ('shares', 'balances')", name="basis"),
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="valid"),
    )

    name: Mapped[str] = mapped_column(short(100))
    sources: Mapped[str] = mapped_column(short(400))
    """Codes of accounts, ranges of them, and nodes of trees: ``6000..6999, board/overheads``."""
    source_values: Mapped[str] = mapped_column(short(200), default="")
    """Values that the lines carry: ``cost_centre=-``; empty for all lines."""
    dimension_id: Mapped[int] = mapped_column(Id)
    """Whose values the parts get."""
    basis: Mapped[Basis]
    basis_accounts: Mapped[str] = mapped_column(short(400), default="")
    target_account_id: Mapped[int | None] = mapped_column(Id)
    """Where the parts go; None for the account that they come from."""
    relief_account_id: Mapped[int | None] = mapped_column(Id)
    """Where the whole is taken off; None for the account that it stands on."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    def audit_label(self) -> str:
        """Its name."""
        return self.name


class AllocationShare(Identified, CompanyScoped, LedgerBase):
    """The fixed share of a value."""

    __tablename__ = "ledger_allocation_share"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("rule_id", "value_id"),
        ForeignKeyConstraint(
            ["company_id", "rule_id"],
            ["ledger_allocation_rule.company_id", "ledger_allocation_rule.id"],
        ),
        ForeignKeyConstraint(
            ["company_id", "value_id"],
            ["ledger_dimension_value.company_id", "ledger_dimension_value.id"],
        ),
        CheckConstraint("weight > 0", name="weight"),
    )

    rule_id: Mapped[int] = mapped_column(Id)
    value_id: Mapped[int] = mapped_column(Id)
    weight: Mapped[Decimal]
    """Of the sum of all weights; four decimals."""

    def audit_label(self) -> str:
        """Rule and value."""
        return f"{self.rule_id}/{self.value_id}"


class AllocationRun(Identified, CompanyScoped, LedgerBase):
    """A rule was run for a period and made an entry; undone by that entry's reversal."""

    __tablename__ = "ledger_allocation_run"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("rule_id", "period_id", "attempt"),
        UniqueConstraint("entry_id"),
        ForeignKeyConstraint(
            ["company_id", "rule_id"],
            ["ledger_allocation_rule.company_id", "ledger_allocation_rule.id"],
        ),
        ForeignKeyConstraint(
            ["company_id", "period_id"], ["ledger_period.company_id", "ledger_period.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "entry_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
        CheckConstraint("attempt > 0", name="attempt"),
        Index("ix_ledger_allocation_run_company_id_period_id", "company_id", "period_id"),
    )

    rule_id: Mapped[int] = mapped_column(Id)
    period_id: Mapped[int] = mapped_column(Id)
    attempt: Mapped[int]
    """One, and one more each time after the entry before was reversed."""
    entry_id: Mapped[int] = mapped_column(Id)
    run_by: Mapped[str] = mapped_column(short(120))
    run_at: Mapped[datetime]

    def audit_label(self) -> str:
        """Rule and period."""
        return f"{self.rule_id}/{self.period_id}"
