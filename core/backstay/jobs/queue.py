"""Asking for a job: a row in the transaction of the command, so that both happen or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from backstay.clock import now
from backstay.db.context import context_of
from backstay.errors import ConfigurationError
from backstay.jobs.models import Job, JobState
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

UNDER_WAY: Final = (JobState.READY, JobState.RUNNING)


def enqueue(
    session: Session,
    kind: str,
    arguments: dict[str, Any],
    *,
    run_at: datetime | None = None,
) -> Job:
    """Add a job to the transaction; it runs after the commit, as the person who asked for it.

    Arguments:
        kind: the name of a JobKind that a running plugin (or core) declares.
        arguments: JSON values; keep them small and refer to rows by id.
        run_at: not before this instant; None means at once.

    Raises:
        ConfigurationError: no running plugin declares the kind.
    """
    declared = suite_of(session).jobs.get(kind)
    if declared is None:
        message = f"no running plugin declares the job {kind}"
        raise ConfigurationError(message)
    context = context_of(session)
    job = Job(
        kind=kind,
        arguments=arguments,
        queue=declared.queue,
        run_at=run_at or now(),
        attempts=declared.attempts,
        created_at=now(),
        actor=context.actor.label,
        actor_id=context.actor.user_id,
        company_id=context.company.id if context.company else None,
        locale=context.locale,
        request_id=context.request_id,
    )
    session.add(job)
    session.flush()
    return job


def withdraw(session: Session, job_id: int | None) -> JobState | None:
    """Take back a job that waits or runs; returns which of them it did, or None if neither.

    A job that runs loses its claim, so that the database refuses all it has not committed yet.
    """
    job = session.get(Job, job_id, with_for_update=True) if job_id is not None else None
    if job is None or job.state not in UNDER_WAY:
        return None
    before = job.state
    job.state, job.finished_at = JobState.CANCELLED, now()
    session.flush()
    return before
