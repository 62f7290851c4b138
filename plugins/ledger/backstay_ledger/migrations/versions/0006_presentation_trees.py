"""Presentation trees of statements, and which accounts are cash."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0006"
down_revision = "ledger_0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger_statement_tree",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('statutory', 'management', 'tax')",
            name=op.f("ck_ledger_statement_tree_purpose"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_statement_tree_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_statement_tree")),
        sa.UniqueConstraint(
            "company_id", "code", name=op.f("uq_ledger_statement_tree_company_id_code")
        ),
        sa.UniqueConstraint(
            "company_id", "id", name=op.f("uq_ledger_statement_tree_company_id_id")
        ),
    )
    op.create_table(
        "ledger_statement_node",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("tree_id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("heading", sa.String(length=200), nullable=False),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.Column("activity", sa.String(length=20), nullable=True),
        sa.Column("formula", sa.String(length=500), nullable=False),
        sa.Column("accounts", sa.String(length=1000), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "part IN ('balance_sheet', 'profit_loss')", name=op.f("ck_ledger_statement_node_part")
        ),
        sa.CheckConstraint(
            "side IN ('debit', 'credit')", name=op.f("ck_ledger_statement_node_side")
        ),
        sa.CheckConstraint(
            "kind IN ('accounts', 'formula', 'result', 'prior_results')",
            name=op.f("ck_ledger_statement_node_kind"),
        ),
        sa.CheckConstraint(
            "activity IN ('operating', 'investing', 'financing')",
            name=op.f("ck_ledger_statement_node_activity"),
        ),
        sa.CheckConstraint(
            "(kind = 'formula') = (formula <> '')", name=op.f("ck_ledger_statement_node_formula")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_statement_node_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "tree_id"],
            ["ledger_statement_tree.company_id", "ledger_statement_tree.id"],
            name=op.f("fk_ledger_statement_node_company_id_tree_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "tree_id", "parent_id"],
            [
                "ledger_statement_node.company_id",
                "ledger_statement_node.tree_id",
                "ledger_statement_node.id",
            ],
            name=op.f("fk_ledger_statement_node_company_id_tree_id_parent_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_statement_node")),
        sa.UniqueConstraint(
            "company_id",
            "tree_id",
            "code",
            name=op.f("uq_ledger_statement_node_company_id_tree_id_code"),
        ),
        sa.UniqueConstraint(
            "company_id",
            "tree_id",
            "id",
            name=op.f("uq_ledger_statement_node_company_id_tree_id_id"),
        ),
    )
    op.create_table(
        "ledger_statement_accounts",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("tree_id", ID, nullable=False),
        sa.Column("node_id", ID, nullable=False),
        sa.Column("first_code", sa.String(length=201), nullable=False),
        sa.Column("last_code", sa.String(length=201), nullable=False),
        sa.Column("account_class", sa.String(length=20), nullable=True),
        sa.CheckConstraint(
            "(account_class IS NULL AND first_code <> '' AND last_code <> '')"
            " OR (account_class IS NOT NULL AND first_code = '' AND last_code = '')",
            name=op.f("ck_ledger_statement_accounts_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core_company.id"],
            name=op.f("fk_ledger_statement_accounts_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "tree_id", "node_id"],
            [
                "ledger_statement_node.company_id",
                "ledger_statement_node.tree_id",
                "ledger_statement_node.id",
            ],
            name=op.f("fk_ledger_statement_accounts_company_id_tree_id_node_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_statement_accounts")),
        sa.UniqueConstraint(
            "company_id",
            "tree_id",
            "account_class",
            name=op.f("uq_ledger_statement_accounts_company_id_tree_id_account_class"),
        ),
    )
    op.create_table(
        "ledger_cash_account",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_cash_account_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
            name=op.f("fk_ledger_cash_account_company_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_cash_account")),
        sa.UniqueConstraint(
            "company_id", "account_id", name=op.f("uq_ledger_cash_account_company_id_account_id")
        ),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("ledger_cash_account")
    op.drop_table("ledger_statement_accounts")
    op.drop_table("ledger_statement_node")
    op.drop_table("ledger_statement_tree")
