"""What is done in the background: a job may run twice, and leaves what one run leaves."""

from __future__ import annotations

from typing import Final

from backstay.spi import JobKind, JobRun
from backstay.spi import lazy as _
from backstay_calendars.services.years import update_all

UPDATE: Final = "calendars.update_holidays"
"""Brings the public holidays of a company's calendars up to date."""


def update_holidays(job: JobRun) -> None:
    """Store the years that are due, and take over what changed of the days to come."""
    update_all(job.session)


JOBS: Final = (JobKind(UPDATE, _("Bring public holidays up to date"), update_holidays),)
