"""Recurring entries, deferrals with their release plans, automatic reversals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0010"
down_revision = "ledger_0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _in_company(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", column],
        [f"{target}.company_id", f"{target}.id"],
        name=op.f(f"fk_{table}_company_id_{column}"),
    )


def _of_company(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id"], ["core_company.id"], name=op.f(f"fk_{table}_company_id")
    )


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger_recurring",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("every", sa.String(length=20), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("make_as", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("day BETWEEN 1 AND 31", name=op.f("ck_ledger_recurring_day")),
        sa.CheckConstraint("state IN ('active', 'ended')", name=op.f("ck_ledger_recurring_state")),
        _of_company("ledger_recurring"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_recurring")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_recurring_company_id_id")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_ledger_recurring_company_id_name")),
    )
    op.create_table(
        "ledger_deferral",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("deferral_account_id", ID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("release_by", sa.String(length=20), nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_deferral_amount")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_ledger_deferral_days")),
        sa.CheckConstraint(
            "release_by IN ('day', 'month')", name=op.f("ck_ledger_deferral_release_by")
        ),
        sa.CheckConstraint("state IN ('active', 'ended')", name=op.f("ck_ledger_deferral_state")),
        _of_company("ledger_deferral"),
        _in_company("ledger_deferral", "account_id", "ledger_account"),
        _in_company("ledger_deferral", "deferral_account_id", "ledger_account"),
        _in_company("ledger_deferral", "journal_id", "ledger_journal"),
        _in_company("ledger_deferral", "entry_id", "ledger_entry"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_deferral")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_deferral_company_id_id")),
    )
    op.create_table(
        "ledger_planned_entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("recurring_id", ID, nullable=True),
        sa.Column("deferral_id", ID, nullable=True),
        sa.Column("reverses_id", ID, nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", ID, nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "CASE WHEN recurring_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN deferral_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN reverses_id IS NULL THEN 0 ELSE 1 END = 1",
            name=op.f("ck_ledger_planned_entry_plan"),
        ),
        sa.CheckConstraint(
            "(deferral_id IS NULL) = (amount IS NULL)", name=op.f("ck_ledger_planned_entry_amount")
        ),
        sa.CheckConstraint(
            "NOT cancelled OR entry_id IS NULL", name=op.f("ck_ledger_planned_entry_cancelled")
        ),
        _of_company("ledger_planned_entry"),
        _in_company("ledger_planned_entry", "recurring_id", "ledger_recurring"),
        _in_company("ledger_planned_entry", "deferral_id", "ledger_deferral"),
        _in_company("ledger_planned_entry", "reverses_id", "ledger_entry"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_planned_entry")),
        sa.UniqueConstraint(
            "recurring_id", "due_on", name=op.f("uq_ledger_planned_entry_recurring_id_due_on")
        ),
        sa.UniqueConstraint(
            "deferral_id", "due_on", name=op.f("uq_ledger_planned_entry_deferral_id_due_on")
        ),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_planned_entry_reverses_id")),
    )
    op.create_index(
        "ix_ledger_planned_entry_company_id_due_on",
        "ledger_planned_entry",
        ["company_id", "due_on"],
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("ledger_planned_entry", "ledger_deferral", "ledger_recurring"):
        op.drop_table(table)
