"""The files that were made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "auditfiles_0002"
down_revision = "auditfiles_0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "auditfiles_file",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("form", sa.String(length=20), nullable=False),
        sa.Column("fiscal_year", sa.String(length=10), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=True),
        sa.Column("debit", sa.BigInteger(), nullable=True),
        sa.Column("credit", sa.BigInteger(), nullable=True),
        sa.Column("accounts", sa.Integer(), nullable=True),
        sa.Column("said", sa.String(length=4000), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_auditfiles_file_days")),
        sa.CheckConstraint(
            "state IN ('waiting', 'ready', 'refused')", name=op.f("ck_auditfiles_file_state")
        ),
        sa.CheckConstraint(
            "(state = 'ready') = (sha256 IS NOT NULL) AND (state = 'waiting') = (finished_at IS NULL)",
            name=op.f("ck_auditfiles_file_made"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_auditfiles_file_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["sha256"], ["core_blob.sha256"], name=op.f("fk_auditfiles_file_sha256")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auditfiles_file")),
    )
    op.create_index(
        "ix_auditfiles_file_company_id_made_at", "auditfiles_file", ["company_id", "made_at", "id"]
    )
    op.create_index("ix_auditfiles_file_sha256", "auditfiles_file", ["sha256"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("auditfiles_file")
