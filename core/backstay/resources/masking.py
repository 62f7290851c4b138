"""Which values a reader may not know, whatever asks: a column, a filter, a sort key, a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import InstrumentedAttribute

if TYPE_CHECKING:
    from backstay.resources.declare import Resource
    from backstay.resources.serialize import Reader


def same(one: object, other: object) -> bool:
    """Whether two expressions are the same model attribute."""
    return (
        isinstance(one, InstrumentedAttribute)
        and isinstance(other, InstrumentedAttribute)
        and one.key == other.key
        and one.class_ is other.class_
    )


def masked(resource: Resource, expression: object, reader: Reader) -> bool:
    """Whether the reader may not know the values of an expression."""
    for column in resource.columns:
        if not reader.may_read(column.group) and (
            column.value is expression or same(column.value, expression)
        ):
            return True
    if isinstance(expression, InstrumentedAttribute):
        group = getattr(expression.class_, "__field_groups__", {}).get(expression.key)
        return group is not None and not reader.may_read_named(group)
    return False
