"""Running one job: effect and “done” are one commit, and only while the claim holds."""

from __future__ import annotations

import logging
import traceback
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import IntegrityError

from backstay.clock import now
from backstay.db.database import Database
from backstay.errors import BackstayError, Unavailable
from backstay.i18n import use_locale
from backstay.jobs.actor import context_for
from backstay.jobs.declare import Chunk, JobKind, JobRun
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
_QUADRUPLED: Final = 12
_ERROR_LENGTH: Final = 2000
_TRACE_LENGTH: Final = 20_000
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
    attempt = _Attempt(database, suite, suite.jobs[claim.kind], claim, lease)
    try:
        with Heartbeat(database, claim, lease=lease, every=lease / 3):
            attempt.run()
    except LeaseLost as lost:
        _log.warning("%s; its effect was not kept", lost)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises, the runner goes on
        _fail(database, claim, attempt.attempts, error)
    return True


class _Attempt:
    """One run of a job, from the claim to the commit that says done."""

    def __init__(
        self, database: Database, suite: Suite, kind: JobKind, claim: Claim, lease: timedelta
    ) -> None:
        self._database = database
        self._suite = suite
        self._kind = kind
        self._claim = claim
        self._lease = lease
        self._cursor = claim.cursor
        self.attempts = claim.attempts
        """After which attempt the job is given up; later when a chunk was committed."""

    def run(self) -> None:
        """Call the job's function and commit its effect together with “done”."""
        use_locale(self._claim.locale)
        context = context_for(self._database, self._suite, self._claim)
        session = self._database.open(context, self._suite, write=True)
        try:
            self._kind.run(
                JobRun(
                    id=self._claim.id,
                    session=session,
                    arguments=self._claim.arguments,
                    read=lambda: self._database.read(context, self._suite),
                    transaction=lambda: self._step(context),
                    progress=lambda done, total, text: _progress(
                        self._database, self._claim, done, total, text
                    ),
                    chunk=lambda: self._chunk(context),
                )
            )
            session.flush()
            hold(
                session,
                self._claim,
                state=JobState.DONE,
                finished_at=now(),
                lease_until=None,
                error="",
                trace=None,
            )
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()

    @contextmanager
    def _step(self, context: Context) -> Iterator[Session]:
        """A step of a long job; the claim is checked last, so progress can be told within."""
        with self._database.write(context, self._suite) as session:
            yield session
            session.flush()
            hold(session, self._claim, lease_until=now() + self._lease)

    @contextmanager
    def _chunk(self, context: Context) -> Iterator[Chunk]:
        """A step that says how far the job has come."""
        with self._database.write(context, self._suite) as session:
            chunk = Chunk(session, dict(self._cursor))
            yield chunk
            session.flush()
            attempts = self.attempts
            if chunk.cursor != self._cursor:
                attempts = self._claim.attempt - 1 + self._kind.attempts
            hold(
                session,
                self._claim,
                lease_until=now() + self._lease,
                cursor=chunk.cursor,
                attempts=attempts,
            )
        self._cursor, self.attempts = dict(chunk.cursor), attempts


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


def _fail(database: Database, claim: Claim, attempts: int, error: Exception) -> None:
    final = isinstance(error, BackstayError) and not isinstance(error, Unavailable)
    values: dict[str, object] = {"lease_until": None}
    if final:
        _log.warning("job %s (%s) was refused: %s", claim.id, claim.kind, error)
        said = str(error)
        values |= {"trace": None}
    else:
        _log.exception("job %s (%s) failed", claim.id, claim.kind, exc_info=error)
        said = f"{type(error).__name__}: {error}"
        values |= {"trace": _trace(error)}
    values |= {"error": said[:_ERROR_LENGTH]}
    if final or claim.attempt >= attempts:
        values |= {"state": JobState.DEAD, "finished_at": now()}
    else:
        values |= {"state": JobState.READY, "run_at": now() + wait_after(claim.attempt)}
    try:
        noted = _note(database, claim, values)
    except IntegrityError:
        # Another job with its key waits, asked for while this one ran: that one does the work.
        values |= {"state": JobState.CANCELLED, "finished_at": now()}
        noted = _note(database, claim, values)
    if not noted:
        _log.warning("job %s was taken over; its failure is not noted", claim.id)


def _note(database: Database, claim: Claim, values: dict[str, object]) -> bool:
    with database.engine.begin() as connection:
        return connection.execute(claim.change(**values)).rowcount == 1


def _trace(error: Exception) -> str:
    """The end of the traceback, which names the cause."""
    return "".join(traceback.format_exception(error))[-_TRACE_LENGTH:]


def wait_after(attempt: int) -> timedelta:
    """How long a job rests after an attempt that failed: 5 s, then four times as long each time."""
    # After as many quadruplings any wait is the longest; more would not fit into a timedelta.
    times: int = 4 ** min(attempt - 1, _QUADRUPLED)
    return min(_FIRST_WAIT * times, _LONGEST_WAIT)
