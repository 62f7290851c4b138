"""The database-independent form of a row, and its hash.

The hash covers the sorted pairs of column name and value of all columns that are not null, so a
nullable column that is added later falsifies no older hash.
"""

from __future__ import annotations

import enum
import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import inspect

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK: Final = "•••"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def canonical(value: object) -> Any:  # noqa: PLR0911 - one line a type
    """A JSON value that is the same whichever database the row came from."""
    match value:
        case None | bool() | int() | str():
            return value
        case enum.Enum():
            return str(value.value)
        case Decimal():
            # Plain notation without trailing zeros: 5.00 and 5 are the same amount.
            text = format(value.normalize(), "f")
            return "0" if text == "-0" else text
        case datetime():
            return (value - _EPOCH) // timedelta(microseconds=1)
        case date():
            return value.isoformat()
        case dict():
            return {str(key): canonical(item) for key, item in value.items()}
        case list() | tuple():
            return [canonical(item) for item in value]
    message = f"no canonical form for {type(value).__name__}"
    raise TypeError(message)


def row_hash(pairs: Iterable[tuple[str, object]]) -> str:
    """sha256 (hexadecimal) over the sorted non-null pairs of name and canonical value."""
    present = sorted((name, canonical(value)) for name, value in pairs if value is not None)
    return hashlib.sha256(
        json.dumps(present, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def hash_of(row: object) -> str:
    """The hash of a mapped row as it stands in memory."""
    state = inspect(row, raiseerr=True)
    return row_hash((key, getattr(row, key)) for key in state.mapper.column_attrs.keys())  # noqa: SIM118
