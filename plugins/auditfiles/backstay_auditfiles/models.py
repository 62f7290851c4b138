"""The tables: what audit files say of the company."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backstay.spi import (
    ANNOTATIONS,
    Audit,
    CompanyScoped,
    Identified,
    Model,
    Versioned,
    plugin_metadata,
    short,
)


class AuditFilesBase(Model, DeclarativeBase):
    """Base of the plugin's models; their tables are called ``auditfiles_...``."""

    metadata = plugin_metadata("auditfiles")
    type_annotation_map = ANNOTATIONS


class ReportingCompany(Identified, CompanyScoped, Versioned, AuditFilesBase):
    """How authorities know a company, and whom they can ask; there is one of it in a company."""

    __tablename__ = "auditfiles_company"
    __audit__ = Audit.FULL
    __table_args__ = (UniqueConstraint("company_id"),)

    registration_number: Mapped[str] = mapped_column(short(35), default="")
    """In the register of companies."""
    tax_number: Mapped[str] = mapped_column(short(35), default="")
    """For value-added tax or what a country has in its place."""
    siren: Mapped[str] = mapped_column(short(9), default="")
    street: Mapped[str] = mapped_column(short(70), default="")
    postal_code: Mapped[str] = mapped_column(short(18), default="")
    city: Mapped[str] = mapped_column(short(35), default="")
    country: Mapped[str] = mapped_column(short(2), default="")
    """ISO 3166-1 alpha-2."""
    first_name: Mapped[str] = mapped_column(short(35), default="")
    last_name: Mapped[str] = mapped_column(short(70), default="")
    telephone: Mapped[str] = mapped_column(short(18), default="")
    email: Mapped[str] = mapped_column(short(70), default="")

    def audit_label(self) -> str:
        """There is one of them in a company."""
        return "company in audit files"
