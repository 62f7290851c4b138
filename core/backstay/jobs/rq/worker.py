"""A worker process: it keeps the plugins loaded and forks for each job.

Before each job it compares the generation, and loads the plugins again when it changed; what is
forked starts with them. A forked process that dies takes nothing with it but its transaction.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus
from sqlalchemy.exc import SQLAlchemyError

from backstay.errors import BackstayError
from backstay.jobs.rq.broker import RedisError, connect
from backstay.jobs.rq.doorbell import Doorbell, prepare, queues
from backstay.jobs.rq.relay import Relay, relay_forever
from backstay.kernel.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from types import FrameType

    from redis import Redis

    from backstay.db.database import Database
    from backstay.jobs.models import JobQueue
    from backstay.kernel.suite import Suite

_log = logging.getLogger(__name__)
_LISTEN: Final = timedelta(seconds=20)
"""RQ's time to live of an idle worker; it looks up 15 seconds before."""
_PATIENCE: Final = timedelta(seconds=30)
_MAINTENANCE: Final = timedelta(minutes=1)
_AFTER_FAILURE_SECONDS: Final = 1.0
_RELAY_GRACE_SECONDS: Final = 20.0
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)


class JobWorker(Worker):
    """RQ's worker with the plugins of the generation in force, and without its remote commands."""

    max_connection_wait_time = 4.0

    def __init__(
        self,
        database: Database,
        suite_provider: Callable[[], Suite],
        broker: Redis,
        wanted: Collection[JobQueue],
        *,
        lease: timedelta,
        between: Callable[[], None],
        stop: Stop,
    ) -> None:
        """Register with the broker.

        Arguments:
            lease: for how long a job is claimed at a time.
            between: called between two jobs and every few seconds without one.
            stop: set by a signal that came before RQ began to listen to signals.

        Raises:
            RedisError: the broker is away.
        """
        super().__init__(
            queues(broker, wanted),
            connection=broker,
            job_class=Doorbell,
            serializer=JSONSerializer,
            worker_ttl=int(_LISTEN.total_seconds()),
            maintenance_interval=int(_MAINTENANCE.total_seconds()),
            log_job_description=False,
        )
        self._database = database
        self._suite_provider = suite_provider
        self._lease = lease
        self._between = between
        self._stop = stop
        self.asked_to_stop = False
        self._at_own_work = False

    def subscribe(self) -> None:
        """Take no commands from Redis: a job is cancelled in the table; no thread is forked."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Finish the job under way, then end."""
        self.asked_to_stop = True
        self._stop_requested = True
        if not self._at_own_work:
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    @contextmanager
    def _own_work(self) -> Iterator[None]:
        """Do something that a signal does not tear apart.

        RQ's handler raises wherever the process is. Code of ours may take that for a failure of
        its own, such as that of a plugin which is being loaded, and the worker would go on.

        Raises:
            StopRequested: afterwards, if it was asked for meanwhile and no job is under way.
        """
        self._at_own_work = True
        try:
            yield
        finally:
            self._at_own_work = False
        if self.asked_to_stop and self.get_state() != WorkerStatus.BUSY:
            raise StopRequested

    def set_shutdown_requested_date(self) -> None:
        """Tell RQ's monitors, if the broker is there: a worker ends without it too."""
        with suppress(RedisError):
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]

    def dequeue_job_and_maintain_ttl(self, *arguments: Any, **named: Any) -> Any:
        """Wait for the next job, unless the process was told to stop while it started.

        Raises:
            StopRequested: it was.
        """
        if self._stop.is_set():
            raise StopRequested
        return super().dequeue_job_and_maintain_ttl(*arguments, **named)

    def heartbeat(self, *arguments: Any, **named: Any) -> None:
        """Use RQ's sign of life to look after what has to go on beside the jobs."""
        if not self.is_horse:
            with self._own_work():
                self._between()
        super().heartbeat(*arguments, **named)

    def maintain_heartbeats(self, *arguments: Any, **named: Any) -> None:
        """Wait for the job under way whether or not the broker can be told so."""
        with suppress(RedisError):
            super().maintain_heartbeats(*arguments, **named)

    def wait_for_the_last(self) -> None:
        """Never have two jobs under way: they would make the same ids."""
        if self.horse_pid:
            self.wait_for_horse()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Bring the plugins up to date, then fork."""
        try:
            with self._own_work():
                prepare(self._database, self._suite_provider(), self._lease)
                self._database.lend()
        except StopRequested:
            job.delete()  # the row is still due: the relay rings for it again
            raise
        except (SQLAlchemyError, BackstayError) as error:
            # The database is away, busy or being migrated: the relay will ring again.
            _log.warning("job worker: %s; trying again", error)
            job.delete()
            time.sleep(_AFTER_FAILURE_SECONDS)
            return
        super().execute_job(job, queue)


class RelayProcess:
    """A relay beside a worker: forked from it, ended with it, started again when it dies."""

    def __init__(self, database: Database, url: str, suite_provider: Callable[[], Suite]) -> None:
        """Start nothing yet."""
        self._database = database
        self._url = url
        self._suite_provider = suite_provider
        self._pid = 0

    def ensure(self) -> None:
        """Start it unless it runs."""
        if self._pid and os.waitpid(self._pid, os.WNOHANG) == (0, 0):
            return
        if self._database.is_sqlite:
            self._database.disconnect()
        parent = os.getpid()
        # A signal that the relay gets before it listens must not end in the worker's handler.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            self._pid = os.fork()
            if self._pid == 0:
                status = 1
                try:
                    self._relay(parent)
                    status = 0
                finally:
                    os._exit(status)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)

    def stop(self) -> None:
        """End it and wait until its duty is free for others, by its lease at the latest."""
        if not self._pid:
            return
        os.kill(self._pid, signal.SIGTERM)
        until = time.monotonic() + _RELAY_GRACE_SECONDS
        while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > until:
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
                break
            time.sleep(0.02)
        self._pid = 0

    def _relay(self, parent: int) -> None:
        stop = Stop()
        stop.at_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the worker, which ends this
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        for engine in self._database.engines:
            engine.dispose(close=False)
        try:
            relay_forever(
                self._database,
                connect(self._url, _PATIENCE),
                self._suite_provider,
                stop,
                lambda: os.getppid() == parent,
            )
        except Exception:
            _log.exception("relay of jobs: it ends, and is started again")
            raise
        finally:
            self._database.dispose()  # the ids that it made had a node number of their own


def work_forever(
    database: Database,
    url: str,
    suite_provider: Callable[[], Suite],
    wanted: Collection[JobQueue],
    *,
    lease: timedelta,
    beside: Callable[[], None] = lambda: None,
) -> None:
    """Run jobs until SIGTERM or Ctrl-C; the job under way is finished first.

    Arguments:
        url: of the broker.
        suite_provider: answers with the suite in force.
        wanted: the queues to work for.
        lease: for how long a job is claimed at a time.
        beside: called every few seconds, between two jobs and while one runs; raises
            nothing but what RQ's handlers of signals raise.
    """
    stop = Stop()
    stop.at_signals()
    preload(suite_provider)
    relay = RelayProcess(database, url, suite_provider)
    relay.ensure()

    def between() -> None:
        relay.ensure()
        beside()

    broker = connect(url, _PATIENCE)
    try:
        while not stop.is_set():
            worker = None
            try:
                worker = JobWorker(
                    database,
                    suite_provider,
                    broker,
                    wanted,
                    lease=lease,
                    between=between,
                    stop=stop,
                )
                worker.work(logging_level="WARNING")
            except StopRequested:
                stop.set()
            except RedisError as error:
                _log.warning("job worker: the broker is away (%s); trying again", error)
            finally:
                stop.at_signals()  # RQ leaves its own handlers behind
            if worker is not None:
                worker.wait_for_the_last()
                if worker.asked_to_stop:
                    break
            relay.ensure()
            stop.wait(_AFTER_FAILURE_SECONDS)
    finally:
        relay.stop()


def work_off(
    database: Database,
    url: str,
    suite_provider: Callable[[], Suite],
    wanted: Collection[JobQueue],
    *,
    lease: timedelta,
) -> None:
    """Run what is due now, then return; the arguments are those of :func:`work_forever`.

    Raises:
        RedisError: the broker is away.
    """
    preload(suite_provider)
    broker = connect(url, _PATIENCE)
    relay = Relay(database, broker, suite_provider)
    going_on = True
    while going_on:
        rung = relay.round()
        worker = JobWorker(
            database,
            suite_provider,
            broker,
            wanted,
            lease=lease,
            between=lambda: None,
            stop=Stop(),
        )
        worked = worker.work(burst=True, logging_level="WARNING")
        going_on = not worker.asked_to_stop and (worked or rung > 0)


def preload(suite_provider: Callable[[], Suite]) -> None:
    """Load the plugins before forking, so that all processes share their memory."""
    suite_provider()
    gc.collect()
    gc.freeze()
