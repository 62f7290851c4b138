"""Requests for approval with what each person decided. What has happened is never changed."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_approvals.models.base import ApprovalsBase
from backstay_approvals.models.rules import Stage


class RequestState(enum.Enum):
    """Where a request stands; only open ones change."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    VOID = "void"
    """The record changed while it waited, or waited no longer."""


class Request(Identified, CompanyScoped, Versioned, ApprovalsBase):
    """That somebody asked others to agree to an action on a record."""

    __tablename__ = "approvals_request"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        CheckConstraint(
            "(state = 'open' AND closed_at IS NULL AND closed_by IS NULL)"
            " OR (state IN ('approved', 'rejected', 'withdrawn', 'void')"
            " AND closed_at IS NOT NULL AND closed_by IS NOT NULL)",
            name="state",
        ),
        CheckConstraint("stage > 0", name="stage"),
        Index(
            "ix_approvals_request_open",
            "company_id",
            "record",
            "action",
            "record_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_approvals_request_company_id_requested_at_id", "company_id", "requested_at", "id"
        ),
        Index("ix_approvals_request_company_id_requested_by", "company_id", "requested_by"),
    )

    record: Mapped[str] = mapped_column(short(80))
    action: Mapped[str] = mapped_column(short(40))
    record_id: Mapped[int] = mapped_column(Id)
    """No foreign key: the record belongs to another module."""
    label: Mapped[str] = mapped_column(short(200))
    amount: Mapped[Decimal | None]
    digest: Mapped[str] = mapped_column(short(64))
    """Of the content that is approved (see the contract)."""
    rule: Mapped[str] = mapped_column(short(100), default="")
    """The name of the rule then; empty where none fitted."""
    state: Mapped[RequestState] = mapped_column(default=RequestState.OPEN)
    stage: Mapped[int] = mapped_column(default=1)
    """Whose turn it is, from 1 on."""
    requested_by: Mapped[str] = mapped_column(short(120))
    requested_at: Mapped[datetime]
    closed_by: Mapped[str | None] = mapped_column(short(120))
    closed_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(short(500), default="")
    """Why it was refused, taken back or void."""

    @property
    def about(self) -> str:
        """Record and action in one."""
        return f"{self.record}.{self.action}"


class RequestStage(CompanyScoped, ApprovalsBase):
    """A stage as it was when approval was asked for."""

    __tablename__ = "approvals_request_stage"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "request_id"], ["approvals_request.company_id", "approvals_request.id"]
        ),
        CheckConstraint("position > 0 AND people > 0", name="people"),
    )

    request_id: Mapped[int] = mapped_column(Id, primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    role: Mapped[str] = mapped_column(short(40), default="")
    persons: Mapped[list[Any]]
    people: Mapped[int]

    @property
    def asked(self) -> Stage:
        """What it asks for."""
        return Stage(self.role, tuple(self.persons), self.people)

    def audit_label(self) -> str:
        """Its place in the request."""
        return f"{self.request_id}/{self.position}"


class RequestMaker(CompanyScoped, ApprovalsBase):
    """Somebody who wrote or submitted the record, and so never decides on it."""

    __tablename__ = "approvals_request_maker"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "request_id"], ["approvals_request.company_id", "approvals_request.id"]
        ),
    )

    request_id: Mapped[int] = mapped_column(Id, primary_key=True)
    login: Mapped[str] = mapped_column(short(120), primary_key=True)

    def audit_label(self) -> str:
        """Who."""
        return self.login


class Decision(Identified, CompanyScoped, ApprovalsBase):
    """What one person decided on a request, for themselves or in somebody's place."""

    __tablename__ = "approvals_decision"
    __audit__ = Audit.FULL
    __table_args__ = (
        # One person decides once in all stages, and nobody counts twice through a deputy.
        UniqueConstraint("request_id", "decided_by"),
        UniqueConstraint("request_id", "counts_for"),
        ForeignKeyConstraint(
            ["company_id", "request_id"], ["approvals_request.company_id", "approvals_request.id"]
        ),
        CheckConstraint("verdict IN ('approve', 'reject')", name="verdict"),
        CheckConstraint("verdict <> 'reject' OR reason <> ''", name="reason"),
        Index("ix_approvals_decision_company_id_decided_by", "company_id", "decided_by"),
    )

    request_id: Mapped[int] = mapped_column(Id)
    stage: Mapped[int]
    verdict: Mapped[str] = mapped_column(short(10))
    decided_by: Mapped[str] = mapped_column(short(120))
    counts_for: Mapped[str] = mapped_column(short(120))
    """In whose place, or the same as ``decided_by``."""
    digest: Mapped[str] = mapped_column(short(64))
    reason: Mapped[str] = mapped_column(short(500), default="")
    decided_at: Mapped[datetime]

    def audit_label(self) -> str:
        """Who decided, and in whose place."""
        own = self.counts_for == self.decided_by
        return self.decided_by if own else f"{self.decided_by} for {self.counts_for}"
