"""Deleting all that a module holds: exported first, read back, compared, then dropped as a whole.

Everything happens in the one locked process. What is dropped is dropped in one transaction, in
which each table is compared with what was exported of it; before its commit nothing is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, inspect, select, text, update
from sqlalchemy.sql.elements import quoted_name

from backstay.access.core_permissions import PLUGIN_MANAGE
from backstay.access.models import RolePermission, RoleTemplateMade
from backstay.audit.capture import Event, record_event
from backstay.clock import now
from backstay.db.context import authorize
from backstay.errors import Conflict, Invalid
from backstay.files.models import Blob
from backstay.i18n import gettext as _
from backstay.kernel.export import (
    digest_of,
    export_module,
    member_of,
    stored_files,
    verify_export,
)
from backstay.kernel.holdings import own_tables, rows_of_core, version_table
from backstay.kernel.leases import lease
from backstay.kernel.lifecycle import refuse_blocked, write_down
from backstay.kernel.models import PluginCheck, PluginDeclared, PluginState
from backstay.kernel.plans import DUTY, Result, plan
from backstay.kernel.schema import schema_transaction
from backstay.kernel.states import Step
from backstay.kernel.step_log import note_end, noted
from backstay.search.models import SearchDefinition, SearchRow

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.kernel.export import Export

_STRETCH: Final = 2_000


def purge(database: Database, exports: Path, name: str, confirm: str, context: Context) -> Result:
    """Export a module's data into a folder, and delete it.

    Arguments:
        confirm: the module's name, typed by whoever wants it.

    Raises:
        Forbidden: the actor may not manage modules.
        Invalid: another name was typed.
        Conflict: the plan has blockers, another step is being taken, or the data changed while it
            was exported; nothing is gone.
        ConfigurationError: the export could not be read back; nothing is gone.
    """
    with database.read(context) as session:
        authorize(session, PLUGIN_MANAGE)
    if confirm != name:
        raise Invalid(
            _("Type the name “%(name)s” to confirm that its data is deleted.", name=name),
            field="confirm",
        )
    with lease(database, DUTY, note=f"purge {name}", alone=True) as duty:
        planned = plan(database, name, Step.PURGE)
        refuse_blocked(planned.blockers, planned.title)
        target = exports / f"{name}-{now():%Y%m%dT%H%M%SZ}.zip"
        said = _(
            "The data of %(name)s is deleted. Its export is %(file)s.",
            name=planned.title,
            file=target,
        )
        with noted(database, name, Step.PURGE, context.actor.label):
            with database.reading_connection() as connection:
                export_module(connection, name, planned.migrated, target, database.files)
            export = verify_export(target)
            _forget_index(database, name)
            database.prepare_to_write()
            with schema_transaction(database.engine, at_last=duty.secure) as connection:
                _compare(connection, name, export)
                needed = stored_files(connection, name)
                _drop(connection, name)
                with database.joined(connection, context) as session:
                    _forget(session, name, export, target.name, needed)
                note_end(connection, name, said)
    return Result(ok=True, message=said)


def _compare(connection: Connection, name: str, export: Export) -> None:
    """Refuse to go on unless every table holds exactly what was exported of it.

    Raises:
        Conflict: it does not.
    """
    tables = own_tables(connection, name)
    if connection.dialect.name == "postgresql" and tables:
        connection.exec_driver_sql(f"LOCK TABLE {_quoted(connection, tables)}")
    changed = sorted(set(tables) ^ export.tables.keys()) or [
        one for one in tables if digest_of(connection, one) != export.members[member_of(one)].sha256
    ]
    if changed:
        raise Conflict(
            _(
                "%(table)s changed while it was exported. Nothing was deleted; try it again.",
                table=changed[0],
            )
        )


def _drop(connection: Connection, name: str) -> None:
    """Drop all that begins with the plugin's prefix: views, tables with triggers, functions."""
    for view in inspect(connection).get_view_names():
        if view.startswith(f"{name}_"):
            connection.exec_driver_sql(f"DROP VIEW {_quoted(connection, [view])}")
    tables = own_tables(connection, name)
    if inspect(connection).has_table(version_table(name)):
        tables.append(version_table(name))
    if connection.dialect.name == "sqlite":
        for table in tables:
            connection.exec_driver_sql(f"DROP TABLE {_quoted(connection, [table])}")
        return
    if tables:
        connection.exec_driver_sql(f"DROP TABLE {_quoted(connection, tables)}")
    functions = connection.scalars(
        text(
            "SELECT p.oid::regprocedure::text FROM pg_proc p"
            " JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE n.nspname = current_schema() AND starts_with(p.proname, :prefix)"
        ),
        {"prefix": f"{name}_"},
    ).all()
    for function in functions:
        connection.exec_driver_sql(f"DROP FUNCTION {function}")


def _quoted(connection: Connection, names: list[str]) -> str:
    prepare = connection.dialect.identifier_preparer
    return ", ".join(prepare.quote(quoted_name(one, quote=None)) for one in names)


def _forget(session: Session, name: str, export: Export, file: str, needed: list[str]) -> None:
    """Take away the rows of core that speak of it, and write down what was done."""
    connection = session.connection()
    gone: dict[str, Any] = {one: export.members[member_of(one)].rows for one in export.tables}
    for permission in session.scalars(
        select(RolePermission).where(RolePermission.permission.startswith(f"{name}."))
    ).all():
        session.delete(permission)  # by itself, for the history of the role
    session.flush()
    for rows in rows_of_core(name):
        table = str(rows.table.description)
        count = connection.execute(delete(rows.table).where(rows.condition)).rowcount  # type: ignore[arg-type]
        if count:
            gone[table] = count
    for model in (PluginDeclared, PluginCheck):
        connection.execute(delete(model.__table__).where(model.name == name))  # type: ignore[arg-type]
    connection.execute(
        delete(RoleTemplateMade.__table__).where(RoleTemplateMade.plugin == name)  # type: ignore[arg-type]
    )
    for start in range(0, len(needed), _STRETCH):
        some = needed[start : start + _STRETCH]
        connection.execute(
            update(Blob.__table__).where(Blob.sha256.in_(some)).values(touched_at=now())  # type: ignore[arg-type]
        )
    record_event(
        session,
        Event(
            "purge",
            "core_plugin",
            name,
            label=name,
            before={"rows": gone},
            after={"export": file, "files": len(needed) - len(export.damaged)},
        ),
    )
    write_down(session, name, PluginState.PURGED, message=file)


def _forget_index(database: Database, name: str) -> None:
    """Drop the search index of a module bit by bit: its definition first, so it would come back."""
    mine = SearchRow.entity.startswith(f"{name}_", autoescape=True)
    with database.engine.begin() as connection:
        connection.execute(
            delete(SearchDefinition).where(
                SearchDefinition.entity.startswith(f"{name}_", autoescape=True)
            )
        )
    while True:
        with database.engine.begin() as connection:
            some = connection.scalars(select(SearchRow.id).where(mine).limit(_STRETCH)).all()
            if not some:
                return
            connection.execute(delete(SearchRow).where(SearchRow.id.in_(some)))
