"""Schedules: what their modules call them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0019"
down_revision = "core_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the next look of a scheduler fills it."""
    op.add_column(
        "core_schedule",
        sa.Column("label", sa.String(length=200), nullable=False, server_default=""),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("core_schedule", "label")
