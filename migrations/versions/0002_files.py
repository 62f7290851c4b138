"""The store of files: contents, and files made for one person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0002"
down_revision = "core_0001"
branch_labels = None
depends_on = None


ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "core_blob",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("touched_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_core_blob")),
    )
    with op.batch_alter_table("core_blob", schema=None) as batch_op:
        batch_op.create_index("ix_core_blob_touched_at", ["touched_at"], unique=False)

    op.create_table(
        "core_private_file",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["core_blob.sha256"], name=op.f("fk_core_private_file_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_private_file_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_private_file")),
    )
    with op.batch_alter_table("core_private_file", schema=None) as batch_op:
        batch_op.create_index("ix_core_private_file_expires_at", ["expires_at"], unique=False)
        batch_op.create_index("ix_core_private_file_sha256", ["sha256"], unique=False)
        batch_op.create_index("ix_core_private_file_user_id_id", ["user_id", "id"], unique=False)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("core_private_file")
    op.drop_table("core_blob")
