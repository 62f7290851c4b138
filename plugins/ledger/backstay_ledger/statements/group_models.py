"""Groups of companies whose statements are read as one."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase


class CompanyGroup(Identified, CompanyScoped, Versioned, LedgerBase):
    """A group, kept by the company that presents it and in that company's currency."""

    __tablename__ = "ledger_company_group"
    __audit__ = Audit.FULL
    __table_args__ = (UniqueConstraint("company_id", "code"),)

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
