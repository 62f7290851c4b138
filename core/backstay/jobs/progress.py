"""What is said to those who wait for a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.clock import now
from backstay.i18n import gettext as _
from backstay.jobs.models import JobState

if TYPE_CHECKING:
    from backstay.jobs.models import Job

ENDED: Final = frozenset({JobState.DEAD, JobState.CANCELLED})
"""States in which nothing more will come."""
_SLOW_SECONDS: Final = 15


def progress_text(job: Job | None) -> str:
    """How far a job is, or why it has not begun."""
    if job is None or job.state is JobState.RUNNING:
        return job.progress_text if job else ""
    if job.error:
        return _("It failed and will be tried again: %(error)s", error=job.error)
    if (now() - job.run_at).total_seconds() > _SLOW_SECONDS:
        return _("Waiting. If this lasts, the job runner is not running: tell an administrator.")
    return _("Waiting for its turn")
