"""The loop of a runner process: any number of them share the work, none needs a broker."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from backstay.errors import BackstayError
from backstay.jobs.execute import execute_next
from backstay.kernel.state import generation, load_in_force

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

_log = logging.getLogger(__name__)
_SHORTEST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 1.0
_WAIT_AFTER_FAILURE: Final = 3.0


class SuiteInForce:
    """The loaded plugins, loaded again when the generation in force has changed."""

    def __init__(self, database: Database) -> None:
        """Load nothing before it is asked."""
        self._database = database
        self._suite: Suite | None = None

    def __call__(self) -> Suite:
        """The suite in force: one small query when nothing changed."""
        current = generation(self._database)
        if self._suite is None or self._suite.generation != current:
            self._suite = load_in_force(self._database)
            _log.info("job runner: generation %s", self._suite.generation)
        return self._suite


def run_forever(
    database: Database,
    stop: threading.Event,
    suite_provider: Callable[[], Suite] | None = None,
) -> None:
    """Run jobs until the event is set; the job under way is finished first.

    Arguments:
        suite_provider: answers with the suite in force, asked before each job; None follows the
            generation in the database.
    """
    provider = suite_provider or SuiteInForce(database)
    wait = _SHORTEST_WAIT
    while not stop.is_set():
        try:
            worked = execute_next(database, provider)
        except (SQLAlchemyError, BackstayError) as error:
            # The database is away, busy or being migrated: the rows will still be there.
            _log.warning("job runner: %s; trying again", error)
            stop.wait(_WAIT_AFTER_FAILURE)
            continue
        wait = _SHORTEST_WAIT if worked else min(wait * 1.5, _LONGEST_WAIT)
        if not worked:
            stop.wait(wait)
