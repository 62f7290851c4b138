"""Saved views of lists, which of them opens by itself, actions over many records, and exports."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, Identified, Scope, Versioned, short
from backstay.db.types import Id


class ListView(Identified, Versioned, CoreBase):
    """Filters, search, order, columns and density of a list, kept under a name."""

    __tablename__ = "core_list_view"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL
    __table_args__ = (Index("ix_core_list_view_resource_company_id", "resource", "company_id"),)

    resource: Mapped[str] = mapped_column(short(120))
    company_id: Mapped[int | None] = mapped_column(Id, ForeignKey("core_company.id"))
    """None: of a list outside any company. Queries filter by it themselves."""
    owner_id: Mapped[int] = mapped_column(Id, ForeignKey("core_user.id"))
    name: Mapped[str] = mapped_column(short(80))
    shared: Mapped[bool] = mapped_column(default=False)
    query: Mapped[dict[str, Any]]
    """The list's URL parameters, as :meth:`ListState.query` gives them."""
    created_at: Mapped[datetime]

    def audit_label(self) -> str:
        """The view's name."""
        return self.name


class ListDefault(Identified, CoreBase):
    """The view that a list opens with: of one person, or (without a user) of the company."""

    __tablename__ = "core_list_default"
    __scope__ = Scope.SHARED
    __audit__ = Audit.FULL
    __table_args__ = (Index("ix_core_list_default_view_id", "view_id"),)

    resource: Mapped[str] = mapped_column(short(120))
    company_id: Mapped[int | None] = mapped_column(Id, ForeignKey("core_company.id"))
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("core_user.id"))
    view_id: Mapped[int] = mapped_column(Id, ForeignKey("core_list_view.id"))

    def audit_label(self) -> str:
        """The list that it is the default of."""
        return self.resource


class RunState(enum.Enum):
    """Running: its job waits or is under way, or has failed."""

    RUNNING = "running"
    DONE = "done"


class ListRun(Identified):
    """Something that a person had done with a list, perhaps by a job; seen by that person alone."""

    resource: Mapped[str] = mapped_column(short(120))
    company_id: Mapped[int | None] = mapped_column(Id)
    user_id: Mapped[int] = mapped_column(Id)
    state: Mapped[RunState] = mapped_column(default=RunState.RUNNING)
    job_id: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime]


class BulkRun(ListRun, CoreBase):
    """One action over many records: what was asked, how many were done, which were left and why.

    The trail of what happened to the records is written by their service, one by one.
    """

    __tablename__ = "core_bulk_run"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __table_args__ = (Index("ix_core_bulk_run_created_at", "created_at"),)

    action: Mapped[str] = mapped_column(short(60))
    records: Mapped[list[Any]]
    """Ids of the records, as strings."""
    inputs: Mapped[dict[str, Any]]
    """What was filled in for all of them, as the form sent it."""
    done: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[list[Any]] = mapped_column(default=list)
    """Of each record that was left: id, name and reason."""


class ExportRun(ListRun, CoreBase):
    """A list that a job writes into a file: what was asked, and where the file is.

    Who took what is written to the audit trail when the file is there.
    """

    __tablename__ = "core_export_run"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __table_args__ = (
        Index("ix_core_export_run_created_at", "created_at"),
        Index("ix_core_export_run_user_id", "user_id"),
    )

    query: Mapped[dict[str, Any]]
    """The list's URL parameters, as :meth:`ListState.query` gives them."""
    everything: Mapped[bool]
    """All columns, not only those that the list shows."""
    format: Mapped[str] = mapped_column(short(10))
    rows: Mapped[int] = mapped_column(BigInteger, default=0)
    file_id: Mapped[int | None] = mapped_column(Id)
    """The private file; it goes away before the run does."""
    expires_at: Mapped[datetime | None]
