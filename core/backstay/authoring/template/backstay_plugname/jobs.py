"""What is done in the background: a job may run twice, and leaves what one run leaves."""

from __future__ import annotations

from typing import Final

from backstay.spi import JobKind, JobRun
from backstay.spi import lazy as _
from backstay_plugname.models import Task
from backstay_plugname.services import COUNT_DAYS


def count_days(job: JobRun) -> None:
    """Note how many days a finished task took.

    Arguments:
        job: its argument ``id`` is the task's id.
    """
    task = job.session.get(Task, int(job.arguments["id"]))
    if task is not None and task.finished_on is not None:
        task.days = (task.finished_on - task.begun_on).days


JOBS: Final = (JobKind(COUNT_DAYS, _("Count the days that a task took"), count_days),)
