"""Rules, requests with their stages, makers and decisions, deputies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "approvals_0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "approvals_deputy",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("login", sa.String(length=120), nullable=False),
        sa.Column("stands_for", sa.String(length=120), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("named_by", sa.String(length=120), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("login <> stands_for", name=op.f("ck_approvals_deputy_another")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_approvals_deputy_days")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_approvals_deputy_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_deputy")),
    )
    with op.batch_alter_table("approvals_deputy", schema=None) as batch_op:
        batch_op.create_index(
            "ix_approvals_deputy_company_id_login", ["company_id", "login"], unique=False
        )
        batch_op.create_index(
            "ix_approvals_deputy_company_id_starts_on_id",
            ["company_id", "starts_on", "id"],
            unique=False,
        )

    op.create_table(
        "approvals_request",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("record", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.String(length=120), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_by", sa.String(length=120), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open' AND closed_at IS NULL AND closed_by IS NULL) OR (state IN ('approved', 'rejected', 'withdrawn', 'void') AND closed_at IS NOT NULL AND closed_by IS NOT NULL)",
            name=op.f("ck_approvals_request_state"),
        ),
        sa.CheckConstraint("stage > 0", name=op.f("ck_approvals_request_stage")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_approvals_request_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_request")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_approvals_request_company_id_id")),
    )
    with op.batch_alter_table("approvals_request", schema=None) as batch_op:
        batch_op.create_index(
            "ix_approvals_request_company_id_requested_at_id",
            ["company_id", "requested_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_approvals_request_company_id_requested_by",
            ["company_id", "requested_by"],
            unique=False,
        )
        batch_op.create_index(
            "ix_approvals_request_open",
            ["company_id", "record", "action", "record_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "approvals_rule",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("about", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("over_amount", sa.BigInteger(), nullable=True),
        sa.Column("conditions", sa.String(length=1000), nullable=False),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "over_amount IS NULL OR over_amount >= 0", name=op.f("ck_approvals_rule_over_amount")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_approvals_rule_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_rule")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_approvals_rule_company_id_name")),
    )
    with op.batch_alter_table("approvals_rule", schema=None) as batch_op:
        batch_op.create_index(
            "ix_approvals_rule_company_id_about_position",
            ["company_id", "about", "position"],
            unique=False,
        )

    op.create_table(
        "approvals_decision",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("request_id", ID, nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.Column("counts_for", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "verdict <> 'reject' OR reason <> ''", name=op.f("ck_approvals_decision_reason")
        ),
        sa.CheckConstraint(
            "verdict IN ('approve', 'reject')", name=op.f("ck_approvals_decision_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "request_id"],
            ["approvals_request.company_id", "approvals_request.id"],
            name=op.f("fk_approvals_decision_company_id_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_approvals_decision_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals_decision")),
        sa.UniqueConstraint(
            "request_id", "counts_for", name=op.f("uq_approvals_decision_request_id_counts_for")
        ),
        sa.UniqueConstraint(
            "request_id", "decided_by", name=op.f("uq_approvals_decision_request_id_decided_by")
        ),
    )
    with op.batch_alter_table("approvals_decision", schema=None) as batch_op:
        batch_op.create_index(
            "ix_approvals_decision_company_id_decided_by",
            ["company_id", "decided_by"],
            unique=False,
        )

    op.create_table(
        "approvals_request_maker",
        sa.Column("company_id", ID, nullable=False),
        sa.Column("request_id", ID, nullable=False),
        sa.Column("login", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "request_id"],
            ["approvals_request.company_id", "approvals_request.id"],
            name=op.f("fk_approvals_request_maker_company_id_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_approvals_request_maker_company_id")
        ),
        sa.PrimaryKeyConstraint("request_id", "login", name=op.f("pk_approvals_request_maker")),
    )
    op.create_table(
        "approvals_request_stage",
        sa.Column("company_id", ID, nullable=False),
        sa.Column("request_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("persons", sa.JSON(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "position > 0 AND people > 0", name=op.f("ck_approvals_request_stage_people")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "request_id"],
            ["approvals_request.company_id", "approvals_request.id"],
            name=op.f("fk_approvals_request_stage_company_id_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_approvals_request_stage_company_id")
        ),
        sa.PrimaryKeyConstraint("request_id", "position", name=op.f("pk_approvals_request_stage")),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("request_stage", "request_maker", "decision", "rule", "request", "deputy"):
        op.drop_table(f"approvals_{table}")
