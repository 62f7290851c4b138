"""The one place that asks what time it is, so that tests can hold the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def today(zone: str = "UTC") -> date:
    """The business date in a time zone given by its IANA name."""
    return now().astimezone(ZoneInfo(zone)).date()
