"""Entries over a limit wait for a second person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0013"
down_revision = "ledger_0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UNPOSTED = (
    " AND number IS NULL AND number_text IS NULL AND period_id IS NULL AND fiscal_year_id IS NULL"
    " AND posted_by IS NULL AND posted_at IS NULL)"
    " OR (state = 'posted' AND number > 0 AND number_text IS NOT NULL AND period_id IS NOT NULL"
    " AND fiscal_year_id IS NOT NULL AND posted_by IS NOT NULL AND posted_at IS NOT NULL)"
)


def upgrade() -> None:
    """Make the table of limits; entries learn to wait."""
    op.create_table(
        "ledger_approval_limit",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("journal_id", ID, nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_ledger_approval_limit_amount")),
        sa.ForeignKeyConstraint(
            ["company_id", "journal_id"],
            ["ledger_journal.company_id", "ledger_journal.id"],
            name=op.f("fk_ledger_approval_limit_company_id_journal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_approval_limit_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_approval_limit")),
        sa.UniqueConstraint(
            "company_id", "journal_id", name=op.f("uq_ledger_approval_limit_company_id_journal_id")
        ),
    )
    op.create_index(
        "ix_ledger_approval_limit_all_journals",
        "ledger_approval_limit",
        ["company_id"],
        unique=True,
        sqlite_where=sa.text("journal_id IS NULL"),
        postgresql_where=sa.text("journal_id IS NULL"),
    )
    with op.batch_alter_table("ledger_entry") as entry:
        entry.add_column(sa.Column("submitted_by", sa.String(length=120), nullable=True))
        entry.add_column(sa.Column("approved_by", sa.String(length=120), nullable=True))
        entry.drop_constraint(op.f("ck_ledger_entry_state"), type_="check")
        entry.create_check_constraint(
            op.f("ck_ledger_entry_state"), f"(state IN ('draft', 'waiting'){_UNPOSTED}"
        )
        entry.create_check_constraint(
            op.f("ck_ledger_entry_approval"),
            "(state <> 'waiting' OR submitted_by IS NOT NULL)"
            " AND (approved_by IS NULL OR (submitted_by IS NOT NULL"
            " AND approved_by <> created_by AND approved_by <> submitted_by))",
        )
    op.create_index(
        "ix_ledger_entry_waiting_company_id_date_id",
        "ledger_entry",
        ["company_id", "date", "id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    """Take it away; what waits becomes a draft again."""
    op.drop_index("ix_ledger_entry_waiting_company_id_date_id", table_name="ledger_entry")
    op.execute("UPDATE ledger_entry SET state = 'draft' WHERE state = 'waiting'")
    with op.batch_alter_table("ledger_entry") as entry:
        entry.drop_constraint(op.f("ck_ledger_entry_approval"), type_="check")
        entry.drop_constraint(op.f("ck_ledger_entry_state"), type_="check")
        entry.create_check_constraint(op.f("ck_ledger_entry_state"), f"(state = 'draft'{_UNPOSTED}")
        entry.drop_column("approved_by")
        entry.drop_column("submitted_by")
    op.drop_table("ledger_approval_limit")
