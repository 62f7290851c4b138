"""Attachments of records, and pictures of pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0006"
down_revision = "core_0005"
branch_labels = None
depends_on = None
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "core_attachment",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("resource", sa.String(length=80), nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_core_attachment_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["sha256"], ["core_blob.sha256"], name=op.f("fk_core_attachment_sha256")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_attachment")),
        sa.UniqueConstraint(
            "company_id",
            "resource",
            "record_id",
            "sha256",
            name=op.f("uq_core_attachment_company_id_resource_record_id_sha256"),
        ),
    )
    with op.batch_alter_table("core_attachment", schema=None) as batch_op:
        batch_op.create_index("ix_core_attachment_sha256", ["sha256"], unique=False)

    op.create_table(
        "core_preview",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source"], ["core_blob.sha256"], name=op.f("fk_core_preview_source")
        ),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_core_preview")),
    )
    op.create_table(
        "core_preview_page",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("page", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("image", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image"], ["core_blob.sha256"], name=op.f("fk_core_preview_page_image")
        ),
        sa.ForeignKeyConstraint(
            ["source"], ["core_preview.source"], name=op.f("fk_core_preview_page_source")
        ),
        sa.PrimaryKeyConstraint("source", "page", name=op.f("pk_core_preview_page")),
    )
    with op.batch_alter_table("core_preview_page", schema=None) as batch_op:
        batch_op.create_index("ix_core_preview_page_image", ["image"], unique=False)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("core_preview_page")
    op.drop_table("core_preview")
    op.drop_table("core_attachment")
