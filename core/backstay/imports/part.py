"""What the import area declares for core's own part."""

from __future__ import annotations

from backstay.imports.jobs import JOBS
from backstay.imports.layout import blueprint
from backstay.imports.resources import IMPORTS, PAGES

RESOURCES = (IMPORTS,)
BLUEPRINTS = (blueprint,)

__all__ = ["BLUEPRINTS", "JOBS", "PAGES", "RESOURCES"]
