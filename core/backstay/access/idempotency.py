"""Proofs that a request was carried out: forgotten after two weeks, a few at a time.

Who writes them also clears them away, machines as well as people: each process forgets up to
``MOST_AT_ONCE`` for every ``EVERY`` that it writes, twice as many as come in, so that the table
shrinks to two weeks' worth at any rate, and no request ever waits for a great deletion.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select, tuple_
from sqlalchemy.exc import OperationalError

from backstay.access.models import IdempotencyRecord
from backstay.clock import now
from backstay.db.engine import briefly

if TYPE_CHECKING:
    from sqlalchemy import Engine

KEPT: Final = timedelta(days=14)
"""How long a request that was carried out is remembered; no session lives as long."""
EVERY: Final = 100
MOST_AT_ONCE: Final = 200
_WAIT_MS: Final = 100
_KEY: Final = (IdempotencyRecord.token, IdempotencyRecord.user_id)
_written = count(1)
_log = logging.getLogger(__name__)


def note_written(engine: Engine) -> None:
    """Count one more proof, after its commit, and forget old ones when it is time.

    Never raises: the request is carried out, and whoever sent it must not be told otherwise.
    """
    if next(_written) % EVERY == 0:
        try:
            forget_old(engine)
        except OperationalError:
            pass  # somebody else holds the lock: at the next turn then
        except Exception:  # noqa: BLE001 - whatever it is, the answer is that it was done
            _log.exception("old proofs of requests could not be forgotten")


def forget_old(engine: Engine) -> int:
    """Forget up to ``MOST_AT_ONCE`` proofs, the oldest first; returns how many."""
    old = (
        select(*_KEY)
        .where(IdempotencyRecord.at < now() - KEPT)
        .order_by(IdempotencyRecord.at)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)  # SQLite has one writer at a time and leaves it out
    )
    with briefly(engine, _WAIT_MS) as connection:
        return connection.execute(delete(IdempotencyRecord).where(tuple_(*_KEY).in_(old))).rowcount
