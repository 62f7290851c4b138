"""Running one job: effect and “done” are one commit, and only while the claim holds."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from backstay.clock import now
from backstay.db.database import Database
from backstay.errors import BackstayError, Unavailable
from backstay.i18n import use_locale
from backstay.jobs.actor import context_for
from backstay.jobs.declare import JobKind, JobRun
from backstay.jobs.lease import (
    LEASE,
    Claim,
    Heartbeat,
    LeaseLost,
    claim_next,
    claim_one,
    hold,
    tell,
)
from backstay.jobs.models import JobQueue, JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sqlalchemy.orm import Session

    from backstay.db.context import Context
    from backstay.kernel.suite import Suite

_log = logging.getLogger(__name__)
_FIRST_WAIT: Final = timedelta(seconds=5)
_LONGEST_WAIT: Final = timedelta(minutes=10)
_ERROR_LENGTH: Final = 2000
_TEXT_LENGTH: Final = 200


def execute_next(
    database: Database,
    suite_provider: Callable[[], Suite],
    *,
    queues: Collection[JobQueue] = tuple(JobQueue),
    lease: timedelta = LEASE,
) -> bool:
    """Run the next job that is due; False when there is none.

    Jobs of plugins that do not run wait until they do. A job that fails is tried again later, each
    time after a longer wait, and given up as dead after its last attempt; a refusal (the person may
    not, the values are wrong) is given up at once, because it would be the same again.

    Arguments:
        queues: the classes of urgency that this process serves.
    """
    suite = suite_provider()
    claim = claim_next(database, suite.jobs, queues=queues, lease=lease)
    return _execute(database, suite, claim, lease)


def execute_job(
    database: Database,
    suite_provider: Callable[[], Suite],
    job_id: int,
    *,
    lease: timedelta = LEASE,
) -> bool:
    """Run this very job as :func:`execute_next` would, for a process that was told of it.

    Returns:
        False when it is not to be run now: it has ended, is not due, its plugin does not run, or
        another process has it.
    """
    suite = suite_provider()
    claim = claim_one(database, suite.jobs, job_id, lease=lease)
    return _execute(database, suite, claim, lease)


def _execute(database: Database, suite: Suite, claim: Claim | None, lease: timedelta) -> bool:
    if claim is None:
        return False
    try:
        with Heartbeat(database, claim, lease=lease, every=lease / 3):
            _run(database, suite, suite.jobs[claim.kind], claim)
    except LeaseLost as lost:
        _log.warning("%s; its effect was not kept", lost)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises, the runner goes on
        _fail(database, claim, error)
    return True


def _run(database: Database, suite: Suite, kind: JobKind, claim: Claim) -> None:
    use_locale(claim.locale)
    context = context_for(database, suite, claim)
    session = database.open(context, suite, write=True)
    try:
        kind.run(
            JobRun(
                session=session,
                arguments=claim.arguments,
                read=lambda: database.read(context, suite),
                transaction=lambda: _step(database, context, suite, claim),
                progress=lambda done, total, text: _progress(database, claim, done, total, text),
            )
        )
        session.flush()
        hold(
            session,
            claim,
            state=JobState.DONE,
            finished_at=now(),
            lease_until=None,
            error="",
        )
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()


@contextmanager
def _step(database: Database, context: Context, suite: Suite, claim: Claim) -> Iterator[Session]:
    """A step of a long job; the claim is checked last, so that progress can be told within."""
    with database.write(context, suite) as session:
        yield session
        session.flush()
        hold(session, claim, lease_until=now() + LEASE)


def _progress(database: Database, claim: Claim, done: int, total: int, text: str) -> None:
    """Tell how far it is, and stop a run whose job was cancelled or taken over."""
    holds = tell(
        database,
        claim,
        progress_done=done,
        progress_total=total,
        progress_text=text[:_TEXT_LENGTH],
    )
    if holds is False:
        raise LeaseLost.of(claim)


def _fail(database: Database, claim: Claim, error: Exception) -> None:
    final = isinstance(error, BackstayError) and not isinstance(error, Unavailable)
    if final:
        _log.warning("job %s (%s) was refused: %s", claim.id, claim.kind, error)
        said = str(error)
    else:
        _log.exception("job %s (%s) failed", claim.id, claim.kind, exc_info=error)
        said = f"{type(error).__name__}: {error}"
    values: dict[str, object] = {
        "error": said[:_ERROR_LENGTH],
        "lease_until": None,
        "pushed_until": None,
    }
    if final or claim.attempt >= claim.attempts:
        values |= {"state": JobState.DEAD, "finished_at": now()}
    else:
        values |= {"state": JobState.READY, "run_at": now() + wait_after(claim.attempt)}
    with database.engine.begin() as connection:
        if connection.execute(claim.change(**values)).rowcount != 1:
            _log.warning("job %s was taken over; its failure is not noted", claim.id)


def wait_after(attempt: int) -> timedelta:
    """How long a job rests after an attempt that failed: 5 s, then four times as long each time."""
    times: int = 4 ** (attempt - 1)
    return min(_FIRST_WAIT * times, _LONGEST_WAIT)
