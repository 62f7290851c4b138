"""Groups of companies whose statements are read as one, and what of each company they hold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase
from backstay_ledger.models.currencies import RateType


class CompanyGroup(Identified, CompanyScoped, Versioned, LedgerBase):
    """A group, kept by the company that presents it and in that company's currency."""

    __tablename__ = "ledger_company_group"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        # An index and no constraint: SQLite would have to make the table anew for one.
        Index("ix_ledger_company_group_company_id_id", "company_id", "id", unique=True),
    )

    code: Mapped[str] = mapped_column(short(20))
    name: Mapped[str] = mapped_column(short(100))
    members: Mapped[str] = mapped_column(short(1000))
    """Codes of the companies besides the one that keeps the group, with semicolons between."""
    eliminations: Mapped[str] = mapped_column(short(4000), default="")
    """A rule a line: ``ALPHA 1500 = BETA 2500``."""

    @property
    def label(self) -> str:
        """Code and name."""
        return f"{self.code} {self.name}"


class GroupShare(Identified, CompanyScoped, Versioned, LedgerBase):
    """What part of a company belongs to the owners of its group, from a day to a day.

    A company without shares belongs to them wholly and always did.
    """

    __tablename__ = "ledger_group_share"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("group_id", "member", "valid_from"),
        ForeignKeyConstraint(
            ["company_id", "group_id"],
            ["ledger_company_group.company_id", "ledger_company_group.id"],
        ),
        CheckConstraint("share > 0 AND share <= 10000000000", name="share"),
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="valid"),
    )

    group_id: Mapped[int] = mapped_column(Id)
    member: Mapped[str] = mapped_column(short(20))
    """Code of the company."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    """Its last day in the group, or the last before the next share; None until further notice."""
    share: Mapped[Decimal] = mapped_column(RateType)
    """Above 0, 1 for the whole; through other companies of the group what comes of it (0.48)."""
    investment: Mapped[str] = mapped_column(short(400), default="")
    """Who holds it on which accounts, a line each: ``ALPHA 1400``."""
    dividends: Mapped[str] = mapped_column(short(400), default="")
    """On which accounts its dividends are income, a line each: ``ALPHA 4700``."""

    def audit_label(self) -> str:
        """The company and the first day."""
        return f"{self.member} {self.valid_from.isoformat()}"
