"""Presentation trees: which accounts a statement shows where, as rows that people edit."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.accounts import AccountClass
from backstay_ledger.models.base import LedgerBase
from backstay_ledger.statements.kinds import Activity, NodeKind, Part, Purpose, Side


class StatementTree(Identified, CompanyScoped, Versioned, LedgerBase):
    """A company's own way of presenting its books; it may have several."""

    __tablename__ = "ledger_statement_tree"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        UniqueConstraint("company_id", "id"),
        CheckConstraint("purpose IN ('statutory', 'management', 'tax')", name="purpose"),
    )

    code: Mapped[str] = mapped_column(short(20))
    name: Mapped[str] = mapped_column(short(100))
    purpose: Mapped[Purpose] = mapped_column(default=Purpose.STATUTORY)

    @property
    def label(self) -> str:
        """Code and name."""
        return f"{self.code} {self.name}"


class StatementNode(Identified, CompanyScoped, Versioned, LedgerBase):
    """A line of a tree."""

    __tablename__ = "ledger_statement_node"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "tree_id", "code"),
        UniqueConstraint("company_id", "tree_id", "id"),
        ForeignKeyConstraint(
            ["company_id", "tree_id"],
            ["ledger_statement_tree.company_id", "ledger_statement_tree.id"],
        ),
        ForeignKeyConstraint(
            ["company_id", "tree_id", "parent_id"],
            [
                "ledger_statement_node.company_id",
                "ledger_statement_node.tree_id",
                "ledger_statement_node.id",
            ],
        ),
        CheckConstraint("part IN ('balance_sheet', 'profit_loss')", name="part"),
        CheckConstraint("side IN ('debit', 'credit')", name="side"),
        CheckConstraint("kind IN ('accounts', 'formula', 'result', 'prior_results')", name="kind"),
        CheckConstraint("activity IN ('operating', 'investing', 'financing')", name="activity"),
        CheckConstraint("(kind = 'formula') = (formula <> '')", name="formula"),
    )

    tree_id: Mapped[int] = mapped_column(Id)
    parent_id: Mapped[int | None] = mapped_column(Id)
    position: Mapped[int]
    """Its place among all nodes of the tree; those with the same stand by code."""
    code: Mapped[str] = mapped_column(short(20))
    heading: Mapped[str] = mapped_column(short(200))
    part: Mapped[Part]
    kind: Mapped[NodeKind] = mapped_column(default=NodeKind.ACCOUNTS)
    side: Mapped[Side]
    activity: Mapped[Activity | None]
    formula: Mapped[str] = mapped_column(short(500), default="")
    """Codes of nodes with + and - between them."""
    accounts: Mapped[str] = mapped_column(short(1000), default="")
    """As typed; the rows of :class:`StatementAccounts` are what it means."""

    @property
    def label(self) -> str:
        """Code and heading."""
        return f"{self.code} {self.heading}"


class StatementAccounts(Identified, CompanyScoped, LedgerBase):
    """Accounts that a node shows: a range of codes, or what is left of a class."""

    __tablename__ = "ledger_statement_accounts"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        UniqueConstraint("company_id", "tree_id", "account_class"),
        ForeignKeyConstraint(
            ["company_id", "tree_id", "node_id"],
            [
                "ledger_statement_node.company_id",
                "ledger_statement_node.tree_id",
                "ledger_statement_node.id",
            ],
        ),
        CheckConstraint(
            "(account_class IS NULL AND first_code <> '' AND last_code <> '')"
            " OR (account_class IS NOT NULL AND first_code = '' AND last_code = '')",
            name="accounts",
        ),
    )

    tree_id: Mapped[int] = mapped_column(Id)
    node_id: Mapped[int] = mapped_column(Id)
    first_code: Mapped[str] = mapped_column(short(201), default="")
    last_code: Mapped[str] = mapped_column(short(201), default="")
    """In the order of their characters, both included."""
    account_class: Mapped[AccountClass | None]


class CashAccount(Identified, CompanyScoped, LedgerBase):
    """An account whose balance is cash: the cash flow statement explains how it changed."""

    __tablename__ = "ledger_cash_account"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "account_id"),
        ForeignKeyConstraint(
            ["company_id", "account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
    )

    account_id: Mapped[int] = mapped_column(Id)
