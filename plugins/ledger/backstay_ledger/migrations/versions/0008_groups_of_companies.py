"""Groups of companies whose statements are read as one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0008"
down_revision = "ledger_0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "ledger_company_group",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("members", sa.String(length=1000), nullable=False),
        sa.Column("eliminations", sa.String(length=4000), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_company_group_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_company_group")),
        sa.UniqueConstraint(
            "company_id", "code", name=op.f("uq_ledger_company_group_company_id_code")
        ),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("ledger_company_group")
