"""Rules that lead from a role to an account, and which rule chose the account of a line."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase


class AccountRule(Identified, CompanyScoped, Versioned, LedgerBase):
    """From a day on, a role leads to this account where the conditions that are set are met."""

    __tablename__ = "ledger_account_rule"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint(
            "company_id",
            "role",
            "item_group",
            "party_group",
            "country",
            "valid_from",
            name="uq_ledger_account_rule_conditions",
        ),
        ForeignKeyConstraint(
            ["company_id", "account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
    )

    role: Mapped[str] = mapped_column(short(60))
    item_group: Mapped[str] = mapped_column(short(60), default="")
    party_group: Mapped[str] = mapped_column(short(60), default="")
    country: Mapped[str] = mapped_column(short(2), default="")
    """ISO 3166-1 alpha-2. Conditions that are empty hold for everything."""
    valid_from: Mapped[date]
    account_id: Mapped[int] = mapped_column(Id)

    def audit_label(self) -> str:
        """The role with its conditions."""
        set_ = (self.item_group, self.party_group, self.country)
        return " ".join((self.role, *(one for one in set_ if one)))


class LineRole(CompanyScoped, LedgerBase):
    """Why a line is on its account: the role it was posted under, and the rule that decided."""

    __tablename__ = "ledger_line_role"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        # A draft's lines are deleted and written anew; this goes with them.
        ForeignKeyConstraint(
            ["entry_id", "line_no"],
            ["ledger_line.entry_id", "ledger_line.line_no"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["company_id", "entry_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
    )

    entry_id: Mapped[int] = mapped_column(Id, primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    company_id: Mapped[int] = mapped_column(Id)
    role: Mapped[str] = mapped_column(short(60))
    item_group: Mapped[str] = mapped_column(short(60), default="")
    party_group: Mapped[str] = mapped_column(short(60), default="")
    country: Mapped[str] = mapped_column(short(2), default="")
    rule_id: Mapped[int] = mapped_column(Id)
    """No foreign key: the rule may go, what it decided stays."""
    rule: Mapped[str] = mapped_column(short(250))
    """The rule as it was then, in words."""

    def audit_label(self) -> str:
        """Its place in the entry."""
        return f"{self.entry_id}/{self.line_no}"
