"""Calendars, working hours, public holidays and special days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "calendars_0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "calendars_calendar",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("country", sa.String(length=6), nullable=True),
        sa.Column("region", sa.String(length=10), nullable=True),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("first_year", sa.Integer(), nullable=True),
        sa.Column("last_year", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "NOT is_default OR state = 'in_use'", name=op.f("ck_calendars_calendar_default")
        ),
        sa.CheckConstraint(
            "state IN ('in_use', 'retired')", name=op.f("ck_calendars_calendar_state")
        ),
        sa.CheckConstraint("first_year <= last_year", name=op.f("ck_calendars_calendar_years")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_calendars_calendar_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars_calendar")),
        sa.UniqueConstraint(
            "company_id", "code", name=op.f("uq_calendars_calendar_company_id_code")
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_calendars_calendar_company_id_id")),
        sa.UniqueConstraint(
            "company_id", "site", name=op.f("uq_calendars_calendar_company_id_site")
        ),
    )
    op.create_index(
        "ix_calendars_calendar_default",
        "calendars_calendar",
        ["company_id"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )

    op.create_table(
        "calendars_holiday",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("calendar_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "calendar_id"],
            ["calendars_calendar.company_id", "calendars_calendar.id"],
            name=op.f("fk_calendars_holiday_company_id_calendar_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_calendars_holiday_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars_holiday")),
        sa.UniqueConstraint(
            "company_id",
            "calendar_id",
            "day",
            name=op.f("uq_calendars_holiday_company_id_calendar_id_day"),
        ),
    )
    op.create_index(
        "ix_calendars_holiday_company_id_day_id",
        "calendars_holiday",
        ["company_id", "day", "id"],
        unique=False,
    )

    op.create_table(
        "calendars_special_day",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("calendar_id", ID, nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("hours", sa.String(length=100), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'closed' AND hours = '') OR (kind = 'hours' AND hours <> '')",
            name=op.f("ck_calendars_special_day_kind"),
        ),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_calendars_special_day_days")),
        sa.ForeignKeyConstraint(
            ["company_id", "calendar_id"],
            ["calendars_calendar.company_id", "calendars_calendar.id"],
            name=op.f("fk_calendars_special_day_company_id_calendar_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_calendars_special_day_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars_special_day")),
    )
    op.create_index(
        "ix_calendars_special_day_company_id_starts_on_id",
        "calendars_special_day",
        ["company_id", "starts_on", "id"],
        unique=False,
    )

    op.create_table(
        "calendars_week",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("calendar_id", ID, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("monday", sa.String(length=100), nullable=False),
        sa.Column("tuesday", sa.String(length=100), nullable=False),
        sa.Column("wednesday", sa.String(length=100), nullable=False),
        sa.Column("thursday", sa.String(length=100), nullable=False),
        sa.Column("friday", sa.String(length=100), nullable=False),
        sa.Column("saturday", sa.String(length=100), nullable=False),
        sa.Column("sunday", sa.String(length=100), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "calendar_id"],
            ["calendars_calendar.company_id", "calendars_calendar.id"],
            name=op.f("fk_calendars_week_company_id_calendar_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_calendars_week_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars_week")),
        sa.UniqueConstraint(
            "company_id",
            "calendar_id",
            "valid_from",
            name=op.f("uq_calendars_week_company_id_calendar_id_valid_from"),
        ),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("week", "special_day", "holiday", "calendar"):
        op.drop_table(f"calendars_{table}")
