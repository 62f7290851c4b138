"""Runs of the checks with their findings, and seals over posted entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0018"
down_revision = "ledger_0017"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger_check_run",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("checks", sa.BigInteger(), nullable=False),
        sa.Column("broken", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "broken >= 0 AND broken <= checks", name=op.f("ck_ledger_check_run_broken")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_check_run_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_check_run")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_check_run_company_id_id")),
    )
    op.create_table(
        "ledger_check_finding",
        sa.Column("run_id", ID, autoincrement=False, nullable=False),
        sa.Column("check_name", sa.String(length=60), nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("message", sa.String(length=300), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("examples", sa.String(length=2000), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_ledger_check_finding_count")),
        sa.ForeignKeyConstraint(
            ["company_id", "run_id"],
            ["ledger_check_run.company_id", "ledger_check_run.id"],
            name=op.f("fk_ledger_check_finding_company_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("run_id", "check_name", name=op.f("pk_ledger_check_finding")),
    )
    op.create_table(
        "ledger_seal",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("fiscal_year_id", ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_ledger_seal_number")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_seal_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "journal_id"],
            ["ledger_journal.company_id", "ledger_journal.id"],
            name=op.f("fk_ledger_seal_company_id_journal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "fiscal_year_id"],
            ["ledger_fiscal_year.company_id", "ledger_fiscal_year.id"],
            name=op.f("fk_ledger_seal_company_id_fiscal_year_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_seal")),
        sa.UniqueConstraint(
            "company_id",
            "journal_id",
            "fiscal_year_id",
            "number",
            name=op.f("uq_ledger_seal_company_id_journal_id_fiscal_year_id_number"),
        ),
    )
    op.create_index(
        "ix_ledger_seal_company_id_sealed_at", "ledger_seal", ["company_id", "sealed_at"]
    )


def downgrade() -> None:
    """Drop them; what was checked and sealed is forgotten."""
    op.drop_table("ledger_seal")
    op.drop_table("ledger_check_finding")
    op.drop_table("ledger_check_run")
