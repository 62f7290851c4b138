"""Rules that the database itself keeps, declared beside the models they protect.

A guard is a set of triggers for each database. They hold for raw connections too: the SQLite ones
use nothing but SQL, apart from the audit guard, whose function only our own connections register,
so that a foreign connection fails at once. SQLite's ``INSERT OR REPLACE`` and ``UPDATE OR REPLACE``
delete the old row without firing DELETE triggers, so frozen tables refuse the new row as well.

After every migration, with every new version and whenever one is missing or is not as declared, all
guards of the plugin are dropped and made again (a batch rebuild on SQLite loses a table's triggers
silently), so a guard never needs a migration of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, FromClause, MetaData, UniqueConstraint, text

from backstay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Table

AUDIT_FUNCTION: Final = "backstay_audit_context_required"
"""The SQLite function whose absence stops a foreign connection; its name is the message."""
_TRIGGER: Final = re.compile(r"CREATE TRIGGER (\w+)")
_FUNCTION: Final = re.compile(r"CREATE OR REPLACE FUNCTION (\w+)")
_BODY: Final = re.compile(r"\$\$(.*)\$\$", re.DOTALL)
_READS_TABLES: Final = re.compile(r"(?<!DISTINCT )\bFROM\b|\bUPDATE \w|\bINSERT INTO\b")


@dataclass(frozen=True, slots=True)
class Guard:
    """One rule on one table.

    Arguments:
        table: the table that the triggers sit on.
        name: what the rule is called, in ``<table>__<name>``.
        sqlite: complete CREATE TRIGGER statements, each named ``<table>__<name>...``.
        postgresql: CREATE OR REPLACE FUNCTION and CREATE TRIGGER statements, named likewise.
    """

    table: str
    name: str
    sqlite: tuple[str, ...]
    postgresql: tuple[str, ...]


def _table(table: FromClause) -> Table:
    from sqlalchemy import Table

    if not isinstance(table, Table):
        message = f"guards are declared on tables, not on {table!r}"
        raise ConfigurationError(message)
    return table


def declare(
    table: FromClause, name: str, *, sqlite: Iterable[str], postgresql: Iterable[str]
) -> None:
    """Add a guard to the MetaData that the table belongs to."""
    real = _table(table)
    guards: list[Guard] = real.metadata.info["guards"]
    if any(guard.table == real.name and guard.name == name for guard in guards):
        message = f"guard {name} of {real.name} is declared twice"
        raise ConfigurationError(message)
    guards.append(Guard(real.name, name, tuple(sqlite), tuple(postgresql)))


def _quoted(message: str) -> str:
    return message.replace("'", "''")


def unique_keys(table: Table, *, partial: bool = True) -> list[tuple[str, ...]]:
    """The columns of each key by which a REPLACE takes the place of a row; the primary key first.

    Arguments:
        partial: those of unique indexes that hold for a part of the rows only are among them.
    """
    keys = [tuple(column.name for column in table.primary_key.columns)]
    keys += [
        tuple(column.name for column in constraint.columns)
        for constraint in sorted(table.constraints, key=lambda c: str(c.name))
        if isinstance(constraint, UniqueConstraint)
    ]
    keys += [
        tuple(column.name for column in index.columns)
        for index in sorted(table.indexes, key=lambda i: str(i.name))
        if index.unique and (partial or index.dialect_options["sqlite"]["where"] is None)
    ]
    return keys


def places(table: Table) -> list[tuple[str, ...]]:
    """On SQLite, the hidden number by which a REPLACE takes the place of a row of a composite key.

    A table with one id has none beside it: there the id is that number.
    """
    return [("rowid",)] if len(table.primary_key.columns) > 1 else []


def freeze(table: FromClause, when: str, message: str, *, name: str = "frozen") -> None:
    """Refuse UPDATE, DELETE, TRUNCATE and every form of REPLACE of rows that are final.

    Arguments:
        when: an SQL condition in which ``{row}`` stands for the row, such as
            ``{row}.state = 'posted'``.
        message: what the refused statement is told.
    """
    real = _table(table)
    said = _quoted(message)
    trigger = f"{real.name}__{name}"
    # A row that would take a frozen row's place by any of its unique keys (on SQLite alone).
    held = " OR ".join(
        f"EXISTS (SELECT 1 FROM {real.name} AS held WHERE "  # noqa: S608
        + " AND ".join(f"held.{column} = NEW.{column}" for column in key)
        + f" AND ({when.format(row='held')})%s)"
        for key in (*unique_keys(real), *places(real))
    )
    keys = [column.name for column in real.primary_key.columns]
    other = " AND NOT (" + " AND ".join(f"held.{key} = OLD.{key}" for key in keys) + ")"
    abort = f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
    old = when.format(row="OLD")
    declare(
        real,
        name,
        sqlite=(
            f"CREATE TRIGGER {trigger}_update BEFORE UPDATE ON {real.name} WHEN {old} {abort}",
            f"CREATE TRIGGER {trigger}_delete BEFORE DELETE ON {real.name} WHEN {old} {abort}",
            (
                f"CREATE TRIGGER {trigger}_insert BEFORE INSERT ON {real.name}"
                f" WHEN {held.replace('%s', '')} {abort}"
            ),
            (
                f"CREATE TRIGGER {trigger}_replace BEFORE UPDATE ON {real.name}"
                f" WHEN {held.replace('%s', other)} {abort}"
            ),
        ),
        postgresql=(
            f"""CREATE OR REPLACE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {old} THEN
        RAISE EXCEPTION '{said}' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$""",
            (
                f"CREATE TRIGGER {trigger} BEFORE UPDATE OR DELETE ON {real.name}"
                f" FOR EACH ROW EXECUTE FUNCTION {trigger}()"
            ),
            *no_truncate(real.name, trigger, said),
        ),
    )


def no_truncate(table: str, trigger: str, said: str) -> tuple[str, str]:
    """PostgreSQL's statements that refuse to empty a table past the triggers of its rows.

    Arguments:
        trigger: the name of the one of the rows, which this one's is made of.
        said: the message.
    """
    return (
        (
            f"CREATE OR REPLACE FUNCTION {trigger}_truncate() RETURNS trigger"
            f" LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{said}'"
            " USING ERRCODE = 'restrict_violation'; END $$"
        ),
        (
            f"CREATE TRIGGER {trigger}_truncate BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {trigger}_truncate()"
        ),
    )


def append_only(table: FromClause, message: str) -> None:
    """Refuse every change of a row once it is written."""
    freeze(table, "1 = 1", message, name="append_only")


def require_audit_context(table: FromClause) -> None:
    """Refuse changes from connections that did not say who acts (raw SQL behind the application).

    Declared by the kernel for every audited table.
    """
    real = _table(table)
    trigger = f"{real.name}__audit_context"
    said = _quoted(f"{real.name} is changed through Backstay only, which records who and why.")
    declare(
        real,
        "audit_context",
        sqlite=tuple(
            f"CREATE TRIGGER {trigger}_{event.lower()} BEFORE {event} ON {real.name}"
            f" BEGIN SELECT {AUDIT_FUNCTION}(); END"
            for event in ("INSERT", "UPDATE", "DELETE")
        ),
        postgresql=(
            f"""CREATE OR REPLACE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('backstay.actor', true), '') = '' THEN
        RAISE EXCEPTION '{said}' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$""",
            (
                f"CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE"
                f" ON {real.name} FOR EACH STATEMENT EXECUTE FUNCTION {trigger}()"
            ),
        ),
    )


def install_guards(connection: Connection, metadata: MetaData) -> None:
    """Drop the plugin's triggers and make them anew, in the caller's transaction."""
    drop_guards(connection, metadata)
    make_guards(connection, metadata.info["guards"])


def drop_guards(connection: Connection, metadata: MetaData) -> None:
    """Drop the plugin's triggers, whichever are there, and the functions of PostgreSQL's."""
    sqlite = connection.dialect.name == "sqlite"
    prefix = f"{metadata.info['plugin']}_"
    installed = installed_guards(connection, prefix)
    functions = [] if sqlite or not installed else _functions_of(connection, prefix)
    for name, table in installed:
        on = "" if sqlite else f" ON {table}"
        connection.execute(text(f"DROP TRIGGER {name}{on}"))  # noqa: S608, RUF100
    if functions:
        connection.execute(text(f"DROP FUNCTION {', '.join(functions)}"))


def _functions_of(connection: Connection, prefix: str) -> list[str]:
    """The functions that the triggers of tables with the prefix call, and no others do."""
    found = connection.scalars(
        text(
            "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " JOIN pg_trigger t ON t.tgfoid = p.oid JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE n.nspname = current_schema() AND NOT t.tgisinternal"
            " GROUP BY p.oid, p.proname, p.pronamespace"
            " HAVING bool_and(starts_with(c.relname, :prefix) AND c.relnamespace = p.pronamespace)"
        ),
        {"prefix": prefix},
    )
    return sorted(f"{connection.dialect.identifier_preparer.quote(one)}()" for one in found)


def make_guards(connection: Connection, guards: Iterable[Guard]) -> None:
    """Make triggers that are not there yet."""
    sqlite = connection.dialect.name == "sqlite"
    schema = "" if sqlite else _schema(connection)
    for guard in guards:
        if sqlite:
            for statement in guard.sqlite:
                connection.exec_driver_sql(statement)
        else:
            for statement in guard.postgresql:
                # The driver reads % as a placeholder; RAISE needs it too.
                connection.exec_driver_sql(_in_schema(statement, schema).replace("%", "%%"))


def _schema(connection: Connection) -> str:
    name = str(connection.scalar(text("SELECT current_schema()")))
    return connection.dialect.identifier_preparer.quote(name)


def _reads_tables(statement: str) -> str | None:
    """The name of a function of PostgreSQL's that reads or writes tables."""
    found = _FUNCTION.match(statement)
    return found[1] if found is not None and _READS_TABLES.search(statement) else None


def _in_schema(statement: str, schema: str) -> str:
    """Have a function look for its tables in our schema first.

    PostgreSQL would look among the temporary tables of the session: with an empty one of the same
    name everybody could tell a guard what suits him.
    """
    if _reads_tables(statement) is None:
        return statement
    return statement.replace(
        "LANGUAGE plpgsql", f"LANGUAGE plpgsql SET search_path = {schema}, pg_temp", 1
    )


def guards_are_missing(connection: Connection, metadata: MetaData) -> bool:
    """Whether a trigger that is declared is not in the database as declared, or another one is."""
    sqlite = connection.dialect.name == "sqlite"
    declared = {
        found[1]: statement
        for guard in metadata.info["guards"]
        for statement in (guard.sqlite if sqlite else guard.postgresql)
        if (found := _TRIGGER.match(statement)) is not None
    }
    installed = installed_guards(connection, f"{metadata.info['plugin']}_")
    if declared.keys() != {name for name, _table in installed}:
        return True
    if not sqlite:
        return not _are_as_declared(connection, metadata)
    made = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    return any(declared.get(name, sql) != sql for name, sql in made)


def _are_as_declared(connection: Connection, metadata: MetaData) -> bool:
    """Whether PostgreSQL's functions say what is declared, and look in our schema first."""
    ours = f"search_path={_schema(connection)}, pg_temp".replace('"', "")
    declared = {
        found[1]: (body[1], ours if _reads_tables(statement) else "")
        for guard in metadata.info["guards"]
        for statement in guard.postgresql
        if (found := _FUNCTION.match(statement)) is not None
        and (body := _BODY.search(statement)) is not None
    }
    made = connection.execute(
        text(
            "SELECT p.proname, p.prosrc, coalesce((SELECT one FROM unnest(p.proconfig) AS one"
            " WHERE one LIKE 'search_path=%'), '')"
            " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE n.nspname = current_schema() AND p.proname = ANY(:names)"
        ),
        {"names": sorted(declared)},
    )
    return declared == {name: (body, path.replace('"', "")) for name, body, path in made}


def installed_guards(connection: Connection, prefix: str) -> list[tuple[str, str]]:
    """Names of the triggers, each with its table, on tables that start with the prefix."""
    query = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE NOT t.tgisinternal AND n.nspname = current_schema()"
    )
    return sorted(
        (str(name), str(table))
        for name, table in connection.execute(text(query))
        if str(table).startswith(prefix)
    )
