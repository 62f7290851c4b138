"""Ringing after a commit, so that the relay looks at once and not at its next round.

Best effort: a broker that is away delays a request by a fraction of a second once, and then not at
all for a while. What was not heard the relay finds in the table by itself.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Final

from backstay.clock import now
from backstay.jobs.models import Job, JobState
from backstay.jobs.rq.broker import RedisError, connect

if TYPE_CHECKING:
    from redis import Redis
    from sqlalchemy.orm import Session

    from backstay.db.database import Database

_log = logging.getLogger(__name__)
_BELL: Final = "backstay:bell"
_ASKED: Final = "jobs_asked_for"
_PATIENCE: Final = timedelta(seconds=0.2)
_SILENT_SECONDS: Final = 5.0
"""How long nobody rings after the broker did not answer."""


class Bell:
    """Rings the relay; never fails and never keeps anybody waiting for long."""

    def __init__(self, url: str) -> None:
        """Connect at the first ring.

        Raises:
            ConfigurationError: the URL can't be understood.
        """
        self._broker = connect(url, _PATIENCE)
        self._silent_until = 0.0

    def ring(self) -> None:
        """Say that there is something to look at."""
        if monotonic() < self._silent_until:
            return
        try:
            with self._broker.pipeline(transaction=False) as pipeline:
                # One ring is as good as many.
                pipeline.lpush(_BELL, b"1")
                pipeline.ltrim(_BELL, 0, 0)
                pipeline.execute()
        except RedisError as error:
            self._silent_until = monotonic() + _SILENT_SECONDS
            _log.warning("the broker is away (%s); jobs wait for the relay's next round", error)


def listen(broker: Redis, patience: float) -> bool:
    """Wait for a ring; returns whether there was one.

    Arguments:
        patience: how long at most, in seconds.

    Raises:
        RedisError: the broker is away.
    """
    return broker.blpop([_BELL], timeout=patience) is not None


def ring_after_commits(database: Database, url: str) -> None:
    """Have every session that commits a job which is due ring.

    Raises:
        ConfigurationError: the URL can't be understood.
    """
    bell = Bell(url)

    def note(session: Session, _context: object) -> None:
        if any(
            isinstance(row, Job) and row.state is JobState.READY and row.run_at <= now()
            for rows in (session.new, session.dirty)
            for row in rows
        ):
            session.info[_ASKED] = True

    def ring(session: Session) -> None:
        # The end of a savepoint is no commit.
        if not session.in_nested_transaction() and session.info.pop(_ASKED, False):
            bell.ring()

    database.listen("after_flush", note)
    database.listen("after_commit", ring)
