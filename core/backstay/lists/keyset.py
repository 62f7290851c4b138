"""A place in a sorted list as a condition, so that its thousandth page costs what the first does.

The keys of a list are its sort columns and the id, which breaks ties; what lies beyond a place is
told by comparing them, never by counting rows off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, literal, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from backstay.lists.cursor import Cursor, binding, decode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement

    from backstay.lists.filters import ListState, Order
    from backstay.resources.declare import Column, Resource
    from backstay.resources.serialize import Reader


@dataclass(frozen=True, slots=True)
class Key:
    """One sort key: the expression, its direction, and whether it may be null."""

    expression: Any
    descending: bool
    nullable: bool

    @property
    def ordered(self) -> Any:
        """What the list is ordered by."""
        return self.expression.desc() if self.descending else self.expression


def keys_of(resource: Resource, ordered: Sequence[Order]) -> tuple[Key, ...]:
    """The keys of a list in an order, the id last."""
    keys = [
        Key(one.column.value, one.descending, _nullable(resource, one.column)) for one in ordered
    ]
    # The id follows the first key, so that one index serves both directions.
    descending = keys[0].descending if keys else True
    return (*keys, Key(resource.model.id, descending, nullable=False))


def _nullable(resource: Resource, column: Column) -> bool:
    value = column.value
    if not isinstance(value, InstrumentedAttribute) or value.class_ is not resource.model:
        return True  # a joined or computed value may be missing
    return bool(getattr(value.property.columns[0], "nullable", True))


def binding_of(
    resource: Resource, state: ListState, reader: Reader, ordered: Sequence[Order]
) -> str:
    """What the marks of a list are bound to: company, search, filters and order."""
    company = reader.context.company
    return binding(
        resource.name,
        "" if company is None else company.code,
        *(f"{name}={value}" for name, value in sorted(state.narrowing().items())),
        *(f"{one.column.name}{'-' if one.descending else ''}" for one in ordered),
    )


def place_of(arguments: Mapping[str, str], keys: Sequence[Key], bound_to: str) -> Cursor | None:
    """The place that “after” or “before” in the URL names; None for the first page.

    Raises:
        Malformed: the mark belongs to another list, filter or order.
    """
    for name in ("after", "before"):
        mark = arguments.get(name, "")
        if mark:
            return decode(mark, bound_to, [key.expression.type for key in keys], name)
    return None


def beyond(
    keys: Sequence[Key], values: tuple[Any, ...], *, backwards: bool, nulls_high: bool
) -> ColumnElement[bool]:
    """The condition for the rows beyond a place, in reading direction or against it."""
    upwards = [key.descending == backwards for key in keys]
    if len(set(upwards)) == 1 and not any(key.nullable for key in keys):
        # One row comparison, which both databases answer from an index.
        place = tuple_(
            *(literal(value, key.expression.type) for key, value in zip(keys, values, strict=True))
        )
        row = tuple_(*(key.expression for key in keys))
        return row > place if upwards[0] else row < place
    alternatives = []
    for position, (key, value) in enumerate(zip(keys, values, strict=True)):
        beyond = _past(key, value, upwards=upwards[position], nulls_high=nulls_high)
        level = [
            _level(former, at)
            for former, at in zip(keys[:position], values[:position], strict=True)
        ]
        alternatives.append(and_(*level, beyond))
    return or_(*alternatives)


def _level(key: Key, value: Any) -> ColumnElement[bool]:
    if value is None:
        return key.expression.is_(None)  # type: ignore[no-any-return]
    return key.expression == literal(value, key.expression.type)  # type: ignore[no-any-return]


def _past(key: Key, value: Any, *, upwards: bool, nulls_high: bool) -> ColumnElement[bool]:
    """One key's share of :func:`beyond`. PostgreSQL sorts nulls last, SQLite first."""
    nulls_beyond = upwards == nulls_high
    if value is None:
        return false() if nulls_beyond else key.expression.is_not(None)
    at = literal(value, key.expression.type)
    past: ColumnElement[bool] = key.expression > at if upwards else key.expression < at
    if key.nullable and nulls_beyond:
        return or_(past, key.expression.is_(None))
    return past
