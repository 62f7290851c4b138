"""Alembic's environment for core and every plugin; called by backstay.kernel.migrate only."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Enum
from sqlalchemy.types import TypeDecorator

from backstay.kernel.migrate import Schema, compare_type, only_own

attributes = context.config.attributes
schema: Schema = attributes["schema"]
ran: list[str] = attributes["ran"]


def render_item(kind: str, item: Any, _autogenerate: Any) -> str | bool:
    """Write our types as what they are stored as, so that a migration needs nothing of Backstay."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String(length={item.length})"
    return False


def applied(*, ctx: Any, step: Any, heads: Any, run_args: Any) -> None:  # noqa: ARG001
    """Count the steps, so that the one that fails can be named."""
    ran.append(str(step.up_revision_id))


context.configure(
    connection=attributes["connection"],
    target_metadata=schema.metadata,
    version_table=schema.version_table,
    include_object=only_own(schema.plugin),
    compare_type=compare_type,
    render_item=render_item,
    render_as_batch=True,
    on_version_apply=applied,
    literal_binds=context.is_offline_mode(),
)
with context.begin_transaction():
    context.run_migrations()
