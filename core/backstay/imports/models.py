"""An import and its rows: kept as they were, so that everybody can see what a file contained."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, CompanyScoped, Identified, Versioned, short
from backstay.db.types import Id
from backstay.files.models import Blob


class ImportState(enum.Enum):
    """Where an import stands; only ``ready`` can be committed, only ``done`` undone."""

    UPLOADED = "uploaded"
    REFUSED = "refused"
    READY = "ready"
    COMMITTING = "committing"
    DONE = "done"
    UNDONE = "undone"
    DISCARDED = "discarded"


class Import(Identified, CompanyScoped, Versioned, CoreBase):
    """One file on its way into a plugin's records."""

    __tablename__ = "core_import"
    __audit__ = Audit.FULL
    # Long and no record of its own: the trail notes that they changed and keeps their number.
    __secret__ = frozenset({"problems"})
    __table_args__ = (Index("ix_core_import_company_id_id", "company_id", "id"),)

    kind: Mapped[str] = mapped_column(short(80))
    file_name: Mapped[str] = mapped_column(short(200))
    file_hash: Mapped[str] = mapped_column(short(64))
    state: Mapped[ImportState] = mapped_column(default=ImportState.UPLOADED)
    rows: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    present: Mapped[int] = mapped_column(default=0)
    problem_count: Mapped[int] = mapped_column(default=0)
    problems: Mapped[list[Any]] = mapped_column(default=list)
    """The first hundred, as {message, field, row}."""
    notes: Mapped[list[Any]] = mapped_column(default=list)
    options: Mapped[dict[str, Any] | None]
    """How the file is to be read (imports.reading.Options), if somebody said so; ``found``: what
    was found out about it (its columns, dates and decimals); ``partial``: leave bad rows out."""
    job_id: Mapped[int | None] = mapped_column(Id)
    created_by: Mapped[str] = mapped_column(short(120))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    def audit_label(self) -> str:
        """The file's name."""
        return self.file_name


class ImportFile(CompanyScoped, CoreBase):
    """Which content of the store of files an import was made from; it keeps it from going."""

    __tablename__ = "core_import_file"
    __audit__ = Audit.DERIVED
    __table_args__ = (Index("ix_core_import_file_sha256", "sha256"),)

    import_id: Mapped[int] = mapped_column(Id, ForeignKey("core_import.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(short(64), ForeignKey(Blob.sha256))

    def audit_label(self) -> str:
        """Which import it is."""
        return f"import {self.import_id}"


class ImportContent(CompanyScoped, CoreBase):
    """The bytes of imports from before there was a store of files; nothing is added any more."""

    __tablename__ = "core_import_content"
    __audit__ = Audit.DERIVED

    import_id: Mapped[int] = mapped_column(Id, ForeignKey("core_import.id"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportRow(CompanyScoped, CoreBase):
    """A staged row: the raw values by column, and what was made of it."""

    __tablename__ = "core_import_row"
    __audit__ = Audit.DERIVED
    __table_args__ = (Index("ix_core_import_row_import_id_unit", "import_id", "unit", "number"),)

    import_id: Mapped[int] = mapped_column(Id, ForeignKey("core_import.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    raw: Mapped[dict[str, Any]]
    unit: Mapped[int | None]
    """The number of the first row of its group: rows of one group stand or fall together."""
    problems: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """What is wrong with this row, as {message, field}; None when nothing is."""


class ImportLayout(CompanyScoped, CoreBase):
    """How the files with one header were read last time: remembered for the next one."""

    __tablename__ = "core_import_layout"
    __audit__ = Audit.DERIVED

    company_id: Mapped[int] = mapped_column(Id, ForeignKey("core_company.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(short(80), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(short(64), primary_key=True)
    options: Mapped[dict[str, Any]]


class ImportReference(CompanyScoped, CoreBase):
    """A record that an import made, for undo."""

    __tablename__ = "core_import_reference"
    __audit__ = Audit.DERIVED

    import_id: Mapped[int] = mapped_column(Id, ForeignKey("core_import.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reference: Mapped[str] = mapped_column(short(80))


__all__ = [
    "Import",
    "ImportContent",
    "ImportFile",
    "ImportLayout",
    "ImportReference",
    "ImportRow",
    "ImportState",
]
