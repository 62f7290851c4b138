"""What an administrator may do about a job that failed or still waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backstay.access.core_permissions import JOB_MANAGE
from backstay.audit.capture import Event, record_event
from backstay.clock import now
from backstay.db.context import authorize
from backstay.errors import Conflict, NotFound
from backstay.i18n import gettext as _
from backstay.jobs.models import Job, JobState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

RETRIED_FROM = (JobState.DEAD,)
CANCELLED_FROM = (JobState.READY, JobState.DEAD)
_MORE_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class RetryJob:
    """Try a job again that was given up."""

    id: int


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Take a job off the list without running it."""

    id: int


def retry_job(session: Session, command: RetryJob) -> Job:
    """Let a dead job run again, as its user, with the permissions they have now.

    Raises:
        Conflict: it is not dead.
    """
    job = _job(session, command.id)
    if job.state not in RETRIED_FROM:
        raise Conflict(_("Only a job that was given up can be tried again."))
    # The attempt goes on counting: it is the fence against a run that might still be alive.
    job.attempts = job.attempt + _MORE_ATTEMPTS
    job.state = JobState.READY
    job.run_at = now()
    job.pushed_until = None
    job.finished_at = None
    session.flush()
    _note(session, job, "retry")
    return job


def cancel_job(session: Session, command: CancelJob) -> Job:
    """Take a job that waits or was given up off the list.

    Raises:
        Conflict: it is running or has ended.
    """
    job = _job(session, command.id)
    if job.state not in CANCELLED_FROM:
        raise Conflict(_("Only a job that waits or was given up can be cancelled."))
    job.state = JobState.CANCELLED
    job.finished_at = now()
    session.flush()
    _note(session, job, "cancel")
    return job


def _job(session: Session, job_id: int) -> Job:
    authorize(session, JOB_MANAGE)
    job = session.get(Job, job_id, with_for_update=True)
    if job is None:
        raise NotFound(_("There is no such job."))
    return job


def _note(session: Session, job: Job, action: str) -> None:
    record_event(
        session,
        Event(action, "core_job", str(job.id), job.kind, company_id=job.company_id),
    )
