"""Cron text in a time zone, right on the days when the clock is put forward or back.

As on Debian: a job at a fixed hour runs once on each of its days (a time that the clock skips is
made up for when it goes on, a time that comes twice counts once); a job of every hour or minute
follows real time, with neither a gap nor a double.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from backstay.errors import Invalid
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS: Final = 5
_PLAIN: Final = re.compile(r"[0-5]?\d ([01]?\d|2[0-3]) (\*|[1-9]|1\d|2[0-8]) \* (\*|[0-6])")
"""A fixed time of every day, of a day that each month has, or of a day of the week."""
_MINUTE: Final = timedelta(minutes=1)


def check_cron(text: str) -> None:
    """Refuse a cron text that means nothing.

    Raises:
        Invalid: says what is wrong with it.
    """
    # Nearly every declared schedule is plain, and a web process that knows it does not need to load
    # the reader of all the others: 3 MiB.
    if _PLAIN.fullmatch(text):
        return
    from croniter import croniter

    if len(text.split()) != FIELDS or not croniter.is_valid(text, strict=True):
        raise Invalid(
            _(
                "“%(text)s” is no cron text. It has five fields (minute, hour, day of the month,"
                " month, day of the week), such as “30 2 * * 1-5”.",
                text=text,
            ),
            field="cron",
        )


def next_time(text: str, zone: str, after: datetime) -> datetime | None:
    """The first planned instant after another one, or None if there is none within years.

    Arguments:
        text: five fields of cron text.
        zone: IANA name of the zone whose clock counts.
    """
    try:
        follows_real_time = text.split()[1].startswith("*")
        return (_in_real_time if follows_real_time else _by_the_clock)(text, ZoneInfo(zone), after)
    except ValueError:  # croniter found none
        return None


def times(text: str, zone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """The planned instants after one instant, up to and with another."""
    at = next_time(text, zone, after)
    while at is not None and at <= until:
        yield at
        at = next_time(text, zone, at)


def _by_the_clock(text: str, zone: ZoneInfo, after: datetime) -> datetime:
    clock = after.astimezone(zone).replace(tzinfo=None, fold=0)
    while True:
        clock = _next(text, clock)
        at = _first_instant(clock, zone)
        if at > after:
            return at


def _first_instant(clock: datetime, zone: ZoneInfo) -> datetime:
    """When the clock shows this for the first time, or goes on after it was put past it."""
    at = clock.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == clock:
        return at
    # The clock skips this time. Read as before the change it lies after it, and the other way.
    return _change(zone, clock.replace(tzinfo=zone, fold=1).astimezone(UTC), at)


def _in_real_time(text: str, zone: ZoneInfo, after: datetime) -> datetime:
    """Count with the offset in force; where it changes, go on with the new one from there."""
    offset = _offset(zone, after)
    at = _counted(text, after, offset)
    while _offset(zone, at) != offset:
        change = _change(zone, after, at)
        after, offset = change - timedelta(microseconds=1), _offset(zone, change)
        at = _counted(text, after, offset)
    return at


def _counted(text: str, after: datetime, offset: timedelta) -> datetime:
    clock = (after.astimezone(UTC) + offset).replace(tzinfo=None)
    return (_next(text, clock) - offset).replace(tzinfo=UTC)


def _next(text: str, clock: datetime) -> datetime:
    from croniter import croniter

    found: datetime = croniter(text, clock).get_next(datetime)
    return found


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant between two others at which the zone's offset changes, to the minute."""
    before, after = before.replace(second=0, microsecond=0), after + _MINUTE
    old = _offset(zone, before)
    while after - before > _MINUTE:
        middle = before + ((after - before) // 2 // _MINUTE) * _MINUTE
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after.replace(second=0, microsecond=0)
