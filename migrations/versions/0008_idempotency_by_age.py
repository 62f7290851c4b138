"""Finds the oldest proofs of requests that were carried out, to forget them."""

from __future__ import annotations

from alembic import op

revision = "core_0008"
down_revision = "core_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_core_idempotency_at", "core_idempotency", ["at"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_core_idempotency_at", "core_idempotency")
