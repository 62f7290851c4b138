"""Imports: their files lie in the store of files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0010"
down_revision = "core_0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table; contents of earlier imports stay in the database, where they are read."""
    op.create_table(
        "core_import_file",
        sa.Column("import_id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_core_import_file_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["core_import.id"], name=op.f("fk_core_import_file_import_id")
        ),
        sa.ForeignKeyConstraint(
            ["sha256"], ["core_blob.sha256"], name=op.f("fk_core_import_file_sha256")
        ),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_core_import_file")),
    )
    with op.batch_alter_table("core_import_file", schema=None) as batch_op:
        batch_op.create_index("ix_core_import_file_sha256", ["sha256"], unique=False)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("core_import_file")
