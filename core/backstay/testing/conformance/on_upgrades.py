"""The rule about upgrades: from the tables of each release to those of today, and back.

Each migration may have been the last one of a release. So today's tables, filled with samples, are
brought down to each migration in turn and up again. What was there before must be there afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import column, inspect, select, table

from backstay.core_base import CoreBase
from backstay.db.guards import guards_are_missing
from backstay.errors import ConfigurationError
from backstay.kernel.migrate import core_schema, line_of, move_to, plugin_schema, upgrade
from backstay.testing.attack.arena import furnish
from backstay.testing.conformance.rules import Bench, NotApplicable

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import Inspector

    from backstay.db.database import Database
    from backstay.db.guards import Guard
    from backstay.kernel.migrate import Schema
    from backstay.testing.attack.arena import Ground

BASE: Final = "base"
"""Alembic's name for the time before the first migration."""


@dataclass(frozen=True)
class Shape:
    """The plugin's tables as they are at one migration.

    Arguments:
        columns: the names of each table's columns.
        parts: of each table what can be compared: columns with their types, keys, indexes.
    """

    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parts: dict[str, frozenset[str]] = field(default_factory=dict)


def upgrades(bench: Bench, engine: str) -> Iterator[str]:
    """From each migration to the last one no row is lost or changed, and each can be undone."""
    if bench.part.base is None:
        raise NotApplicable("it has no models")
    own = schema_of(bench, bench.plugin)
    with bench.empty(engine) as database:
        upgrade_required(bench, database)
        yield from found_on_the_way(own, database, bench.ground)


def found_on_the_way(own: Schema, database: Database, ground: Ground) -> Iterator[str]:
    """What goes wrong between today's tables, filled with samples, and each of the migrations.

    Arguments:
        own: the tables that are brought down and up again.
        database: it has no tables yet but those that these need.
        ground: whose samples are put into them.
    """
    try:
        line = line_of(own)
        shapes = {BASE: shape_of(database, own)}
        for revision in line:
            move_to(database.engine, own, revision)
            shapes[revision] = shape_of(database, own)
        upgrade(database.engine, own)
    except ConfigurationError as error:
        yield str(error)
        return
    furnish(ground, database)
    try:
        yield from _all_at_once(own, database, shapes) or _one_by_one(own, database, shapes)
    except _Stopped as stopped:
        yield str(stopped)


class _Stopped(Exception):
    """A migration raised; there is nothing more to compare."""


def _all_at_once(own: Schema, database: Database, shapes: dict[str, Shape]) -> list[str]:
    """From the first migration to the last one in one go, as the oldest release is upgraded."""
    first, last = list(shapes)[1], list(shapes)[-1]
    before = _contents(database, shapes[last])
    _move(own, database, shapes, first, first)
    back = shape_of(database, own)
    found = list(_unlike(shapes[first], back, f"undone down to {first}"))
    return found or _upgraded(own, database, shapes, (first, last), before, back)


def _one_by_one(own: Schema, database: Database, shapes: dict[str, Shape]) -> list[str]:
    """Down from today's tables migration by migration, each of them up again in between."""
    line = list(shapes)
    before = _contents(database, shapes[line[-1]])
    for earlier, later in zip(line[-2::-1], line[:0:-1], strict=True):
        _move(own, database, shapes, earlier, earlier)
        back = shape_of(database, own)
        found = list(_unlike(shapes[earlier], back, f"undone down to {earlier}"))
        found = found or _upgraded(own, database, shapes, (earlier, later), before, back)
        if found:
            return found
        _move(own, database, shapes, earlier, earlier)
        before = _contents(database, shapes[earlier])
    return []


def _upgraded(
    own: Schema,
    database: Database,
    shapes: dict[str, Shape],
    way: tuple[str, str],
    before: dict[str, dict[str, list[str]]],
    kept: Shape,
) -> list[str]:
    """What is not as it was, upgraded again."""
    earlier, later = way
    again = f"upgraded again from {earlier}"
    _move(own, database, shapes, later, earlier)
    found = [
        *_unlike(shapes[later], shape_of(database, own), again),
        *_lost(before, _contents(database, shapes[later]), kept, earlier),
    ]
    if later == list(shapes)[-1]:
        with database.engine.connect() as connection:
            if guards_are_missing(connection, own.metadata):
                found.append(f"{again}, the triggers are not those of the models")
    return found


def _move(own: Schema, database: Database, shapes: dict[str, Shape], to: str, earlier: str) -> None:
    """Bring the tables to a migration; today's as an administrator does, with all triggers."""
    try:
        if to == list(shapes)[-1]:
            upgrade(database.engine, own)
        else:
            move_to(database.engine, own, to, _that_fit(own, shapes))
    except ConfigurationError as error:
        message = f"from {earlier} and back: {error}"
        raise _Stopped(message) from error


def schema_of(bench: Bench, name: str) -> Schema:
    """The tables and migrations of a plugin that runs."""
    suite = bench.ground.suite
    base: Any = suite.part(name).base
    return plugin_schema(suite.found[name], base.metadata)


def upgrade_required(bench: Bench, database: Database) -> None:
    """Make the tables of core and of the plugins that the tried one requires."""
    upgrade(database.engine, core_schema(CoreBase.metadata))
    for name in bench.ground.suite.running:
        if name != bench.plugin and bench.ground.suite.part(name).base is not None:
            upgrade(database.engine, schema_of(bench, name))


def shape_of(database: Database, schema: Schema) -> Shape:
    """What the plugin's tables are like now."""
    with database.engine.connect() as connection:
        return _shape(connection, schema)


def _shape(connection: Connection, schema: Schema) -> Shape:
    looked = inspect(connection)
    columns = _columns(looked, schema)
    return Shape(columns, {name: frozenset(_parts(looked, name)) for name in columns})


def _columns(looked: Inspector, schema: Schema) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(sorted(one["name"] for one in looked.get_columns(name)))
        for name in looked.get_table_names()
        if name.startswith(f"{schema.plugin}_") and name != schema.version_table
    }


def _parts(looked: Inspector, name: str) -> Iterator[str]:
    for one in looked.get_columns(name):
        null = "" if one["nullable"] else " NOT NULL"
        yield f"column {one['name']} {one['type']!r}{null} {one['default'] or ''}".rstrip()
    yield f"primary key {', '.join(looked.get_pk_constraint(name)['constrained_columns'])}"
    for key in looked.get_foreign_keys(name):
        yield f"foreign key {key['constrained_columns']} to {key['referred_table']}"
    for unique in looked.get_unique_constraints(name):
        yield f"unique key {', '.join(unique['column_names'])}"
    for index in looked.get_indexes(name):
        yield f"index {index['name']} on {', '.join(str(one) for one in index['column_names'])}"
    for check in looked.get_check_constraints(name):
        yield f"check {check['name']} {check['sqltext']}"


def _unlike(wanted: Shape, found: Shape, when: str) -> Iterator[str]:
    for name in sorted(wanted.parts.keys() | found.parts.keys()):
        if name not in found.parts:
            yield f"{when}, the table {name} is missing"
        elif name not in wanted.parts:
            yield f"{when}, the table {name} is still there"
        else:
            for part in sorted(wanted.parts[name] - found.parts[name]):
                yield f"{when}, {name} lacks: {part}"
            for part in sorted(found.parts[name] - wanted.parts[name]):
                yield f"{when}, {name} has: {part}"


def _that_fit(schema: Schema, shapes: dict[str, Shape]) -> Callable[[Connection], Iterable[Guard]]:
    """Today's triggers that speak of nothing that is not there yet: a release had them too."""
    today = list(shapes.values())[-1].columns

    def choose(connection: Connection) -> Iterator[Guard]:
        now = _columns(inspect(connection), schema)
        for guard in schema.metadata.info["guards"]:
            words = set(re.findall(r"\w+", " ".join((*guard.sqlite, *guard.postgresql))))
            speaks_of = (words & today.keys()) | {guard.table}
            if all(set(today[name]) <= set(now.get(name, ())) for name in speaks_of):
                yield guard

    return choose


def _contents(database: Database, shape: Shape) -> dict[str, dict[str, list[str]]]:
    """Of each table the values of each column, sorted."""
    found: dict[str, dict[str, list[str]]] = {}
    with database.engine.connect() as connection:
        for name, columns in shape.columns.items():
            wanted: list[Any] = [column(one) for one in columns]
            rows = connection.execute(select(*wanted).select_from(table(name))).all()
            found[name] = {
                one: sorted(repr(row[place]) for row in rows) for place, one in enumerate(columns)
            }
        connection.rollback()
    return found


def _lost(
    before: dict[str, dict[str, list[str]]],
    after: dict[str, dict[str, list[str]]],
    kept: Shape,
    earlier: str,
) -> Iterator[str]:
    """What was in tables and columns that an earlier release had too, and is not there now."""
    for name, columns in kept.columns.items():
        for one in columns:
            if one not in before.get(name, {}):
                continue
            was, is_now = before[name][one], after[name][one]
            if len(was) != len(is_now):
                yield (
                    f"of {len(was)} rows of {name} {len(is_now)} are left"
                    f" after the way from {earlier}"
                )
                break
            if was != is_now:
                yield f"the way from {earlier} changes values of {name}.{one}"


__all__ = ["found_on_the_way", "schema_of", "upgrade_required", "upgrades"]
