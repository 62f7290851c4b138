"""First table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "vehicles_0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "vehicles_vehicle",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("plate", sa.String(length=20), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("bought_on", sa.Date(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_vehicles_vehicle_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles_vehicle")),
        sa.UniqueConstraint(
            "company_id", "plate", name=op.f("uq_vehicles_vehicle_company_id_plate")
        ),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("vehicles_vehicle")
