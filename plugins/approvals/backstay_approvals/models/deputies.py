"""Deputies: who decides in whose place, from a day to a day."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Identified, Versioned, short
from backstay_approvals.models.base import ApprovalsBase


class Deputy(Identified, CompanyScoped, Versioned, ApprovalsBase):
    """That somebody decides in somebody's place; it always has an end."""

    __tablename__ = "approvals_deputy"
    __audit__ = Audit.FULL
    __table_args__ = (
        CheckConstraint("login <> stands_for", name="another"),
        CheckConstraint("starts_on <= ends_on", name="days"),
        Index("ix_approvals_deputy_company_id_login", "company_id", "login"),
        Index("ix_approvals_deputy_company_id_starts_on_id", "company_id", "starts_on", "id"),
    )

    login: Mapped[str] = mapped_column(short(120))
    """Who decides."""
    stands_for: Mapped[str] = mapped_column(short(120))
    """In whose place."""
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    """The last day, included."""
    reason: Mapped[str] = mapped_column(short(200), default="")
    named_by: Mapped[str] = mapped_column(short(120))
    ended_at: Mapped[datetime | None]
    """When it was ended before its last day."""

    def audit_label(self) -> str:
        """Who for whom."""
        return f"{self.login} for {self.stands_for}"
