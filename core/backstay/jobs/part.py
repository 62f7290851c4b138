"""What the job area declares for core's own part."""

from __future__ import annotations

from backstay.jobs.housekeeping import JOBS, SCHEDULES
from backstay.jobs.resources import JOBS as JOB_LIST
from backstay.jobs.resources import PAGES as JOB_PAGES
from backstay.jobs.schedule_resource import PAGES as SCHEDULE_PAGES
from backstay.jobs.schedule_resource import SCHEDULES_RESOURCE

RESOURCES = (JOB_LIST, SCHEDULES_RESOURCE)
PAGES = (*JOB_PAGES, *SCHEDULE_PAGES)

__all__ = ["JOBS", "PAGES", "RESOURCES", "SCHEDULES"]
