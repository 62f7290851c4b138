"""Rules: which records need whose agreement."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Identified, Versioned, short
from backstay_approvals.models.base import ApprovalsBase

MOST_STAGES: Final = 3


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of an approval: so many different people, of a role or by name.

    Arguments:
        role: the role's code; empty for none.
        persons: sign-in names. With a role they are added to its holders; with neither, everybody
            who may decide on the record.
    """

    role: str = ""
    persons: tuple[str, ...] = ()
    people: int = 1

    def stored(self) -> dict[str, Any]:
        """As it is kept in a rule."""
        return {**asdict(self), "persons": list(self.persons)}

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Stage:
        """From what :meth:`stored` gave."""
        return cls(stored["role"], tuple(stored["persons"]), stored["people"])


class Rule(Identified, CompanyScoped, Versioned, ApprovalsBase):
    """When an action on a record needs approval, and whose; the first that fits decides."""

    __tablename__ = "approvals_rule"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "name"),
        CheckConstraint("over_amount IS NULL OR over_amount >= 0", name="over_amount"),
        Index("ix_approvals_rule_company_id_about_position", "company_id", "about", "position"),
    )

    name: Mapped[str] = mapped_column(short(100))
    about: Mapped[str] = mapped_column(short(120))
    """Record and action, such as ``ledger.entry.post``."""
    position: Mapped[int]
    """Rules are tried from the smallest on."""
    over_amount: Mapped[Decimal | None]
    """Base currency; None: whatever the amount."""
    conditions: Mapped[str] = mapped_column(short(1000), default="")
    """One a line, in the form of :mod:`backstay_approvals.conditions`."""
    stages: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(default=True)

    @property
    def read_stages(self) -> tuple[Stage, ...]:
        """Its stages in order."""
        return tuple(Stage.read(one) for one in self.stages)
