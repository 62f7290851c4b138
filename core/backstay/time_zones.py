"""The places of the time zone database, for forms and for checking what a command names."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.resources.declare import Choice

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """Of all zones: the standard library reads a thousand files for them."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def _zones() -> tuple[Choice, ...]:
    places = sorted(zone for zone in _names() if "/" in zone and "Etc/" not in zone)
    return tuple(Choice(zone, zone.replace("_", " ")) for zone in ("UTC", *places))


def time_zone_choices(_session: Session) -> tuple[Choice, ...]:
    """UTC and all places, by name."""
    return _zones()


def checked_time_zone(name: str) -> str:
    """The name, if it is one of an IANA time zone.

    Raises:
        Invalid: it is not.
    """
    if name not in _names():
        raise Invalid(
            _("“%(name)s” is not a time zone: give a place such as Europe/Zurich.", name=name),
            field="time_zone",
        )
    return name
