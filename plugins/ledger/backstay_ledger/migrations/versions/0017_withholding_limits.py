"""Tax codes that withhold above limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0017"
down_revision = "ledger_0016"
branch_labels = None
depends_on = None

_ABOVE_ZERO = (
    "(single_threshold IS NULL OR single_threshold > 0)"
    " AND (cumulative_threshold IS NULL OR cumulative_threshold > 0)"
)


def upgrade() -> None:
    """Codes that are there have none."""
    with op.batch_alter_table("ledger_tax_code") as code:
        code.add_column(sa.Column("single_threshold", sa.BigInteger(), nullable=True))
        code.add_column(sa.Column("cumulative_threshold", sa.BigInteger(), nullable=True))
        code.create_check_constraint(op.f("ck_ledger_tax_code_thresholds"), _ABOVE_ZERO)


def downgrade() -> None:
    """Take them away again."""
    with op.batch_alter_table("ledger_tax_code") as code:
        code.drop_constraint(op.f("ck_ledger_tax_code_thresholds"), type_="check")
        code.drop_column("cumulative_threshold")
        code.drop_column("single_threshold")
