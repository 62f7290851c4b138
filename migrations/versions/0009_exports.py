"""Lists that a job writes into a file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0009"
down_revision = "core_0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "core_export_run",
        sa.Column("id", ID, nullable=False),
        sa.Column("resource", sa.String(length=120), nullable=False),
        sa.Column("company_id", ID, nullable=True),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("job_id", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("everything", sa.Boolean(), nullable=False),
        sa.Column("format", sa.String(length=10), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("file_id", ID, nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_export_run")),
    )
    op.create_index("ix_core_export_run_created_at", "core_export_run", ["created_at"])
    op.create_index("ix_core_export_run_user_id", "core_export_run", ["user_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("core_export_run")
