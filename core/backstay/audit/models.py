"""The audit trail: one append-only table, written in the transaction of the change itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, Identified, Scope, short
from backstay.db.guards import append_only
from backstay.db.types import Id


class AuditEvent(Identified, CoreBase):
    """One thing that happened: a change of a row, a sign-in, a refusal, an export."""

    __tablename__ = "core_audit"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __table_args__ = (
        Index("ix_core_audit_entity_entity_id_id", "entity", "entity_id", "id"),
        Index("ix_core_audit_company_id_id", "company_id", "id"),
        Index("ix_core_audit_actor_id_id", "actor_id", "id"),
    )

    at: Mapped[datetime]
    """The database's clock, UTC."""
    actor_id: Mapped[int | None] = mapped_column(Id)
    actor: Mapped[str] = mapped_column(short(120))
    on_behalf_of: Mapped[str | None] = mapped_column(short(120))
    session_id: Mapped[int | None] = mapped_column(Id)
    request_id: Mapped[str] = mapped_column(short(32))
    ip: Mapped[str] = mapped_column(short(45))
    plugin: Mapped[str] = mapped_column(short(40))
    plugin_version: Mapped[str] = mapped_column(short(40))
    action: Mapped[str] = mapped_column(short(60))
    """``create``, ``update``, ``delete``, or a verb such as ``post``, ``sign_in``, ``deny``."""
    entity: Mapped[str] = mapped_column(short(60))
    """The table's name, or the area for events that are no change of a row."""
    entity_id: Mapped[str] = mapped_column(short(80))
    label: Mapped[str] = mapped_column(short(200))
    """A copy of how the record was called then."""
    company_id: Mapped[int | None] = mapped_column(Id)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    row_hash: Mapped[str | None] = mapped_column(short(64))
    """sha256 of the whole row after the change (see backstay.audit.canonical)."""
    reason: Mapped[str] = mapped_column(short(500))
    approval: Mapped[str] = mapped_column(short(200))
    outcome: Mapped[str] = mapped_column(short(20))
    xid: Mapped[str | None] = mapped_column(short(24))
    """PostgreSQL's transaction id (xid8), which the sealer batches by; None on SQLite."""


append_only(AuditEvent.__table__, "The audit trail can't be changed.")
