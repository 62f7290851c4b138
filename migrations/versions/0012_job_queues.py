"""Jobs: classes of urgency, chunks with a cursor, one of a kind, and what caused each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0012"
down_revision = "core_0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _partial(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        "core_job",
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def upgrade() -> None:
    """Add the columns; only jobs that have not ended are in the indexes that runners ask."""
    op.drop_index("ix_core_job_state_run_at", "core_job")
    for column in (
        sa.Column("queue", sa.String(length=20), nullable=False, server_default="default"),
        sa.Column("unique_key", sa.String(length=160), nullable=True),
        sa.Column("runner", sa.String(length=80), nullable=False, server_default=""),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("cursor", sa.JSON(), nullable=True),
        sa.Column("event", sa.String(length=80), nullable=False, server_default=""),
        sa.Column("event_id", ID, nullable=True),
        sa.Column("schedule_id", ID, nullable=True),
        sa.Column("planned_at", sa.BigInteger(), nullable=True),
    ):
        op.add_column("core_job", column)
    with op.batch_alter_table("core_job") as jobs:
        for name in ("queue", "runner", "event"):
            jobs.alter_column(name, server_default=None)
    op.create_index("ix_core_job_state", "core_job", ["state", "id"])
    _partial("ix_core_job_ready", ["queue", "run_at", "id"], "state = 'ready'")
    _partial("ix_core_job_running", ["lease_until"], "state = 'running'")
    _partial(
        "ix_core_job_unique_key",
        ["kind", "unique_key"],
        "state = 'ready' AND unique_key IS NOT NULL",
        unique=True,
    )
    _partial("ix_core_job_event_id", ["event_id"], "event_id IS NOT NULL")
    _partial(
        "ix_core_job_planned_at",
        ["schedule_id", "planned_at"],
        "schedule_id IS NOT NULL",
        unique=True,
    )


def downgrade() -> None:
    """Drop the columns; all jobs are in one index again."""
    for name in (
        "ix_core_job_planned_at",
        "ix_core_job_event_id",
        "ix_core_job_unique_key",
        "ix_core_job_running",
        "ix_core_job_ready",
        "ix_core_job_state",
    ):
        op.drop_index(name, "core_job")
    for name in (
        "planned_at",
        "schedule_id",
        "event_id",
        "event",
        "cursor",
        "trace",
        "runner",
        "unique_key",
        "queue",
    ):
        op.drop_column("core_job", name)
    op.create_index("ix_core_job_state_run_at", "core_job", ["state", "run_at"])
