"""Dimensions whose values a plugin keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0021"
down_revision = "ledger_0020"
branch_labels = None
depends_on = None

_KEPT_BY = "uq_ledger_dimension_company_id_kept_by"
_SOURCE = "uq_ledger_dimension_value_dimension_id_source_key"


def upgrade() -> None:
    """Those that are there are kept by people."""
    with op.batch_alter_table("ledger_dimension") as dimension:
        dimension.add_column(sa.Column("kept_by", sa.String(length=100), nullable=True))
        dimension.create_unique_constraint(op.f(_KEPT_BY), ["company_id", "kept_by"])
    with op.batch_alter_table("ledger_dimension_value") as value:
        value.add_column(sa.Column("source_key", sa.String(length=80), nullable=True))
        value.create_unique_constraint(op.f(_SOURCE), ["dimension_id", "source_key"])


def downgrade() -> None:
    """Leave all of them to people."""
    with op.batch_alter_table("ledger_dimension_value") as value:
        value.drop_constraint(op.f(_SOURCE), type_="unique")
        value.drop_column("source_key")
    with op.batch_alter_table("ledger_dimension") as dimension:
        dimension.drop_constraint(op.f(_KEPT_BY), type_="unique")
        dimension.drop_column("kept_by")
