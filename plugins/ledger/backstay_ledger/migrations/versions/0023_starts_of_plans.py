"""Plans by quarter and year that began after their day keep the days that they had.

Their first day was one in a quarter or a year later; now it is one in the month after the start.
The start is moved to the first day that they had, so that nothing comes twice.
"""

from __future__ import annotations

import calendar
from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "ledger_0023"
down_revision = "ledger_0022"
branch_labels = None
depends_on = None

PLAN = sa.table(
    "ledger_recurring",
    sa.column("id", sa.BigInteger()),
    sa.column("every", sa.String()),
    sa.column("day", sa.Integer()),
    sa.column("starts_on", sa.Date()),
)
MONTHS = {"quarter": 3, "year": 12}


def upgrade() -> None:
    """Move the starts."""
    connection = op.get_bind()
    for plan in connection.execute(sa.select(PLAN).where(PLAN.c.every.in_(MONTHS))).all():
        if plan.day >= plan.starts_on.day:
            continue
        count = plan.starts_on.year * 12 + plan.starts_on.month - 1 + MONTHS[plan.every]
        month = date(count // 12, count % 12 + 1, 1)
        day = min(plan.day, calendar.monthrange(month.year, month.month)[1])
        connection.execute(
            PLAN.update().where(PLAN.c.id == plan.id).values(starts_on=month.replace(day=day))
        )


def downgrade() -> None:
    """The days are the same by the rule before."""
