"""What was found when the waiver of a closing task was asked for.

Waivers from before name nothing: where something is found in a period that is still open, its task
is open again, and a waiver is asked for anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0024"
down_revision = "ledger_0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("ledger_period_task") as task:
        task.add_column(sa.Column("found", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("ledger_period_task") as task:
        task.alter_column("found", server_default=None)


def downgrade() -> None:
    """Waivers hold for whatever is found."""
    with op.batch_alter_table("ledger_period_task") as task:
        task.drop_column("found")
