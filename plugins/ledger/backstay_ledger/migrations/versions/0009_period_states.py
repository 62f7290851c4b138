"""States and kinds of periods, locks with exceptions, and year-end closings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0009"
down_revision = "ledger_0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SCOPES = "scope IN ('all', 'ar', 'ap', 'bank', 'general', 'stock')"


def _no_overlap(where: str | None) -> None:
    """Make the rule against overlapping periods anew, for the months alone or for all."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.drop_constraint("ex_ledger_period_dates", "ledger_period")
    # Written out: Alembic takes expressions for columns without a name.
    op.execute(
        "ALTER TABLE ledger_period ADD CONSTRAINT ex_ledger_period_dates EXCLUDE USING gist"
        " (int8range(company_id, company_id, '[]') WITH &&,"
        " daterange(starts_on, ends_on, '[]') WITH &&)" + (f" WHERE {where}" if where else "")
    )


def _kinds_of_entries(kinds: str) -> None:
    with op.batch_alter_table("ledger_entry") as entry:
        entry.drop_constraint(op.f("ck_ledger_entry_kind"), type_="check")
        entry.create_check_constraint(
            op.f("ck_ledger_entry_kind"),
            "(kind = 'reversal' AND reverses_id IS NOT NULL)"
            f" OR (kind IN ({kinds}) AND reverses_id IS NULL)",
        )


def upgrade() -> None:
    """Widen the periods and make the tables."""
    op.add_column(
        "ledger_period",
        sa.Column("kind", sa.String(length=20), nullable=False, server_default="month"),
    )
    with op.batch_alter_table("ledger_period") as period:
        period.drop_constraint(op.f("ck_ledger_period_state"), type_="check")
        period.create_check_constraint(
            op.f("ck_ledger_period_state"), "state IN ('open', 'soft-closed', 'closed', 'locked')"
        )
        period.create_check_constraint(
            op.f("ck_ledger_period_kind"), "kind IN ('month', 'adjustment', 'closing')"
        )
        period.create_check_constraint(
            op.f("ck_ledger_period_last_day"), "kind = 'month' OR starts_on = ends_on"
        )
    _no_overlap("(kind::text = 'month'::text)")
    _kinds_of_entries("'normal', 'opening', 'exchange', 'closing'")
    op.create_table(
        "ledger_lock",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("up_to", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(SCOPES, name=op.f("ck_ledger_lock_scope")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_lock_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_lock")),
        sa.UniqueConstraint("company_id", "scope", name=op.f("uq_ledger_lock_company_id_scope")),
    )
    op.create_table(
        "ledger_lock_exception",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("user_label", sa.String(length=120), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("requested_by", sa.String(length=120), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_by", sa.String(length=120), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(SCOPES, name=op.f("ck_ledger_lock_exception_scope")),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_ledger_lock_exception_days")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_ledger_lock_exception_reason")),
        sa.CheckConstraint(
            "(approved_by IS NULL) = (approved_at IS NULL)",
            name=op.f("ck_ledger_lock_exception_approved"),
        ),
        sa.CheckConstraint(
            "(revoked_by IS NULL) = (revoked_at IS NULL)",
            name=op.f("ck_ledger_lock_exception_revoked"),
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR (approved_by <> requested_by AND approved_by <> user_label)",
            name=op.f("ck_ledger_lock_exception_second_person"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_lock_exception_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_lock_exception")),
        sa.UniqueConstraint(
            "company_id", "id", name=op.f("uq_ledger_lock_exception_company_id_id")
        ),
    )
    op.create_index(
        "ix_ledger_lock_exception_company_id_user_label",
        "ledger_lock_exception",
        ["company_id", "user_label"],
    )
    op.create_table(
        "ledger_late_posting",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("exception_id", ID, nullable=True),
        sa.Column("posted_by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "entry_id"],
            ["ledger_entry.company_id", "ledger_entry.id"],
            name=op.f("fk_ledger_late_posting_company_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "exception_id"],
            ["ledger_lock_exception.company_id", "ledger_lock_exception.id"],
            name=op.f("fk_ledger_late_posting_company_id_exception_id"),
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_ledger_late_posting")),
    )
    op.create_index("ix_ledger_late_posting_exception_id", "ledger_late_posting", ["exception_id"])
    op.create_table(
        "ledger_year_closing",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("fiscal_year_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("entry_id", ID, nullable=True),
        sa.Column("reversal_id", ID, nullable=True),
        sa.Column("closed_by", sa.String(length=120), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_by", sa.String(length=120), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(cancelled_by IS NULL) = (cancelled_at IS NULL)",
            name=op.f("ck_ledger_year_closing_cancelled"),
        ),
        sa.CheckConstraint(
            "reversal_id IS NULL OR cancelled_at IS NOT NULL",
            name=op.f("ck_ledger_year_closing_reversal"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_year_closing_company_id")
        ),
        *(
            sa.ForeignKeyConstraint(
                ["company_id", column],
                [f"{table}.company_id", f"{table}.id"],
                name=op.f(f"fk_ledger_year_closing_company_id_{column}"),
            )
            for column, table in (
                ("fiscal_year_id", "ledger_fiscal_year"),
                ("account_id", "ledger_account"),
                ("entry_id", "ledger_entry"),
                ("reversal_id", "ledger_entry"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_year_closing")),
    )
    op.create_index(
        "ix_ledger_year_closing_in_force",
        "ledger_year_closing",
        ["company_id", "fiscal_year_id"],
        unique=True,
        sqlite_where=sa.text("cancelled_at IS NULL"),
        postgresql_where=sa.text("cancelled_at IS NULL"),
    )


def downgrade() -> None:
    """Drop the tables; fails while a period is no month or in a new state, or a year closed."""
    for table in (
        "ledger_year_closing",
        "ledger_late_posting",
        "ledger_lock_exception",
        "ledger_lock",
    ):
        op.drop_table(table)
    _kinds_of_entries("'normal', 'opening', 'exchange'")
    _no_overlap(None)
    with op.batch_alter_table("ledger_period") as period:
        period.drop_constraint(op.f("ck_ledger_period_last_day"), type_="check")
        period.drop_constraint(op.f("ck_ledger_period_kind"), type_="check")
        period.drop_constraint(op.f("ck_ledger_period_state"), type_="check")
        period.create_check_constraint(
            op.f("ck_ledger_period_state"), "state IN ('open', 'closed')"
        )
        period.drop_column("kind")
