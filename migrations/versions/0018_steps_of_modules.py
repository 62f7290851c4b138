"""Modules: how the last step ended, and what each role template held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0018"
down_revision = "core_0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "core_plugin_step",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("message", sa.String(length=1000), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_plugin_step")),
    )
    op.add_column("core_role_template", sa.Column("permissions", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("core_role_template", "permissions")
    op.drop_table("core_plugin_step")
