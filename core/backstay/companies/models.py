"""A company: the owner of all business rows, with the currency its books are kept in."""

from __future__ import annotations

import enum

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, Identified, Scope, Versioned, short


class CompanyState(enum.Enum):
    """An archived company can be read but not written."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class Company(Identified, Versioned, CoreBase):
    """A legal entity that keeps books of its own."""

    __tablename__ = "core_company"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL
    __table_args__ = (CheckConstraint("minor_units BETWEEN 0 AND 4", name="minor_units"),)

    code: Mapped[str] = mapped_column(short(20), unique=True)
    name: Mapped[str] = mapped_column(short(200))
    currency: Mapped[str] = mapped_column(short(3))
    minor_units: Mapped[int]
    """Decimals of the currency (ISO 4217), kept here so that a change can't rewrite history."""
    fiscal_year_start: Mapped[int] = mapped_column(default=1)
    """The month (1-12) in which a fiscal year begins."""
    time_zone: Mapped[str] = mapped_column(short(60), default="UTC")
    state: Mapped[CompanyState] = mapped_column(default=CompanyState.ACTIVE)

    def audit_label(self) -> str:
        """Code and name."""
        return f"{self.code} {self.name}"
