"""What the job area declares for core's own part."""

from __future__ import annotations

from backstay.jobs.housekeeping import JOBS, SCHEDULES
from backstay.jobs.resources import JOBS as JOB_LIST
from backstay.jobs.resources import PAGES

RESOURCES = (JOB_LIST,)

__all__ = ["JOBS", "PAGES", "RESOURCES", "SCHEDULES"]
