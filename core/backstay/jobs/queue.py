"""Asking for a job: a row in the transaction of the command, so that both happen or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, inspect
from sqlalchemy.dialects import postgresql, sqlite

from backstay.clock import now
from backstay.db.context import context_of
from backstay.errors import ConfigurationError
from backstay.jobs.models import IS_UNIQUE, Job, JobState
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
    unique: str = "",
) -> Job:
    """Add a job to the transaction; it runs after the commit, as the person who asked for it.

    Arguments:
        kind: the name of a JobKind that a running plugin (or core) declares.
        arguments: JSON values; keep them small and refer to rows by id.
        run_at: not before this instant; None means at once.
        unique: a key of up to 120 characters. While a job of this kind with this key waits in the
            company, that one is returned and no second one is made: its arguments and its person
            stay, it runs at the earlier of the two instants, and not before this commit. A job
            that runs already does not count, as it may have read what is now being changed.

    Raises:
        ConfigurationError: no running plugin declares the kind.
    """
    declared = suite_of(session).jobs.get(kind)
    if declared is None:
        message = f"no running plugin declares the job {kind}"
        raise ConfigurationError(message)
    context = context_of(session)
    company_id = context.company.id if context.company else None
    job = Job(
        kind=kind,
        arguments=arguments,
        queue=declared.queue,
        unique_key=f"{company_id or 0}/{unique}" if unique else None,
        run_at=run_at or now(),
        attempts=declared.attempts,
        created_at=now(),
        actor=context.actor.label,
        actor_id=context.actor.user_id,
        company_id=company_id,
        locale=context.locale,
        request_id=context.request_id,
    )
    if unique:
        return _join(session, job)
    session.add(job)
    session.flush()
    return job


def _join(session: Session, job: Job) -> Job:
    """Add the job, or join the one that waits: its row stays locked until this commit."""
    statement = _insert(session, job)
    sooner = case(
        (statement.excluded.run_at < Job.run_at, statement.excluded.run_at), else_=Job.run_at
    )
    joined = session.scalars(
        statement.on_conflict_do_update(
            index_elements=[Job.kind, Job.unique_key],
            index_where=IS_UNIQUE,
            set_={"run_at": sooner},
        ).returning(Job.id)
    ).one()
    return session.get_one(Job, joined, populate_existing=True)


def add_or_pass(session: Session, job: Job) -> int | None:
    """Add a job unless there is one already that is as good; returns its id, or None."""
    statement = _insert(session, job).on_conflict_do_nothing().returning(Job.id)
    return session.scalars(statement).one_or_none()


def _insert(session: Session, job: Job) -> sqlite.Insert | postgresql.Insert:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    given = {
        column.key: value
        for column in inspect(Job).column_attrs
        if (value := getattr(job, column.key)) is not None
    }
    return insert(Job).values(given)


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
