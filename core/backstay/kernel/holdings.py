"""What lies in the database because of a module: its own tables, and rows of core that speak of it.

Asked by names alone: the tables of a module that is off, or whose package is gone, have no model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, MetaData, Select, Table, func, inspect, literal_column, select

from backstay.access.models import RolePermission
from backstay.files.models import Attachment
from backstay.i18n import Text
from backstay.i18n import lazy as _
from backstay.imports.models import Import
from backstay.jobs.models import Job, JobState
from backstay.lists.models import ListView

if TYPE_CHECKING:
    from sqlalchemy import Connection

COUNTED: Final = 10_000
"""Rows are counted up to here; a plugin's tables may hold millions."""


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table that a module owns; ``rows`` may be counted up to ``COUNTED`` and one more only."""

    name: str
    rows: int
    exact: bool = True

    @property
    def text(self) -> str:
        """The count as people read it."""
        return f"{self.rows:,}" if self.exact else f"{COUNTED:,}+"


@dataclass(frozen=True, slots=True)
class Belonging:
    """Rows of a table of core that speak of a module."""

    label: Text
    rows: int


def own_tables(connection: Connection, plugin: str) -> list[str]:
    """The names of the tables that a plugin's migrations made, without its version table."""
    return sorted(
        name
        for name in inspect(connection).get_table_names()
        if name.startswith(f"{plugin}_") and name != version_table(plugin)
    )


def version_table(plugin: str) -> str:
    """The table that remembers the last migration of a plugin."""
    return f"{plugin}_alembic_version"


def table_sizes(
    connection: Connection, plugin: str, *, exactly: bool = False
) -> tuple[TableSize, ...]:
    """The tables of a plugin with the number of their rows.

    Arguments:
        exactly: count to the end, however many they are.
    """
    sizes = []
    for name in own_tables(connection, plugin):
        few: Select[Any] = select(literal_column("1")).select_from(Table(name, MetaData()))
        if not exactly:
            few = few.limit(COUNTED + 1)
        rows = connection.scalar(select(func.count()).select_from(few.subquery())) or 0
        exact = exactly or rows <= COUNTED
        sizes.append(TableSize(name, rows if exact else COUNTED, exact))
    return tuple(sizes)


def waiting_jobs(connection: Connection, plugin: str) -> dict[JobState, int]:
    """How many jobs of a plugin wait, run, or were given up."""
    found = connection.execute(
        select(Job.state, func.count(Job.id))
        .where(
            Job.kind.startswith(f"{plugin}.", autoescape=True),
            Job.state.in_((JobState.READY, JobState.RUNNING, JobState.DEAD)),
        )
        .group_by(Job.state)
    )
    return {row[0]: row[1] for row in found}


def belongings(connection: Connection, plugin: str) -> tuple[Belonging, ...]:
    """What tables of core hold of a plugin, by what people call it; nothing that is empty."""
    return tuple(
        Belonging(label, rows)
        for label, table, condition in _of_core(plugin)
        if (rows := connection.scalar(select(func.count()).select_from(table).where(condition)))
    )


def _of_core(plugin: str) -> Iterator[tuple[Text, Any, ColumnElement[bool]]]:
    for label, column in (
        (_("attached files"), Attachment.resource),
        (_("imports"), Import.kind),
        (_("saved views"), ListView.resource),
        (_("jobs"), Job.kind),
        (_("permissions in roles"), RolePermission.permission),
    ):
        yield label, column.table, column.startswith(f"{plugin}.", autoescape=True)


def foreign_references(connection: Connection, plugin: str) -> list[tuple[str, str]]:
    """Foreign keys of other plugins' tables that point to a plugin's: (their table, its table)."""
    prefix = f"{plugin}_"
    found = {
        (table, str(key["referred_table"]))
        for (_schema, table), keys in inspect(connection).get_multi_foreign_keys().items()
        if not table.startswith(prefix)
        for key in keys
        if str(key["referred_table"]).startswith(prefix)
    }
    return sorted(found)
