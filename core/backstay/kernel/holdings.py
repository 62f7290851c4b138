"""What lies in the database because of a module: its own tables, and rows of core that speak of it.

Asked by names alone: the tables of a module that is off, or whose package is gone, have no model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    MetaData,
    Select,
    Table,
    func,
    inspect,
    literal_column,
    select,
)

from backstay.access.models import RolePermission
from backstay.files.models import Attachment, Blob
from backstay.i18n import Text
from backstay.i18n import lazy as _
from backstay.imports.models import (
    Import,
    ImportContent,
    ImportFile,
    ImportLayout,
    ImportReference,
    ImportRow,
)
from backstay.jobs.models import Job, JobState
from backstay.jobs.schedules import StoredSchedule
from backstay.lists.models import BulkRun, ExportRun, ListDefault, ListView

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

    label: str
    rows: int


@dataclass(frozen=True, slots=True)
class RowsOfCore:
    """Which rows of a table of core speak of a module.

    Arguments:
        label: what people call them; empty for rows that only go with others.
    """

    table: FromClause
    condition: ColumnElement[bool]
    label: Text = ""


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
        Belonging(str(one.label), rows)
        for one in rows_of_core(plugin)
        if one.label
        and (
            rows := connection.scalar(
                select(func.count()).select_from(one.table).where(one.condition)
            )
        )
    )


def rows_of_core(plugin: str) -> tuple[RowsOfCore, ...]:
    """The rows of core that speak of a plugin, each table before those that it refers to."""

    def named(column: Any) -> ColumnElement[bool]:
        found: ColumnElement[bool] = column.startswith(f"{plugin}.", autoescape=True)
        return found

    imports = select(Import.id).where(named(Import.kind)).scalar_subquery()
    return (
        *(
            RowsOfCore(model.__table__, model.import_id.in_(imports))
            for model in (ImportFile, ImportContent, ImportRow, ImportReference)
        ),
        RowsOfCore(Import.__table__, named(Import.kind), _("imports")),
        RowsOfCore(ImportLayout.__table__, named(ImportLayout.kind)),
        RowsOfCore(Attachment.__table__, named(Attachment.resource), _("attached files")),
        RowsOfCore(ListDefault.__table__, named(ListDefault.resource)),
        RowsOfCore(ListView.__table__, named(ListView.resource), _("saved views")),
        RowsOfCore(BulkRun.__table__, named(BulkRun.resource)),
        RowsOfCore(ExportRun.__table__, named(ExportRun.resource)),
        RowsOfCore(StoredSchedule.__table__, named(StoredSchedule.job), _("schedules")),
        RowsOfCore(Job.__table__, named(Job.kind), _("jobs")),
        RowsOfCore(
            RolePermission.__table__, named(RolePermission.permission), _("permissions in roles")
        ),
    )


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


def contents_of(connection: Connection, plugin: str) -> dict[str, list[str]]:
    """The columns of a plugin's tables that point to stored files, by table."""
    keys = inspect(connection).get_multi_foreign_keys()
    found: dict[str, list[str]] = {}
    for (_schema, table), of_table in keys.items():
        if table.startswith(f"{plugin}_"):
            columns = [
                key["constrained_columns"][0]
                for key in of_table
                if key["referred_table"] == Blob.__tablename__
            ]
            if columns:
                found[table] = columns
    return found
