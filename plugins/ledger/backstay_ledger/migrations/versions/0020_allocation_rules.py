"""Rules of cost allocation, their shares, and what was run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0020"
down_revision = "ledger_0019"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger_allocation_rule",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("sources", sa.String(length=400), nullable=False),
        sa.Column("source_values", sa.String(length=200), nullable=False),
        sa.Column("dimension_id", ID, nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=False),
        sa.Column("basis_accounts", sa.String(length=400), nullable=False),
        sa.Column("target_account_id", ID, nullable=True),
        sa.Column("relief_account_id", ID, nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "basis IN ('shares', 'balances')", name=op.f("ck_ledger_allocation_rule_basis")
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from <= valid_to",
            name=op.f("ck_ledger_allocation_rule_valid"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_allocation_rule_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "dimension_id"],
            ["ledger_dimension.company_id", "ledger_dimension.id"],
            name=op.f("fk_ledger_allocation_rule_company_id_dimension_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "target_account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
            name=op.f("fk_ledger_allocation_rule_company_id_target_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "relief_account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
            name=op.f("fk_ledger_allocation_rule_company_id_relief_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_allocation_rule")),
        sa.UniqueConstraint(
            "company_id", "id", name=op.f("uq_ledger_allocation_rule_company_id_id")
        ),
        sa.UniqueConstraint(
            "company_id", "name", name=op.f("uq_ledger_allocation_rule_company_id_name")
        ),
    )
    op.create_table(
        "ledger_allocation_share",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("value_id", ID, nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("weight > 0", name=op.f("ck_ledger_allocation_share_weight")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_allocation_share_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "rule_id"],
            ["ledger_allocation_rule.company_id", "ledger_allocation_rule.id"],
            name=op.f("fk_ledger_allocation_share_company_id_rule_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "value_id"],
            ["ledger_dimension_value.company_id", "ledger_dimension_value.id"],
            name=op.f("fk_ledger_allocation_share_company_id_value_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_allocation_share")),
        sa.UniqueConstraint(
            "rule_id", "value_id", name=op.f("uq_ledger_allocation_share_rule_id_value_id")
        ),
    )
    op.create_table(
        "ledger_allocation_run",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("period_id", ID, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("run_by", sa.String(length=120), nullable=False),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("attempt > 0", name=op.f("ck_ledger_allocation_run_attempt")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_allocation_run_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "rule_id"],
            ["ledger_allocation_rule.company_id", "ledger_allocation_rule.id"],
            name=op.f("fk_ledger_allocation_run_company_id_rule_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "period_id"],
            ["ledger_period.company_id", "ledger_period.id"],
            name=op.f("fk_ledger_allocation_run_company_id_period_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "entry_id"],
            ["ledger_entry.company_id", "ledger_entry.id"],
            name=op.f("fk_ledger_allocation_run_company_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_allocation_run")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_ledger_allocation_run_entry_id")),
        sa.UniqueConstraint(
            "rule_id",
            "period_id",
            "attempt",
            name=op.f("uq_ledger_allocation_run_rule_id_period_id_attempt"),
        ),
    )
    op.create_index(
        "ix_ledger_allocation_run_company_id_period_id",
        "ledger_allocation_run",
        ["company_id", "period_id"],
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("ledger_allocation_run")
    op.drop_table("ledger_allocation_share")
    op.drop_table("ledger_allocation_rule")
