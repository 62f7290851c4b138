"""The first tables of ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "ledger_0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger_account",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("account_class", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "account_class IN ('asset', 'liability', 'equity', 'income', 'expense')",
            name=op.f("ck_ledger_account_account_class"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_account_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_ledger_account_company_id_code")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_account_company_id_id")),
    )
    op.create_table(
        "ledger_fiscal_year",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(company_id, company_id, '[]')"), "&&"),
            (sa.text("daterange(starts_on, ends_on, '[]')"), "&&"),
            using="gist",
            name="ex_ledger_fiscal_year_dates",
        ).ddl_if(dialect="postgresql"),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_ledger_fiscal_year_dates")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_fiscal_year_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_fiscal_year")),
        sa.UniqueConstraint(
            "company_id", "code", name=op.f("uq_ledger_fiscal_year_company_id_code")
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_fiscal_year_company_id_id")),
    )
    op.create_table(
        "ledger_journal",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('general', 'sales', 'purchases', 'bank', 'opening')",
            name=op.f("ck_ledger_journal_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_journal_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_journal")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_ledger_journal_company_id_code")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_journal_company_id_id")),
    )
    op.create_table(
        "ledger_period",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("fiscal_year_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(company_id, company_id, '[]')"), "&&"),
            (sa.text("daterange(starts_on, ends_on, '[]')"), "&&"),
            using="gist",
            name="ex_ledger_period_dates",
        ).ddl_if(dialect="postgresql"),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_ledger_period_state")),
        sa.CheckConstraint("number > 0", name=op.f("ck_ledger_period_number")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_ledger_period_dates")),
        sa.ForeignKeyConstraint(
            ["company_id", "fiscal_year_id"],
            ["ledger_fiscal_year.company_id", "ledger_fiscal_year.id"],
            name=op.f("fk_ledger_period_company_id_fiscal_year_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_period_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_period")),
        sa.UniqueConstraint(
            "company_id",
            "fiscal_year_id",
            "number",
            name=op.f("uq_ledger_period_company_id_fiscal_year_id_number"),
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_period_company_id_id")),
    )
    op.create_table(
        "ledger_sequence_head",
        sa.Column("company_id", ID, nullable=False),
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("fiscal_year_id", ID, nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.CheckConstraint("last_number >= 0", name=op.f("ck_ledger_sequence_head_last_number")),
        sa.ForeignKeyConstraint(
            ["company_id", "fiscal_year_id"],
            ["ledger_fiscal_year.company_id", "ledger_fiscal_year.id"],
            name=op.f("fk_ledger_sequence_head_company_id_fiscal_year_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "journal_id"],
            ["ledger_journal.company_id", "ledger_journal.id"],
            name=op.f("fk_ledger_sequence_head_company_id_journal_id"),
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "journal_id", "fiscal_year_id", name=op.f("pk_ledger_sequence_head")
        ),
    )
    op.create_table(
        "ledger_balance",
        sa.Column("company_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("period_id", ID, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("debit", sa.BigInteger(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("debit_currency", sa.BigInteger(), nullable=False),
        sa.Column("credit_currency", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
            name=op.f("fk_ledger_balance_company_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "period_id"],
            ["ledger_period.company_id", "ledger_period.id"],
            name=op.f("fk_ledger_balance_company_id_period_id"),
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "account_id", "period_id", "currency", name=op.f("pk_ledger_balance")
        ),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("fiscal_year_id", ID, nullable=True),
        sa.Column("period_id", ID, nullable=True),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("number_text", sa.String(length=40), nullable=True),
        sa.Column("memo", sa.String(length=500), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source_plugin", sa.String(length=40), nullable=True),
        sa.Column("source_type", sa.String(length=80), nullable=True),
        sa.Column("source_id", sa.String(length=80), nullable=True),
        sa.Column("idempotency_key", sa.String(length=120), nullable=True),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("reverses_id", ID, nullable=True),
        sa.Column("minor_units", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("posted_by", sa.String(length=120), nullable=True),
        sa.Column("posted_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'reversal' AND reverses_id IS NOT NULL) OR (kind IN ('normal', 'opening') AND reverses_id IS NULL)",
            name=op.f("ck_ledger_entry_kind"),
        ),
        sa.CheckConstraint(
            "(state = 'draft' AND number IS NULL AND number_text IS NULL AND period_id IS NULL AND fiscal_year_id IS NULL AND posted_by IS NULL AND posted_at IS NULL) OR (state = 'posted' AND number > 0 AND number_text IS NOT NULL AND period_id IS NOT NULL AND fiscal_year_id IS NOT NULL AND posted_by IS NOT NULL AND posted_at IS NOT NULL)",
            name=op.f("ck_ledger_entry_state"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "fiscal_year_id"],
            ["ledger_fiscal_year.company_id", "ledger_fiscal_year.id"],
            name=op.f("fk_ledger_entry_company_id_fiscal_year_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "journal_id"],
            ["ledger_journal.company_id", "ledger_journal.id"],
            name=op.f("fk_ledger_entry_company_id_journal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "period_id"],
            ["ledger_period.company_id", "ledger_period.id"],
            name=op.f("fk_ledger_entry_company_id_period_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "reverses_id"],
            ["ledger_entry.company_id", "ledger_entry.id"],
            name=op.f("fk_ledger_entry_company_id_reverses_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_entry_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_entry_company_id_id")),
        sa.UniqueConstraint(
            "company_id", "idempotency_key", name=op.f("uq_ledger_entry_company_id_idempotency_key")
        ),
        sa.UniqueConstraint(
            "company_id",
            "journal_id",
            "fiscal_year_id",
            "number",
            name=op.f("uq_ledger_entry_company_id_journal_id_fiscal_year_id_number"),
        ),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_entry_reverses_id")),
    )
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ledger_entry_company_id_date_id", ["company_id", "date", "id"], unique=False
        )
        batch_op.create_index(
            "ix_ledger_entry_draft_company_id_date_id",
            ["company_id", "date", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'draft'"),
            postgresql_where=sa.text("state = 'draft'"),
        )
        batch_op.create_index(
            "ix_ledger_entry_source_plugin_source_type_source_id",
            ["source_plugin", "source_type", "source_id"],
            unique=False,
        )

    op.create_table(
        "ledger_entry_reference",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("added_by", sa.String(length=120), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "entry_id"],
            ["ledger_entry.company_id", "ledger_entry.id"],
            name=op.f("fk_ledger_entry_reference_company_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_entry_reference_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry_reference")),
    )
    with op.batch_alter_table("ledger_entry_reference", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ledger_entry_reference_company_id_entry_id",
            ["company_id", "entry_id"],
            unique=False,
        )

    op.create_table(
        "ledger_line",
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("line_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("minor_units", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("amount_currency", sa.BigInteger(), nullable=True),
        sa.Column("minor_units_currency", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "(currency IS NULL AND amount_currency IS NULL AND minor_units_currency IS NULL) OR (currency IS NOT NULL AND amount_currency IS NOT NULL AND minor_units_currency IS NOT NULL AND (amount > 0) = (amount_currency > 0) AND amount_currency <> 0)",
            name=op.f("ck_ledger_line_currency"),
        ),
        sa.CheckConstraint(
            "amount % CASE minor_units WHEN 0 THEN 10000 WHEN 1 THEN 1000 WHEN 2 THEN 100 WHEN 3 THEN 10 WHEN 4 THEN 1 END = 0",
            name=op.f("ck_ledger_line_minor_units"),
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_line_amount")),
        sa.CheckConstraint(
            "amount_currency IS NULL OR amount_currency % CASE minor_units_currency WHEN 0 THEN 10000 WHEN 1 THEN 1000 WHEN 2 THEN 100 WHEN 3 THEN 10 WHEN 4 THEN 1 END = 0",
            name=op.f("ck_ledger_line_minor_units_currency"),
        ),
        sa.CheckConstraint("line_no > 0", name=op.f("ck_ledger_line_line_no")),
        sa.ForeignKeyConstraint(
            ["company_id", "account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
            name=op.f("fk_ledger_line_company_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "entry_id"],
            ["ledger_entry.company_id", "ledger_entry.id"],
            name=op.f("fk_ledger_line_company_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("entry_id", "line_no", name=op.f("pk_ledger_line")),
    )
    with op.batch_alter_table("ledger_line", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ledger_line_company_id_account_id_date_entry_id_line_no",
            ["company_id", "account_id", "date", "entry_id", "line_no"],
            unique=False,
            postgresql_include=["amount", "amount_currency"],
        )
        batch_op.create_index(
            "ix_ledger_line_company_id_date_account_id",
            ["company_id", "date", "account_id"],
            unique=False,
            postgresql_include=["amount"],
        )


def downgrade() -> None:
    """Drop the tables, those first that refer to others."""
    for table in (
        "ledger_line",
        "ledger_entry_reference",
        "ledger_entry",
        "ledger_balance",
        "ledger_sequence_head",
        "ledger_period",
        "ledger_journal",
        "ledger_fiscal_year",
        "ledger_account",
    ):
        op.drop_table(table)
