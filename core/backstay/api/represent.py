"""Records as the API shows them: the columns of the list, and the fields that may be changed.

What the caller may not read is left out, not masked: a program would take the mask for a value.
"""

from __future__ import annotations

import dataclasses
import enum
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Boolean, Date, Integer, String

from backstay.api.formats import DATE_SCHEMA, ID_SCHEMA, MONEY_SCHEMA
from backstay.db.types import Id, Instant, Money
from backstay.i18n import gettext as _
from backstay.resources import fields as kinds
from backstay.resources.declare import Kind
from backstay.resources.formats import instant_iso, plain_money
from backstay.resources.forms import schema_of
from backstay.resources.serialize import raw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from backstay.lists.query import ResourceQuery
    from backstay.resources.declare import Column, Operation, Resource
    from backstay.resources.serialize import Reader


def update_of(resource: Resource) -> Operation | None:
    """How a record is changed through the API."""
    if resource.api is not None and resource.api.update is not None:
        return resource.api.update
    return None if resource.edit_endpoint else resource.update


def create_of(resource: Resource) -> Operation | None:
    """How a record is made through the API."""
    if resource.api is not None and resource.api.create is not None:
        return resource.api.create
    return None if resource.create_endpoint else resource.create


def versioned(resource: Resource) -> bool:
    """Whether its records count their changes."""
    return hasattr(resource.model, "version")


def current_values(operation: Operation, session: Session, record: Any) -> dict[str, Any]:
    """The values of a command's fields as the record has them."""
    if operation.initial is not None:
        return operation.initial(session, record)
    return {
        one.name: getattr(record, one.name)
        for one in schema_of(operation.command).fields
        if hasattr(record, one.name)
    }


def row_json(
    resource: Resource, row: Sequence[Any], index: Mapping[str, int], reader: Reader
) -> dict[str, Any]:
    """A row of a list."""
    shown: dict[str, Any] = {"id": str(row[0])}
    for column in resource.columns:
        if column.name in index and column.name != "id":
            shown[column.name] = column_value(column, row[index[column.name]], reader)
    return shown


def record_json(
    query: ResourceQuery, session: Session, record: Any, reader: Reader
) -> dict[str, Any]:
    """A record with all its columns and what may be changed in it."""
    resource = query.resource
    values = query.values(session, record.id, reader)
    shown: dict[str, Any] = {"id": str(record.id)}
    for column in resource.columns:
        if column.name != "id" and column.name in values and reader.may_read(column.group):
            shown[column.name] = column_value(column, values[column.name], reader)
    operation = update_of(resource)
    if operation is not None:
        current = current_values(operation, session, record)
        groups = resource.model.__field_groups__
        for one in schema_of(operation.command).fields:
            hidden = isinstance(one.kind, (kinds.SecretField, kinds.FileField))
            if hidden or one.name not in current or one.name in shown:
                continue
            named = groups.get(one.name)
            if reader.may_read(one.kind.group) and (not named or reader.may_read_named(named)):
                shown[one.name] = field_value(one.kind, current[one.name], reader)
    if versioned(resource):
        shown["version"] = record.version
    return shown


def column_value(column: Column, value: Any, reader: Reader) -> Any:  # noqa: PLR0911
    """A column's value: exact, the same in every locale."""
    match value:
        case None | bool():
            return value
        case Decimal() if column.kind is Kind.MONEY:
            return plain_money(value, reader.minor_units)
        case Decimal():
            return f"{value.normalize() + 0:f}"
        case datetime():
            return instant_iso(value)
        case date():
            return value.isoformat()
        case enum.Enum():
            return value.value
        case int():
            return str(value) if _is_id(column) else value
        case dict() | list():
            return value
    return raw(value)


def _is_id(column: Column) -> bool:
    type_ = getattr(column.value, "type", None)
    return type_ is Id or (isinstance(type_, BigInteger) and column.kind is not Kind.NUMBER)


def column_schema(column: Column) -> dict[str, Any]:
    """The JSON schema of a column; every value may be missing."""
    type_ = getattr(column.value, "type", None)
    schema: dict[str, Any]
    if column.kind is Kind.MONEY or isinstance(type_, Money):
        schema = dict(MONEY_SCHEMA)
    elif isinstance(type_, Instant):
        schema = {"type": "string", "format": "date-time"}
    elif isinstance(type_, Date):
        schema = dict(DATE_SCHEMA)
    elif isinstance(type_, Boolean) or column.kind is Kind.BOOL:
        schema = {"type": "boolean"}
    elif _is_id(column):
        schema = dict(ID_SCHEMA)
    elif isinstance(type_, Integer):
        schema = {"type": "integer"}
    elif column.choices:
        schema = {"type": "string", "enum": [one.value for one in column.choices]}
    elif isinstance(type_, String):
        schema = {"type": "string"}
    else:
        schema = {}
    return {
        "title": str(column.label),
        **({"anyOf": [schema, {"type": "null"}]} if schema else {}),
    }


def record_schema(resource: Resource) -> dict[str, Any]:
    """The JSON schema of a record; what the caller may not read is left out of it."""
    properties: dict[str, Any] = {
        "id": {**ID_SCHEMA, "description": _("Stays the same for ever; stands in addresses.")}
    }
    for column in resource.columns:
        if column.name != "id":
            properties[column.name] = column_schema(column)
    operation = update_of(resource)
    if operation is not None:
        for one in schema_of(operation.command).fields:
            if not isinstance(one.kind, (kinds.SecretField, kinds.FileField)):
                properties.setdefault(one.name, field_schema(one.kind))
    if versioned(resource):
        properties["version"] = {
            "type": "integer",
            "description": _("Counts its changes; the ETag is made of it."),
        }
    return {"type": "object", "title": str(resource.label), "properties": properties}


def field_value(kind: kinds.FieldKind, value: Any, reader: Reader) -> Any:  # noqa: PLR0911
    """A command's value as the API writes it: what may be sent back unchanged."""
    if value is None:
        return None
    match kind:
        case kinds.MoneyField():
            units = 0 if kind.any_currency else reader.minor_units
            return plain_money(value, units)
        case kinds.DateField():
            return value.isoformat()
        case kinds.NumberField() | kinds.BoolField():
            return value
        case kinds.ChoicesField():
            return [raw(one) for one in value]
        case kinds.LinesField():
            parts = [(one.name, one.kind) for one in schema_of(kind.line).fields]
            return [
                {name: field_value(part, getattr(line, name), reader) for name, part in parts}
                for line in value
            ]
    return raw(value)


def field_schema(kind: kinds.FieldKind) -> dict[str, Any]:
    """The JSON schema of what :func:`field_value` writes; every value may be missing."""
    schema: dict[str, Any]
    match kind:
        case kinds.MoneyField():
            schema = dict(MONEY_SCHEMA)
        case kinds.DateField():
            schema = dict(DATE_SCHEMA)
        case kinds.NumberField():
            schema = {"type": "integer"}
        case kinds.BoolField():
            schema = {"type": "boolean"}
        case kinds.ChoicesField():
            schema = {"type": "array", "items": {"type": "string"}}
        case kinds.LinesField():
            parts = {one.name: field_schema(one.kind) for one in schema_of(kind.line).fields}
            schema = {"type": "array", "items": {"type": "object", "properties": parts}}
        case _:
            schema = {"type": "string"}
    return {"title": str(kind.label), "anyOf": [schema, {"type": "null"}]}


def result_value(value: Any) -> Any:  # noqa: PLR0911
    """A value of a service's result by its type: ids are texts there too."""
    match value:
        case None | bool() | str():
            return value
        case enum.Enum():
            return value.value
        case int():
            return str(value) if abs(value) > 2**31 else value
        case Decimal():
            return str(value)
        case tuple() | list():
            return [result_value(one) for one in value]
    if dataclasses.is_dataclass(value):
        return {
            one.name: str(found) if one.name == "id" else result_value(found)
            for one in dataclasses.fields(value)
            for found in (getattr(value, one.name),)
        }
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
