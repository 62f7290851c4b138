"""What the file store declares for core's own part."""

from __future__ import annotations

from backstay.files.jobs import JOBS, SCHEDULES
from backstay.files.views import blueprint

BLUEPRINTS = (blueprint,)

__all__ = ["BLUEPRINTS", "JOBS", "SCHEDULES"]
