"""Column types that are exact on both databases.

SQLite keeps NUMERIC as a binary float, so money and instants are stored as 64-bit integers there
and on PostgreSQL alike: the same row has the same canonical value on either.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Integer
from sqlalchemy.types import TypeDecorator, TypeEngine

SCALE: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LIMIT: Final = 2**63

Id: Final[TypeEngine[int]] = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit id; on SQLite an INTEGER, so that it is the row's own key."""


class Money(TypeDecorator[Decimal]):
    """An amount as an integer of ten-thousandths: exact to four decimals, up to 9.2e14."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, _dialect: Dialect) -> int | None:
        """Refuse floats and a fifth decimal instead of rounding them."""
        if value is None:
            return None
        return to_units(value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Decimal | None:
        """Back to a Decimal (a sum of BIGINTs arrives as a Decimal on PostgreSQL)."""
        return None if value is None else from_units(int(value))


def to_units(amount: Decimal) -> int:
    """Ten-thousandths of an amount.

    Raises:
        ValueError: it has more than four decimals, or does not fit 64 bits.
        TypeError: it is a float.
    """
    if isinstance(amount, float):
        message = "money is a Decimal, never a float"
        raise TypeError(message)
    scaled = Decimal(amount) * SCALE
    units = int(scaled)
    if units != scaled:
        message = f"{amount} has more than four decimals"
        raise ValueError(message)
    if not -_LIMIT <= units < _LIMIT:
        message = f"{amount} is too large"
        raise ValueError(message)
    return units


def from_units(units: int) -> Decimal:
    """The amount that so many ten-thousandths are."""
    return Decimal(units).scaleb(-4)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant as microseconds since 1970, identical on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Refuse naive datetimes: nobody knows which instant they mean."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "an instant needs a time zone"
            raise ValueError(message)
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        """Back to an aware datetime in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=int(value))
