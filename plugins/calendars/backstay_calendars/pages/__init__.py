"""Pages that are not made from a resource: the year of a calendar, and when something is due."""

from __future__ import annotations

from typing import Final

# Imported for their routes.
from backstay_calendars.pages import due, year
from backstay_calendars.pages.blueprint import blueprint

__all__ = ["BLUEPRINTS", "due", "year"]

BLUEPRINTS: Final = (blueprint,)
