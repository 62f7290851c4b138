"""Who may run a job, and whether they still may: claims, renewals and the fence.

A claim raises the job's attempt and sets an end to the lease. Everything that a run writes about
its job matches (id, attempt), in the transaction of the effect itself: a run that outlived its
lease, while another took the job over, changes nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import DBAPIError

from backstay.clock import now
from backstay.db.engine import briefly
from backstay.jobs.models import IS_READY, IS_RUNNING, Job, JobQueue, JobState

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement, Connection, Row, Select, TextClause, Update
    from sqlalchemy.orm import Session

    from backstay.db.database import Database

LEASE: Final = timedelta(seconds=30)
RENEW_EVERY: Final = LEASE / 3
PATIENCE_MS: Final = 500
"""How long a renewal or a sign of progress waits for a lock: neither is worth stopping for."""
_LOST: Final = "The program that ran this job ended in the middle of it."

_log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """The job was cancelled or taken over by another runner: this run must commit nothing."""

    @classmethod
    def of(cls, claim: Claim) -> LeaseLost:
        """Say which run of which job it is."""
        return cls(f"job {claim.id}: attempt {claim.attempt} was cancelled or taken over")


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this process may run until its lease ends."""

    id: int
    attempt: int
    attempts: int
    kind: str
    arguments: dict[str, Any]
    cursor: dict[str, Any]
    actor: str
    actor_id: int | None
    company_id: int | None
    locale: str
    request_id: str

    def change(self, **values: object) -> Update:
        """A statement that changes the job's row as long as this claim holds."""
        return (
            update(Job.__table__)  # type: ignore[arg-type]
            .where(Job.id == self.id, Job.attempt == self.attempt, Job.state == JobState.RUNNING)
            .values(**values)
            .execution_options(scope_checked=True)
        )


def claim_next(
    database: Database,
    kinds: Collection[str],
    *,
    queues: Collection[JobQueue] = tuple(JobQueue),
    lease: timedelta = LEASE,
) -> Claim | None:
    """Take the most urgent job that is due, or None when nothing is.

    Jobs whose runner did not come back are taken up first; then the classes of urgency follow one
    another, in each the job that has waited longest. A job whose last attempt ended without an
    answer is given up here.
    """
    values = {"kinds": tuple(kinds), "queues": tuple(queues), "at": now()}
    steps = [_ABANDONED, *(_WAITING[queue] for queue in JobQueue if queue in queues)]
    return _first_of(database, steps, values, lease)


def claim_one(
    database: Database, kinds: Collection[str], job_id: int, *, lease: timedelta = LEASE
) -> Claim | None:
    """Take this very job, or None when it is not due, or another process has it."""
    values = {"kinds": tuple(kinds), "at": now(), "this": job_id}
    return _first_of(database, list(_THIS), values, lease)


_KIND: Final = Job.kind.in_(bindparam("kinds", expanding=True))
_AT: Final = bindparam("at", type_=Job.run_at.type)


def _due(*conditions: ColumnElement[bool] | TextClause) -> Select[Any]:
    """The job that has been due for longest; built once, as each job asks with it."""
    found = select(Job.__table__).where(IS_READY, _KIND, Job.run_at <= _AT, *conditions)
    return found.order_by(Job.run_at, Job.id).limit(1).with_for_update(skip_locked=True)


def _left(*conditions: ColumnElement[bool] | TextClause) -> Select[Any]:
    """A job whose runner did not come back."""
    found = select(Job.__table__).where(IS_RUNNING, _KIND, Job.lease_until < _AT, *conditions)
    return found.order_by(Job.lease_until).limit(1).with_for_update(skip_locked=True)


_WAITING: Final = {queue: _due(Job.queue == queue) for queue in JobQueue}
_ABANDONED: Final = _left(Job.queue.in_(bindparam("queues", expanding=True)))
_THIS: Final = (_due(Job.id == bindparam("this")), _left(Job.id == bindparam("this")))
_LOOKS: Final = {
    id(step): step.with_only_columns(Job.id) for step in (*_WAITING.values(), _ABANDONED, *_THIS)
}
"""The same statements for a look without a lock, which SQLite's writers are not held up by."""


def _first_of(
    database: Database, steps: list[Select[Any]], values: dict[str, Any], lease: timedelta
) -> Claim | None:
    """Claim the first job that one of the statements finds; each is tried after the other."""
    if database.is_sqlite:
        while steps and database.look_up(_LOOKS[id(steps[0])], values) is None:
            steps = steps[1:]
        if not steps:
            return None
    while True:
        with database.engine.begin() as connection:
            row = None
            for statement in steps:
                row = connection.execute(statement, values).one_or_none()
                if row is not None:
                    break
            if row is None:
                return None
            if claim := _take(connection, row, lease):
                return claim


def _take(connection: Connection, row: Row[Any], lease: timedelta) -> Claim | None:
    """Make the row this process's, or give it up when that was its last attempt."""
    mine = update(Job.__table__).where(Job.id == row.id, Job.attempt == row.attempt)  # type: ignore[arg-type]
    if row.state is JobState.RUNNING and row.attempt >= row.attempts:
        connection.execute(
            mine.values(state=JobState.DEAD, error=_LOST, lease_until=None, finished_at=now())
        )
        return None
    connection.execute(
        mine.values(
            state=JobState.RUNNING,
            attempt=row.attempt + 1,
            lease_until=now() + lease,
            runner=this_process(),
        )
    )
    return Claim(
        id=row.id,
        attempt=row.attempt + 1,
        attempts=row.attempts,
        kind=row.kind,
        arguments=dict(row.arguments),
        cursor=dict(row.cursor or {}),
        actor=row.actor,
        actor_id=row.actor_id,
        company_id=row.company_id,
        locale=row.locale,
        request_id=row.request_id,
    )


def this_process() -> str:
    """How the screens name this process."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def hold(session: Session, claim: Claim, **values: object) -> None:
    """Change the job's row within a transaction of the job, or refuse the whole transaction.

    Raises:
        LeaseLost: the claim does not hold any more.
    """
    done = session.connection().execute(claim.change(**values))
    if done.rowcount != 1:
        raise LeaseLost.of(claim)


def tell(database: Database, claim: Claim, **values: object) -> bool | None:
    """Change the job's row in a transaction of its own; None when the database was too busy.

    Returns:
        whether the claim still holds.
    """
    try:
        with briefly(database.engine, PATIENCE_MS) as connection:
            return connection.execute(claim.change(**values)).rowcount == 1
    except DBAPIError as error:
        _log.debug("job %s: the row could not be changed now: %s", claim.id, error)
        return None


class Heartbeat:
    """Renews a lease from a thread of its own for as long as the job runs.

    A renewal that fails because the database is busy (on SQLite the job's own transaction keeps
    everybody else out) is tried again; whether the effect counts is decided by the fence alone.
    """

    def __init__(
        self,
        database: Database,
        claim: Claim,
        *,
        lease: timedelta = LEASE,
        every: timedelta = RENEW_EVERY,
    ) -> None:
        """Nothing happens before ``with``."""
        self._database = database
        self._claim = claim
        self._lease = lease
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._beat, name=f"lease of job {claim.id}", daemon=True
        )

    def __enter__(self) -> None:
        """Start renewing."""
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        """Stop renewing."""
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(self._every.total_seconds()):
            if tell(self._database, self._claim, lease_until=now() + self._lease) is False:
                return
