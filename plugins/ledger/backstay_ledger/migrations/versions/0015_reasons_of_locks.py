"""Locks say why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0015"
down_revision = "ledger_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Those that are there have said so in the audit trail only."""
    with op.batch_alter_table("ledger_lock") as lock:
        lock.add_column(
            sa.Column("reason", sa.String(length=500), nullable=False, server_default="")
        )
    with op.batch_alter_table("ledger_lock") as lock:
        lock.alter_column("reason", server_default=None)


def downgrade() -> None:
    """Take the column away again."""
    with op.batch_alter_table("ledger_lock") as lock:
        lock.drop_column("reason")
