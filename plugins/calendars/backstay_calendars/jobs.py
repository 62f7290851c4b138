"""What is done in the background: a job may run twice, and leaves what one run leaves."""

from __future__ import annotations

from typing import Final

from backstay.spi import JobKind, JobRun, Schedule
from backstay.spi import lazy as _
from backstay_calendars.services.years import update_all

UPDATE: Final = "calendars.update_holidays"
"""Brings the public holidays of calendars up to date."""


def update_holidays(job: JobRun) -> None:
    """Store the years that are due, and take over what changed of the days to come.

    Of one company where the job was asked for in it; of all where the schedule asks.
    """
    update_all(job.session)


JOBS: Final = (JobKind(UPDATE, _("Bring public holidays up to date"), update_holidays),)

SCHEDULES: Final = (
    # Laws change at any time, and the library follows monthly.
    Schedule(
        "calendars.holidays",
        _("Bring public holidays up to date"),
        UPDATE,
        "40 2 1 * *",
    ),
)
