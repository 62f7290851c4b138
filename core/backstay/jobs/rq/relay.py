"""The relay: looks into the table for jobs that are due and rings for them, and at the schedules.

One relay at a time does so, under a lease; it keeps nothing that has to survive. What is rung twice
is run once, and what Redis loses is rung for again, because the row still says that it is due.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from backstay.clock import now
from backstay.errors import BackstayError, Conflict
from backstay.jobs.models import IS_READY, IS_RUNNING, Job, JobQueue
from backstay.jobs.rq.bell import listen
from backstay.jobs.rq.broker import RedisError
from backstay.jobs.rq.doorbell import doorbell_id, queues, ring
from backstay.jobs.scheduler import EVERY, Scheduler
from backstay.kernel.leases import lease

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis
    from rq import Queue

    from backstay.db.database import Database
    from backstay.kernel.stopping import Stop
    from backstay.kernel.suite import Suite

_log = logging.getLogger(__name__)
DUTY: Final = "relay of jobs"
_LEASE: Final = timedelta(seconds=10)
_ROUND_SECONDS: Final = 1.0
_BREATH_SECONDS: Final = 0.02
"""Between two rounds, however much is rung: many commits share one look at the table."""
_STANDBY_SECONDS: Final = 2.0
_AFTER_FAILURE_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 10.0
"""How long a worker that took a doorbell may need to claim the row before it is rung for again."""
MOST_WAITING: Final = 500
"""Doorbells in a queue at a time; the rest waits in the table, where it costs nothing."""
_FIRST: Final = select(Job.id, Job.attempt).limit(MOST_WAITING)


class Relay:
    """Rings for the jobs that are due."""

    def __init__(
        self, database: Database, broker: Redis, suite_provider: Callable[[], Suite]
    ) -> None:
        """Nothing is known to have been rung for yet."""
        self._database = database
        self._suite_provider = suite_provider
        self._queues = list(zip(JobQueue, queues(broker), strict=True))
        self._rung: dict[str, float] = {}

    def round(self) -> int:
        """Look once; returns how many doorbells were rung.

        Raises:
            RedisError: the broker is away.
        """
        try:
            self._forget_old()
            return sum(self._ring(one, queue) for one, queue in self._queues)
        except RedisError:
            # Nobody knows what it still has: all that is due is rung for when it is back.
            self._rung.clear()
            raise

    def _ring(self, one: JobQueue, queue: Queue) -> int:
        rows = self._due(one)
        if not rows:
            return 0
        waiting = set(queue.get_job_ids(0, MOST_WAITING))
        room = MOST_WAITING - len(waiting)
        silent = [
            (row_id, attempt)
            for row_id, attempt in rows
            if (name := doorbell_id(row_id, attempt)) not in waiting and name not in self._rung
        ][: max(room, 0)]
        if silent:
            ring(queue, silent)
            at = monotonic()
            self._rung.update((doorbell_id(row_id, attempt), at) for row_id, attempt in silent)
        return len(silent)

    def _due(self, one: JobQueue) -> list[tuple[int, int]]:
        """Ids and attempts: of those whose runner did not come back, then of those that wait."""
        ours = (Job.queue == one, Job.kind.in_(tuple(self._suite_provider().jobs)))
        at = now()
        abandoned = (IS_RUNNING, *ours, Job.lease_until < at)
        ready = (IS_READY, *ours, Job.run_at <= at)
        with self._database.reading_connection() as connection:
            rows = [
                *connection.execute(_FIRST.where(*abandoned).order_by(Job.lease_until)),
                *connection.execute(_FIRST.where(*ready).order_by(Job.run_at, Job.id)),
            ]
        return [(row.id, row.attempt) for row in rows]

    def _forget_old(self) -> None:
        since = monotonic() - _AGAIN_SECONDS
        self._rung = {name: at for name, at in self._rung.items() if at > since}


def relay_forever(
    database: Database,
    broker: Redis,
    suite_provider: Callable[[], Suite],
    stop: Stop,
    wanted: Callable[[], bool] = lambda: True,
) -> None:
    """Ring for what is due whenever no other process does, until the event is set.

    Where workers are all that there is, nobody else would make the jobs of schedules: it does.

    Arguments:
        wanted: asked about every second; the relay ends when it says no.
    """
    while not stop.is_set() and wanted():
        try:
            with lease(database, DUTY, _LEASE) as duty:
                relay = Relay(database, broker, suite_provider)
                scheduler, next_look = Scheduler(database), 0.0
                while not stop.is_set() and wanted() and duty.keep():
                    if monotonic() >= next_look:
                        next_look = monotonic() + EVERY
                        _look_at_schedules(scheduler, suite_provider())
                    _round(relay, broker, stop)
        except Conflict:
            stop.wait(_STANDBY_SECONDS)
        except (SQLAlchemyError, BackstayError) as error:
            # The database is away, busy or being migrated: the rows will still be there.
            _log.warning("relay of jobs: %s; trying again", error)
            stop.wait(_AFTER_FAILURE_SECONDS)


def _look_at_schedules(scheduler: Scheduler, suite: Suite) -> None:
    try:
        scheduler.tick(suite)
    except Exception:  # noqa: BLE001 - whatever it is
        # One that can't be planned must not keep the bell from ringing for all other jobs.
        _log.exception("relay of jobs: the schedules can't be looked at; trying again")


def _round(relay: Relay, broker: Redis, stop: Stop) -> None:
    try:
        relay.round()
        stop.wait(_BREATH_SECONDS)
        listen(broker, _ROUND_SECONDS)
    except RedisError as error:
        _log.warning("relay of jobs: the broker is away (%s); trying again", error)
        stop.wait(_AFTER_FAILURE_SECONDS)
