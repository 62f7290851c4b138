"""The tables: what audit files say of the company, and the files that were made."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backstay.spi import (
    ANNOTATIONS,
    Audit,
    Blob,
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


class AuditFileState(enum.Enum):
    """A file is waited for until the job has made it, or has said why it can't be made."""

    WAITING = "waiting"
    READY = "ready"
    REFUSED = "refused"
    """The books or the company lack something, or the file did not read back: there is none."""


class AuditFile(Identified, CompanyScoped, AuditFilesBase):
    """An audit file that somebody asked for; once it is there, it stays as it is."""

    __tablename__ = "auditfiles_file"
    __audit__ = Audit.FULL
    __table_args__ = (
        CheckConstraint("starts_on <= ends_on", name="days"),
        CheckConstraint("state IN ('waiting', 'ready', 'refused')", name="state"),
        CheckConstraint(
            "(state = 'ready') = (sha256 IS NOT NULL)"
            " AND (state = 'waiting') = (finished_at IS NULL)",
            name="made",
        ),
        Index("ix_auditfiles_file_company_id_made_at", "company_id", "made_at", "id"),
        Index("ix_auditfiles_file_sha256", "sha256"),
    )

    form: Mapped[str] = mapped_column(short(20))
    fiscal_year: Mapped[str] = mapped_column(short(10), default="")
    """Its code; empty for other days."""
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    state: Mapped[AuditFileState] = mapped_column(default=AuditFileState.WAITING)
    name: Mapped[str] = mapped_column(short(200), default="")
    sha256: Mapped[str | None] = mapped_column(short(64), ForeignKey(Blob.sha256))
    size: Mapped[int | None] = mapped_column(BigInteger)
    """In bytes."""
    entries: Mapped[int | None]
    lines: Mapped[int | None]
    debit: Mapped[Decimal | None]
    """Base currency, as ``credit``; read back from the file like the other totals."""
    credit: Mapped[Decimal | None]
    accounts: Mapped[int | None]
    said: Mapped[str] = mapped_column(short(4000), default="")
    """Notes on the file, or why there is none."""
    made_by: Mapped[str] = mapped_column(short(120))
    made_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    def audit_label(self) -> str:
        """The file's name, or what was asked for."""
        return self.name or f"{self.form} {self.starts_on} - {self.ends_on}"
