"""What an administrator may do about a job that failed or still waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from backstay.access.core_permissions import JOB_MANAGE
from backstay.audit.capture import Event, record_event
from backstay.clock import now
from backstay.db.context import authorize
from backstay.errors import Conflict, NotFound
from backstay.i18n import gettext as _
from backstay.jobs.models import IS_READY, Job, JobState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

RETRIED_FROM = (JobState.DEAD,)
CANCELLED_FROM = (JobState.READY, JobState.RUNNING, JobState.DEAD)
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

    A job in chunks goes on where its last committed chunk ended.

    Raises:
        Conflict: it is not dead, or the same work waits already as another job.
    """
    job = _job(session, command.id)
    if job.state not in RETRIED_FROM:
        raise Conflict(_("Only a job that was given up can be tried again."))
    if job.unique_key is not None and _waits(session, job):
        raise Conflict(_("The same job waits already: it was asked for again in the meantime."))
    # The attempt goes on counting: it is the fence against a run that might still be alive.
    job.attempts = job.attempt + _MORE_ATTEMPTS
    job.state = JobState.READY
    job.run_at = now()
    job.finished_at = None
    session.flush()
    _note(session, job, "retry")
    return job


def cancel_job(session: Session, command: CancelJob) -> Job:
    """Take a job off the list; one that runs is told at its next sign of progress.

    What it has not committed by now, it can't commit any more; chunks that it has committed stay.

    Raises:
        Conflict: it has ended.
    """
    job = _job(session, command.id)
    if job.state not in CANCELLED_FROM:
        raise Conflict(_("This job has ended: there is nothing to cancel."))
    job.state = JobState.CANCELLED
    job.finished_at = now()
    session.flush()
    _note(session, job, "cancel")
    return job


def cancel_jobs_of(session: Session, plugin: str) -> None:
    """Cancel what waits for a module that is uninstalled: it must not run years later."""
    session.execute(
        update(Job)
        .where(
            Job.kind.startswith(f"{plugin}.", autoescape=True),
            Job.state.in_((JobState.READY, JobState.DEAD)),
        )
        .values(state=JobState.CANCELLED, finished_at=now()),
        execution_options={"synchronize_session": False},
    )


def _waits(session: Session, job: Job) -> bool:
    same = (Job.kind == job.kind, Job.unique_key == job.unique_key, IS_READY)
    return session.scalar(select(Job.id).where(*same)) is not None


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
