"""Tax codes, what entries say of tax, and rules that lead from roles to accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0007"
down_revision = "ledger_0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger_tax_box",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('payable', 'deductible', 'information')", name=op.f("ck_ledger_tax_box_kind")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_tax_box_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_tax_box")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_ledger_tax_box_company_id_code")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_tax_box_company_id_id")),
    )
    op.create_table(
        "ledger_tax_code",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("use", sa.String(length=20), nullable=False),
        sa.Column("included", sa.Boolean(), nullable=False),
        sa.Column("feeds", sa.Boolean(), nullable=False),
        sa.Column("fed", sa.Boolean(), nullable=False),
        sa.Column("cash_basis", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("use IN ('sale', 'purchase')", name=op.f("ck_ledger_tax_code_use")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_tax_code_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_tax_code")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_ledger_tax_code_company_id_code")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_tax_code_company_id_id")),
    )
    op.create_table(
        "ledger_tax_rounding",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("policy", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "policy IN ('line', 'group', 'document')", name=op.f("ck_ledger_tax_rounding_policy")
        ),
        sa.CheckConstraint("unit > 0", name=op.f("ck_ledger_tax_rounding_unit")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_tax_rounding_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_tax_rounding")),
        sa.UniqueConstraint(
            "company_id", "valid_from", name=op.f("uq_ledger_tax_rounding_company_id_valid_from")
        ),
    )
    op.create_table(
        "ledger_account_rule",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("item_group", sa.String(length=60), nullable=False),
        sa.Column("party_group", sa.String(length=60), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
            name=op.f("fk_ledger_account_rule_company_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_account_rule_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account_rule")),
        sa.UniqueConstraint(
            "company_id",
            "role",
            "item_group",
            "party_group",
            "country",
            "valid_from",
            name="uq_ledger_account_rule_conditions",
        ),
    )
    op.create_table(
        "ledger_tax_part",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("factor", sa.BigInteger(), nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("waiting_account_id", ID, nullable=True),
        sa.Column("box_id", ID, nullable=True),
        sa.CheckConstraint(
            "account_id IS NULL OR role = ''", name=op.f("ck_ledger_tax_part_account")
        ),
        sa.CheckConstraint(
            "factor BETWEEN -10000 AND 10000 AND factor <> 0",
            name=op.f("ck_ledger_tax_part_factor"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
            name=op.f("fk_ledger_tax_part_company_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "box_id"],
            ["ledger_tax_box.company_id", "ledger_tax_box.id"],
            name=op.f("fk_ledger_tax_part_company_id_box_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "code_id"],
            ["ledger_tax_code.company_id", "ledger_tax_code.id"],
            name=op.f("fk_ledger_tax_part_company_id_code_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "waiting_account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
            name=op.f("fk_ledger_tax_part_company_id_waiting_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_tax_part_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_tax_part")),
        sa.UniqueConstraint(
            "company_id",
            "code_id",
            "position",
            name=op.f("uq_ledger_tax_part_company_id_code_id_position"),
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_tax_part_company_id_id")),
    )
    op.create_table(
        "ledger_tax_rate",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code_id", ID, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "rate BETWEEN -10000000 AND 10000000", name=op.f("ck_ledger_tax_rate_rate")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "code_id"],
            ["ledger_tax_code.company_id", "ledger_tax_code.id"],
            name=op.f("fk_ledger_tax_rate_company_id_code_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_tax_rate_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_tax_rate")),
        sa.UniqueConstraint(
            "company_id",
            "code_id",
            "valid_from",
            name=op.f("uq_ledger_tax_rate_company_id_code_id_valid_from"),
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_tax_rate_company_id_id")),
    )
    op.create_table(
        "ledger_line_role",
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("line_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("item_group", sa.String(length=60), nullable=False),
        sa.Column("party_group", sa.String(length=60), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("rule", sa.String(length=250), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "entry_id"],
            ["ledger_entry.company_id", "ledger_entry.id"],
            name=op.f("fk_ledger_line_role_company_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id", "line_no"],
            ["ledger_line.entry_id", "ledger_line.line_no"],
            name=op.f("fk_ledger_line_role_entry_id_line_no"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entry_id", "line_no", name=op.f("pk_ledger_line_role")),
    )
    op.create_table(
        "ledger_tax_detail",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("base_line_no", sa.Integer(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=True),
        sa.Column("code_id", ID, nullable=False),
        sa.Column("rate_id", ID, nullable=False),
        sa.Column("part_id", ID, nullable=False),
        sa.Column("box_id", ID, nullable=True),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.String(length=20), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("computed", sa.BigInteger(), nullable=False),
        sa.Column("base_sign", sa.Integer(), nullable=False),
        sa.Column("tax_sign", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("releases_id", ID, nullable=True),
        sa.CheckConstraint(
            "NOT (waiting AND releases_id IS NOT NULL)", name=op.f("ck_ledger_tax_detail_releases")
        ),
        sa.CheckConstraint(
            "base_sign IN (-1, 1) AND tax_sign IN (-1, 1)", name=op.f("ck_ledger_tax_detail_signs")
        ),
        sa.CheckConstraint(
            "line_no <> base_line_no OR releases_id IS NOT NULL",
            name=op.f("ck_ledger_tax_detail_line_no"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "box_id"],
            ["ledger_tax_box.company_id", "ledger_tax_box.id"],
            name=op.f("fk_ledger_tax_detail_company_id_box_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "code_id"],
            ["ledger_tax_code.company_id", "ledger_tax_code.id"],
            name=op.f("fk_ledger_tax_detail_company_id_code_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "entry_id"],
            ["ledger_entry.company_id", "ledger_entry.id"],
            name=op.f("fk_ledger_tax_detail_company_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "part_id"],
            ["ledger_tax_part.company_id", "ledger_tax_part.id"],
            name=op.f("fk_ledger_tax_detail_company_id_part_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "rate_id"],
            ["ledger_tax_rate.company_id", "ledger_tax_rate.id"],
            name=op.f("fk_ledger_tax_detail_company_id_rate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "releases_id"],
            ["ledger_tax_detail.company_id", "ledger_tax_detail.id"],
            name=op.f("fk_ledger_tax_detail_company_id_releases_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_tax_detail_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id", "base_line_no"],
            ["ledger_line.entry_id", "ledger_line.line_no"],
            name=op.f("fk_ledger_tax_detail_entry_id_base_line_no"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_tax_detail")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_tax_detail_company_id_id")),
    )
    op.create_index("ix_ledger_tax_detail_box_id", "ledger_tax_detail", ["box_id"])
    op.create_index(
        "ix_ledger_tax_detail_entry_id", "ledger_tax_detail", ["entry_id", "base_line_no"]
    )
    op.create_index("ix_ledger_tax_detail_part_id", "ledger_tax_detail", ["part_id"])
    op.create_index("ix_ledger_tax_detail_rate_id", "ledger_tax_detail", ["rate_id"])
    op.create_index("ix_ledger_tax_detail_releases_id", "ledger_tax_detail", ["releases_id"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("ledger_tax_detail")
    op.drop_table("ledger_line_role")
    op.drop_table("ledger_tax_rate")
    op.drop_table("ledger_tax_part")
    op.drop_table("ledger_account_rule")
    op.drop_table("ledger_tax_rounding")
    op.drop_table("ledger_tax_code")
    op.drop_table("ledger_tax_box")
