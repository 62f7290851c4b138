"""API tokens, service accounts, and the answers that a repeated request gets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables and the column."""
    op.create_table(
        "core_api_token",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("companies", sa.Text(), nullable=False),
        sa.Column("networks", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_by", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_api_token_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_api_token")),
        sa.UniqueConstraint("prefix", name=op.f("uq_core_api_token_prefix")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_core_api_token_secret_hash")),
    )
    op.create_index("ix_core_api_token_user_id", "core_api_token", ["user_id"])
    op.create_table(
        "core_api_token_use",
        sa.Column("token_id", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["core_api_token.id"], name=op.f("fk_core_api_token_use_token_id")
        ),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_core_api_token_use")),
    )
    op.create_table(
        "core_service_account",
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("responsible_id", ID, nullable=False),
        sa.Column("purpose", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["responsible_id"],
            ["core_user.id"],
            name=op.f("fk_core_service_account_responsible_id"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_service_account_user_id")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_core_service_account")),
    )
    op.add_column("core_idempotency", sa.Column("body", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the column and the tables."""
    op.drop_column("core_idempotency", "body")
    op.drop_table("core_service_account")
    op.drop_table("core_api_token_use")
    op.drop_table("core_api_token")
