"""What rows that are there already get in a column that a proposed migration adds.

A column that may not be empty is refused by every database that holds rows, unless the migration
says what they get. A model says it too, by its default, so the proposal takes it from there.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from alembic.operations.ops import AddColumnOp, ModifyTableOps
from sqlalchemy import DefaultClause, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from backstay.errors import Invalid
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.operations.ops import MigrationScript
    from sqlalchemy import Column


@contextmanager
def filled_columns() -> Iterator[Callable[..., None]]:
    """Alembic's hook that gives new columns their ``server_default``, while it is in use."""
    filled: list[Column[Any]] = []

    def fill(_context: object, _revision: object, directives: list[MigrationScript]) -> None:
        for directive in directives:
            for one in directive.upgrade_ops_list:
                tables = (part for part in one.ops if isinstance(part, ModifyTableOps))
                for added in (part for table in tables for part in table.ops):
                    if isinstance(added, AddColumnOp) and _is_refused(added.column):
                        added.column.server_default = _default_of(added.table_name, added.column)
                        filled.append(added.column)

    try:
        yield fill
    finally:
        # They are the columns of the models, which know nothing of it.
        for column in filled:
            column.server_default = None


def _is_refused(column: Column[Any]) -> bool:
    has_one = column.server_default or column.computed or column.identity
    return not (column.nullable or has_one)


def _default_of(table: str, column: Column[Any]) -> DefaultClause:
    """The model's default, as both databases store it.

    Raises:
        Invalid: it has none, or one that is known only at run time.
    """
    default = column.default
    if not isinstance(default, ScalarElementColumnDefault):
        raise Invalid(
            _(
                "Rows that are there already would have nothing in %(column)s, which may not be"
                " empty. Say in the model what they get, mapped_column(default=...), or let it be"
                " empty, Mapped[... | None]. Nothing was written.",
                column=f"{table}.{column.name}",
            ),
            field="name",
        )
    if isinstance(default.arg, bool):
        # SQLite keeps a boolean as a number and PostgreSQL refuses one; both know these words.
        return DefaultClause(text("true" if default.arg else "false"))
    dialect = sqlite.dialect()
    bind = column.type.dialect_impl(dialect).bind_processor(dialect)
    return DefaultClause(str(bind(default.arg) if bind else default.arg))


__all__ = ["filled_columns"]
