"""Opaque marks of a place in a list, from which the next or the previous page starts.

A mark holds the sort values of a row and the id that breaks ties, and is bound to the list, its
filters and its order: used with others it is refused, because it would silently skip rows.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, NoReturn

from backstay.db.types import Instant, Money, from_units, to_units
from backstay.errors import Malformed
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.types import TypeEngine

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list.

    Arguments:
        values: the row's sort values, the id last.
        backwards: True for the rows before it.
        count: how many rows the list had when it was opened (capped), so that it is counted once.
        more: there were more than that.
    """

    values: tuple[Any, ...]
    backwards: bool
    count: int
    more: bool = False


def binding(*parts: str) -> str:
    """What a mark is bound to: a digest of the list's name, company, filters and order."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]


def encode(cursor: Cursor, bound_to: str) -> str:
    """The mark as it stands in the URL."""
    payload = [
        bound_to,
        int(cursor.backwards),
        -cursor.count if cursor.more else cursor.count,
        [_plain(value) for value in cursor.values],
    ]
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(mark: str, bound_to: str, types: Sequence[TypeEngine[Any]], name: str) -> Cursor:
    """Read a mark back.

    Arguments:
        types: the SQL types of the sort expressions, the id last.
        name: of the parameter that holds the mark.

    Raises:
        Malformed: it was altered, or belongs to another list, filter or order.
    """
    if len(mark) > _LONGEST:
        _refuse(name)
    try:
        padded = mark + "=" * (-len(mark) % 4)
        payload = json.loads(base64.b64decode(padded.encode("ascii"), b"-_", validate=True))
        bound, backwards, count, values = payload
        if bound != bound_to or not isinstance(values, list) or type(count) is not int:
            _refuse(name)
        read = tuple(_typed(value, type_) for value, type_ in zip(values, types, strict=True))
        return Cursor(read, bool(backwards), abs(count), count < 0)
    except (ValueError, TypeError, KeyError, OverflowError, InvalidOperation, RecursionError):
        _refuse(name)


def _refuse(name: str) -> NoReturn:
    raise Malformed(
        _("This page mark belongs to another list or filter. Open the list's first page again."),
        field=name,
    )


def _plain(value: object) -> str | int | None:  # noqa: PLR0911
    match value:
        case None | bool():
            return value if value is None else int(value)
        case enum.Enum():
            return str(value.value)
        case Decimal():
            return str(value)
        case datetime():
            return (value - _EPOCH) // _MICROSECOND
        case date():
            return value.isoformat()
        case int():
            return value
    return str(value)


def _typed(value: Any, type_: TypeEngine[Any]) -> Any:  # noqa: PLR0911
    """The Python value of a sort column's type; anything else than was written is refused."""
    if value is None:
        return None
    enum_class = getattr(type_, "enum_class", None)
    if enum_class is not None:
        return enum_class(value)
    if isinstance(type_, Money):
        return from_units(to_units(Decimal(value)))
    if isinstance(type_, Instant):
        return _EPOCH + timedelta(microseconds=int(value))
    python = type_.python_type
    if issubclass(python, bool):
        return bool(value)
    if issubclass(python, date):
        return date.fromisoformat(value)
    if issubclass(python, int):
        if type(value) is not int or not -(2**63) <= value < 2**63:
            raise ValueError(value)
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError(value)
    return value
