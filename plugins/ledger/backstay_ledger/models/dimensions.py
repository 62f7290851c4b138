"""Dimensions, their values as trees, and the sets of values that lines carry.

Every combination of values is stored once, under its digest; a line refers to it by one column.
Balances by account, period and set are kept like those by account and period.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase


class Dimension(Identified, CompanyScoped, Versioned, LedgerBase):
    """A kind of thing that lines are about: cost centre, project, region."""

    __tablename__ = "ledger_dimension"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "kept_by"),
    )

    code: Mapped[str] = mapped_column(short(40))
    name: Mapped[str] = mapped_column(short(100))
    active: Mapped[bool] = mapped_column(default=True)
    """An inactive dimension keeps its history but takes no new lines."""
    kept_by: Mapped[str | None] = mapped_column(short(100))
    """The dimension type of a plugin that keeps its values; NULL where people do."""

    def audit_label(self) -> str:
        """Its name."""
        return self.name


class DimensionValue(Identified, CompanyScoped, Versioned, LedgerBase):
    """A value of a dimension, perhaps below another; reports by that one contain it."""

    __tablename__ = "ledger_dimension_value"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "dimension_id", "code"),
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("dimension_id", "source_key"),
        ForeignKeyConstraint(
            ["company_id", "dimension_id"], ["ledger_dimension.company_id", "ledger_dimension.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "parent_id"],
            ["ledger_dimension_value.company_id", "ledger_dimension_value.id"],
        ),
        CheckConstraint(
            "valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to", name="valid"
        ),
        Index("ix_ledger_dimension_value_company_id_parent_id", "company_id", "parent_id"),
    )

    dimension_id: Mapped[int] = mapped_column(Id)
    code: Mapped[str] = mapped_column(short(40))
    name: Mapped[str] = mapped_column(short(100))
    parent_id: Mapped[int | None] = mapped_column(Id)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    """The last day of entries that may carry it."""
    source_key: Mapped[str | None] = mapped_column(short(80))
    """The plugin's record that it stands for; NULL for what people keep."""

    @property
    def label(self) -> str:
        """Code and name, as pickers and the audit trail show it."""
        return f"{self.code} {self.name}"


class DimensionSet(Identified, CompanyScoped, LedgerBase):
    """A combination of values, one of each dimension at most."""

    __tablename__ = "ledger_dimset"
    __audit__ = Audit.DERIVED
    __table_args__ = (
        UniqueConstraint("company_id", "digest"),
        UniqueConstraint("company_id", "id"),
    )

    digest: Mapped[str] = mapped_column(short(64))
    """sha256 over the ids of its values in order."""


class DimensionSetValue(CompanyScoped, LedgerBase):
    """A value of a set."""

    __tablename__ = "ledger_dimset_value"
    __audit__ = Audit.DERIVED
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "dimset_id"], ["ledger_dimset.company_id", "ledger_dimset.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "value_id"],
            ["ledger_dimension_value.company_id", "ledger_dimension_value.id"],
        ),
        Index("ix_ledger_dimset_value_value_id_dimset_id", "value_id", "dimset_id"),
    )

    dimset_id: Mapped[int] = mapped_column(Id, primary_key=True)
    dimension_id: Mapped[int] = mapped_column(Id, primary_key=True)
    company_id: Mapped[int] = mapped_column(Id)
    value_id: Mapped[int] = mapped_column(Id)


class RequiredDimension(Identified, CompanyScoped, LedgerBase):
    """Lines on an account carry a value of a dimension, or their entry is not posted."""

    __tablename__ = "ledger_required_dimension"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("account_id", "dimension_id"),
        ForeignKeyConstraint(
            ["company_id", "account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "dimension_id"], ["ledger_dimension.company_id", "ledger_dimension.id"]
        ),
    )

    account_id: Mapped[int] = mapped_column(Id)
    dimension_id: Mapped[int] = mapped_column(Id)

    def audit_label(self) -> str:
        """Account and dimension."""
        return f"{self.account_id}/{self.dimension_id}"


class DimensionBalance(CompanyScoped, LedgerBase):
    """What was posted to an account in a period by set of values; kept by posting alone."""

    __tablename__ = "ledger_dimension_balance"
    __audit__ = Audit.DERIVED
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "period_id"], ["ledger_period.company_id", "ledger_period.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "dimset_id"], ["ledger_dimset.company_id", "ledger_dimset.id"]
        ),
        Index("ix_ledger_dimension_balance_dimset_id_period_id", "dimset_id", "period_id"),
    )

    company_id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(Id, primary_key=True)
    period_id: Mapped[int] = mapped_column(Id, primary_key=True)
    dimset_id: Mapped[int] = mapped_column(Id, primary_key=True)
    debit: Mapped[Decimal]
    credit: Mapped[Decimal]
    """Positive, like ``debit``."""
    n: Mapped[int]
    """How many lines these are the sums of."""
