"""Rules about tables: what migrations make, and what switching a plugin on and off leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import inspect, select, table, text

from backstay.db.context import operator_context
from backstay.db.guards import guards_are_missing
from backstay.errors import BackstayError, Conflict
from backstay.kernel.lifecycle import transition
from backstay.kernel.migrate import differences, upgrade
from backstay.kernel.setup import migrate
from backstay.kernel.states import Step
from backstay.testing.conformance.on_upgrades import schema_of, upgrade_required
from backstay.testing.conformance.rules import Bench, NotApplicable

if TYPE_CHECKING:
    from backstay.db.database import Database

_OPERATOR = operator_context("system:check")
_SHARED = ("core_role", "core_role_permission")


def migrations(bench: Bench, engine: str) -> Iterator[str]:
    """Migrations make what the models describe, and nothing of anybody else's."""
    if bench.part.base is None:
        raise NotApplicable("it has no models")
    own = schema_of(bench, bench.plugin)
    with bench.empty(engine) as database:
        upgrade_required(bench, database)
        before = _columns(database)
        try:
            upgrade(database.engine, own)
        except BackstayError as error:
            yield str(error)
            return
        yield from _foreign_changes(bench.plugin, before, _columns(database))
        with database.engine.connect() as connection:
            yield from (f"models and tables differ: {one}" for one in differences(connection, own))
            if guards_are_missing(connection, own.metadata):
                yield "the triggers in the database are not those that the models declare"
        if again := upgrade(database.engine, own):
            yield f"run a second time, its migrations do something: {', '.join(again)}"


def _columns(database: Database) -> dict[str, set[str]]:
    with database.engine.connect() as connection:
        looked = inspect(connection)
        return {
            name: {column["name"] for column in looked.get_columns(name)}
            for name in looked.get_table_names()
        }


def _foreign_changes(
    plugin: str, before: dict[str, set[str]], after: dict[str, set[str]]
) -> Iterator[str]:
    for name in sorted(after.keys() - before.keys()):
        if not name.startswith(f"{plugin}_"):
            yield f"a migration makes the table {name}, which does not begin with {plugin}_"
    for name in sorted(before):
        if name not in after:
            yield f"a migration drops the table {name}, which is not the plugin's"
        elif before[name] != after[name]:
            yield f"a migration changes the table {name}, which is not the plugin's"


def switching(bench: Bench, engine: str) -> Iterator[str]:
    """Switching on, off and on again leaves what the first time left."""
    with bench.empty(engine) as database:
        migrate(database)
        try:
            for name in bench.ground.suite.running:
                if name != bench.plugin:
                    transition(database, name, Step.ENABLE, _OPERATOR)
            transition(database, bench.plugin, Step.ENABLE, _OPERATOR)
            first = _contents(database, bench.plugin)
            yield from _refused(database, bench.plugin, Step.ENABLE)
            transition(database, bench.plugin, Step.DISABLE, _OPERATOR)
            if changed := _differences(first, _contents(database, bench.plugin)):
                yield f"switching it off changes {changed}"
            yield from _refused(database, bench.plugin, Step.DISABLE)
            transition(database, bench.plugin, Step.ENABLE, _OPERATOR)
        except BackstayError as error:
            yield str(error)
            return
        if changed := _differences(first, _contents(database, bench.plugin)):
            yield f"switching it on again changes {changed}"


def _refused(database: Database, plugin: str, step: Step) -> Iterator[str]:
    try:
        transition(database, plugin, step, _OPERATOR)
    except Conflict:
        return
    yield f"told to {step.value} a second time, it is not refused"


def _contents(database: Database, plugin: str) -> dict[str, object]:
    """The columns and rows of the plugin's tables, and of those in which its roles lie."""
    columns = _columns(database)
    own = [name for name in columns if name.startswith(f"{plugin}_") or name in _SHARED]
    found: dict[str, object] = {}
    with database.engine.connect() as connection:
        for name in sorted(own):
            rows = connection.execute(select(text("*")).select_from(table(name)))
            found[name] = (sorted(columns[name]), sorted(repr(tuple(row)) for row in rows))
    return found


def _differences(before: dict[str, object], after: dict[str, object]) -> str:
    names = sorted(before.keys() | after.keys())
    return ", ".join(name for name in names if before.get(name) != after.get(name))


__all__ = ["migrations", "switching"]
