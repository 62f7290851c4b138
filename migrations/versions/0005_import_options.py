"""Imports: how a file is to be read, what is wrong with each row, which rows belong together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0005"
down_revision = "core_0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and the table of remembered layouts."""
    op.create_table(
        "core_import_layout",
        sa.Column("company_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_core_import_layout_company_id")
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "kind", "fingerprint", name=op.f("pk_core_import_layout")
        ),
    )
    with op.batch_alter_table("core_import") as imports:
        imports.add_column(sa.Column("options", sa.JSON(), nullable=True))
    with op.batch_alter_table("core_import_row") as rows:
        rows.add_column(sa.Column("unit", sa.Integer(), nullable=True))
        rows.add_column(sa.Column("problems", sa.JSON(), nullable=True))
        rows.create_index("ix_core_import_row_import_id_unit", ["import_id", "unit", "number"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_core_import_row_import_id_unit", "core_import_row")
    op.drop_column("core_import_row", "problems")
    op.drop_column("core_import_row", "unit")
    op.drop_column("core_import", "options")
    op.drop_table("core_import_layout")
