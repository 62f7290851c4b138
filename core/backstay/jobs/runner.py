"""The loop of a runner process: any number of them share the work, none needs a broker."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from backstay.errors import BackstayError
from backstay.jobs.execute import execute_next
from backstay.jobs.lease import LEASE
from backstay.jobs.models import JobQueue
from backstay.jobs.scheduler import schedule_forever
from backstay.kernel.heartbeat import Heartbeat
from backstay.kernel.process_models import ProcessKind
from backstay.kernel.state import generation, load_in_force

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import timedelta

    from backstay.db.database import Database
    from backstay.kernel.stopping import Stop
    from backstay.kernel.suite import Suite

_log = logging.getLogger(__name__)
_SHORTEST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 1.0
_WAIT_AFTER_FAILURE: Final = 3.0


class SuiteInForce:
    """The loaded plugins, loaded again when the generation in force has changed."""

    def __init__(
        self,
        database: Database,
        *,
        safe_mode: bool = False,
        told: Callable[[Suite], None] = lambda _suite: None,
    ) -> None:
        """Load nothing before it is asked.

        Arguments:
            safe_mode: load core alone; the jobs of plugins wait.
            told: called with each suite that is loaded.
        """
        self._database = database
        self._safe_mode = safe_mode
        self._told = told
        self._suite: Suite | None = None
        self._loading = threading.Lock()

    def __call__(self) -> Suite:
        """The suite in force: one small query when nothing changed."""
        current = generation(self._database)
        with self._loading:
            if self._suite is None or self._suite.generation != current:
                self._suite = load_in_force(self._database, safe_mode=self._safe_mode)
                _log.info("job runner: generation %s", self._suite.generation)
                self._told(self._suite)
            return self._suite

    def load_again(self) -> None:
        """Load anew before the next job, although the number is the same: packages changed."""
        self._suite = None


@contextmanager
def living(database: Database, *, safe_mode: bool = False) -> Iterator[SuiteInForce]:
    """A process that runs jobs tells meanwhile that it lives and what it runs.

    Yields:
        what to ask for the suite in force before each job.
    """
    heartbeat = Heartbeat(database, ProcessKind.RUNNER)
    provider = SuiteInForce(database, safe_mode=safe_mode, told=heartbeat.runs)
    heartbeat.reload = provider.load_again
    heartbeat.start()
    try:
        yield provider
    finally:
        heartbeat.stop()


def run_forever(
    database: Database,
    stop: Stop,
    suite_provider: Callable[[], Suite] | None = None,
    *,
    queues: Collection[JobQueue] = tuple(JobQueue),
    lease: timedelta = LEASE,
) -> None:
    """Run jobs until the event is set; the job under way is finished first.

    A process that serves interactive jobs beside others has a second thread for them alone, so
    that somebody who waits at a page does not wait behind an hour of bulk work. A third one sees to
    the schedules.

    Arguments:
        suite_provider: answers with the suite in force, asked before each job; None follows the
            generation in the database.
        queues: the classes of urgency that this process serves.
    """
    provider = suite_provider or SuiteInForce(database)
    beside = [
        threading.Thread(
            target=schedule_forever, args=(database, stop, provider), name="scheduler", daemon=True
        )
    ]
    if JobQueue.INTERACTIVE in queues and len(queues) > 1:
        alone = (database, stop, provider, (JobQueue.INTERACTIVE,), lease)
        beside.append(threading.Thread(target=_serve, args=alone, name="fast jobs", daemon=True))
    for thread in beside:
        thread.start()
    _serve(database, stop, provider, tuple(queues), lease)
    for thread in beside:
        thread.join()


def _serve(
    database: Database,
    stop: Stop,
    provider: Callable[[], Suite],
    queues: tuple[JobQueue, ...],
    lease: timedelta,
) -> None:
    wait = _SHORTEST_WAIT
    while not stop.is_set():
        try:
            worked = execute_next(database, provider, queues=queues, lease=lease)
        except (SQLAlchemyError, BackstayError) as error:
            # The database is away, busy or being migrated: the rows will still be there.
            _log.warning("job runner: %s; trying again", error)
            stop.wait(_WAIT_AFTER_FAILURE)
            continue
        wait = _SHORTEST_WAIT if worked else min(wait * 1.5, _LONGEST_WAIT)
        if not worked:
            stop.wait(wait)
