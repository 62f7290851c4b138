"""From the clock on the wall to instants, where summer time skips hours or repeats them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SECOND: Final = timedelta(seconds=1)


def instant_at(zone: ZoneInfo, day: date, minutes: int) -> datetime:
    """The instant at which the clock of a zone shows a time of day, in UTC.

    A time that is skipped is the instant of the jump, and one that is shown twice is the first.
    So later times are never earlier instants, and spans that touch never overlap.

    Arguments:
        minutes: since midnight, up to 1440, which is the next midnight.
    """
    shown = datetime.combine(day, time()) + timedelta(minutes=minutes)
    first = shown.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == shown:
        return first
    # In a gap, fold 0 reckons with the offset before the jump, and so comes out after it.
    return _jump(zone, shown.replace(tzinfo=zone, fold=1).astimezone(UTC), first)


def _jump(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant between two at which the zone changes its offset, to the second."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
