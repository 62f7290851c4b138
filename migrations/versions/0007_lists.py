"""Saved views of lists, and runs of an action over many records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0007"
down_revision = "core_0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "core_list_view",
        sa.Column("id", ID, nullable=False),
        sa.Column("resource", sa.String(length=120), nullable=False),
        sa.Column("company_id", ID, nullable=True),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_core_list_view_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["core_user.id"], name=op.f("fk_core_list_view_owner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_list_view")),
    )
    op.create_index(
        "ix_core_list_view_resource_company_id", "core_list_view", ["resource", "company_id"]
    )
    op.create_table(
        "core_list_default",
        sa.Column("id", ID, nullable=False),
        sa.Column("resource", sa.String(length=120), nullable=False),
        sa.Column("company_id", ID, nullable=True),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("view_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_core_list_default_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_list_default_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["view_id"], ["core_list_view.id"], name=op.f("fk_core_list_default_view_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_list_default")),
    )
    op.create_index("ix_core_list_default_view_id", "core_list_default", ["view_id"])
    op.create_table(
        "core_bulk_run",
        sa.Column("id", ID, nullable=False),
        sa.Column("resource", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("company_id", ID, nullable=True),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("records", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("job_id", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_bulk_run")),
    )
    op.create_index("ix_core_bulk_run_created_at", "core_bulk_run", ["created_at"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("core_bulk_run")
    op.drop_table("core_list_default")
    op.drop_table("core_list_view")
