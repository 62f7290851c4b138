"""What audit files say of the company."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "auditfiles_0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "auditfiles_company",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("registration_number", sa.String(length=35), nullable=False),
        sa.Column("tax_number", sa.String(length=35), nullable=False),
        sa.Column("siren", sa.String(length=9), nullable=False),
        sa.Column("street", sa.String(length=70), nullable=False),
        sa.Column("postal_code", sa.String(length=18), nullable=False),
        sa.Column("city", sa.String(length=35), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("first_name", sa.String(length=35), nullable=False),
        sa.Column("last_name", sa.String(length=70), nullable=False),
        sa.Column("telephone", sa.String(length=18), nullable=False),
        sa.Column("email", sa.String(length=70), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_auditfiles_company_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auditfiles_company")),
        sa.UniqueConstraint("company_id", name=op.f("uq_auditfiles_company_company_id")),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("auditfiles_company")
