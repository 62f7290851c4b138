"""What attacks put into records behind the forms, to look for it afterwards."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Boolean, Date, Enum, Integer, String, inspect, text
from sqlalchemy.exc import DBAPIError

from backstay.db.types import Money
from backstay.resources import fields as kinds
from backstay.resources.forms import schema_of

if TYPE_CHECKING:
    from backstay.resources.declare import Resource
    from backstay.testing.attack.arena import Arena

MARKER: Final = """=<i data-owned>&amp;"'{{7*7}}"""
SHORT_MARKER: Final = "=<i data-owned>"
FREE_TEXT: Final = 100
"""Columns of at least this length hold what people write, whatever form it came through."""
_NUMBER: Final = 4711
_DAY: Final = date(1999, 9, 9)


def mark_everything(arena: Arena, resource: Resource) -> bool:
    """Write the marker into every text of some records, whatever forms would have let through."""
    names = {one.key for one in resource.search if getattr(one, "class_", None) is resource.model}
    for operation in (resource.create, resource.update):
        if operation is not None:
            fields = schema_of(operation.command).fields
            names |= {one.name for one in fields if isinstance(one.kind, kinds.TextField)}
    table = inspect(resource.model).local_table
    done = False
    for key in arena.ids(resource, arena.alpha):
        done = _mark(arena, resource.model, names, f"{table.name}.id = {key}") or done
    return done and any(
        column.name in names and not column.format and in_model(resource, column.value)
        for column in resource.columns
    )


def mark_others(arena: Arena) -> None:
    """The same in tables that have no pages of their own, such as an entry's lines."""
    with_pages = {one.model for one in arena.ground.resources}
    for part in arena.suite.parts:
        base: Any = part.base
        if base is None or part.plugin != arena.ground.plugin or part.plugin == "core":
            continue
        for mapper in base.registry.mappers:
            if mapper.class_ not in with_pages:
                _mark(arena, mapper.class_, set(), "1 = 1")


def _mark(arena: Arena, model: Any, names: set[str], where: str) -> bool:
    table = inspect(model).local_table
    values = {}
    for column in table.columns:
        kind = column.type
        if not isinstance(kind, String) or isinstance(kind, Enum) or column.foreign_keys:
            continue
        if column.name in model.__secret__ or column.name.endswith("hash"):
            continue
        length = kind.length or FREE_TEXT
        if column.name not in names and length < FREE_TEXT:
            continue
        if length >= len(SHORT_MARKER) and not column.unique:
            values[column.name] = MARKER if length >= len(MARKER) else SHORT_MARKER
    if not values:
        return False
    pairs = ", ".join(f"{name} = :{name}" for name in values)
    statement = f"UPDATE {table.name} SET {pairs} WHERE {where}"  # noqa: S608 - names of ours
    try:
        with arena.writing() as session:
            session.connection().execute(text(statement), values)
    except DBAPIError:
        return False  # frozen: it keeps what a form wrote
    return True


def in_model(resource: Resource, value: Any) -> bool:
    """Whether a column shows an attribute of the resource's own model."""
    return getattr(value, "class_", None) is resource.model


def row_of(arena: Arena, resource: Resource, key: int | None) -> dict[str, Any]:
    """The attributes of a record by name; nothing where there is no record."""
    if key is None:
        return {}
    with arena.reading() as session:
        record = session.get(resource.model, key)
        if record is None:
            return {}
        return {one.key: getattr(record, one.key) for one in inspect(resource.model).column_attrs}


def planted(  # noqa: PLR0911
    arena: Arena, name: str, column: Any, before: dict[str, Any]
) -> tuple[str, Any] | None:
    """What is sent to change a column, and what it would hold then; None where nothing fits."""
    if name == "company_id":
        return str(arena.beta.id), arena.beta.id
    match column.type:
        case Enum(enum_class=members) if members is not None:
            other = [one for one in members if one != before.get(name)][-1:]
            return (str(other[0].value), other[0]) if other else None
        case Boolean():
            flipped = not before.get(name, False)
            return ("1" if flipped else ""), flipped
        case Money():
            return f"{_NUMBER}.00", Decimal(_NUMBER)
        case Integer():
            return str(_NUMBER), _NUMBER
        case Date():
            return _DAY.isoformat(), _DAY
        case String():
            return "owned", "owned"
    return None
