"""Tasks of closing a period."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0011"
down_revision = "ledger_0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "ledger_period_task",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("period_id", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'asked', 'waived')", name=op.f("ck_ledger_period_task_state")
        ),
        sa.CheckConstraint(
            "state NOT IN ('asked', 'waived') OR (reason <> '' AND asked_by IS NOT NULL)",
            name=op.f("ck_ledger_period_task_reason"),
        ),
        sa.CheckConstraint(
            "state <> 'waived' OR (decided_by IS NOT NULL AND decided_by <> asked_by)",
            name=op.f("ck_ledger_period_task_second_person"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_period_task_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "period_id"],
            ["ledger_period.company_id", "ledger_period.id"],
            name=op.f("fk_ledger_period_task_company_id_period_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_period_task")),
        sa.UniqueConstraint(
            "company_id",
            "period_id",
            "name",
            name=op.f("uq_ledger_period_task_company_id_period_id_name"),
        ),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("ledger_period_task")
