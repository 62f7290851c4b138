"""What RQ carries: the id of a row, for the one function that it may call.

A worker runs whatever Redis names, so a worker of ours believes Redis nothing but an id: function,
callbacks, web hooks, dependencies and repeats that somebody else wrote there are not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from backstay.jobs.execute import execute_job
from backstay.jobs.models import JobQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from redis import Redis

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

_READ: Final = frozenset(
    {
        *(b"data", b"origin", b"status", b"timeout", b"result_ttl", b"failure_ttl"),
        *(b"created_at", b"enqueued_at", b"started_at", b"ended_at"),
        *(b"last_heartbeat", b"worker_name", b"description"),
    }
)
_FORGET_FAILURES_AFTER: Final = timedelta(minutes=1)
_NO_LIMIT: Final = -1


@dataclass(frozen=True, slots=True)
class _Prepared:
    database: Database
    suite: Suite
    lease: timedelta


_prepared: _Prepared | None = None


def prepare(database: Database, suite: Suite, lease: timedelta) -> None:
    """What the processes forked from this one answer with."""
    global _prepared  # noqa: PLW0603 - RQ calls a function by its name, so it must find this
    _prepared = _Prepared(database, suite, lease)


def answer(job_id: int) -> None:
    """Look at a row and run it, if it is due and nobody else does."""
    if _prepared is None:
        message = "doorbells are answered by “backstay worker --transport rq” only"
        raise RuntimeError(message)
    database, suite = _prepared.database, _prepared.suite
    database.borrow()
    try:
        execute_job(database, lambda: suite, job_id, lease=_prepared.lease)
    finally:
        database.disconnect()


FUNCTION: Final = f"{answer.__module__}.{answer.__qualname__}"


class Doorbell(Job):
    """A job of RQ that can only be one thing: a call of :func:`answer` with the id of a row."""

    @property
    def func(self) -> Callable[[int], None]:
        """The one function, whatever is written in Redis."""
        return answer

    def restore(self, raw_data: Mapping[bytes, bytes]) -> None:
        """Read what a doorbell has, and nothing else.

        Raises:
            NoSuchJobError: it is no doorbell; workers pass over it.
        """
        super().restore({name: value for name, value in raw_data.items() if name in _READ})
        try:
            called = (self.func_name, self.instance, self.kwargs)
            (job_id,) = self.args
        except Exception as error:
            raise NoSuchJobError(f"{self.id} can't be read") from error
        if called != (FUNCTION, None, {}) or type(job_id) is not int:
            raise NoSuchJobError(f"{self.id} calls something else")


def doorbell_id(job_id: int, attempt: int) -> str:
    """The name of a doorbell: another one for each attempt of a row."""
    return f"{job_id}-{attempt}"


def queues(broker: Redis, wanted: Collection[JobQueue] = tuple(JobQueue)) -> list[Queue]:
    """RQ's queues for the given classes, the most urgent first."""
    return [
        Queue(
            f"backstay-{one.value}",
            connection=broker,
            default_timeout=_NO_LIMIT,
            job_class=Doorbell,
            serializer=JSONSerializer,
        )
        for one in JobQueue
        if one in wanted
    ]


def ring(queue: Queue, rows: Collection[tuple[int, int]]) -> None:
    """Put doorbells into a queue, in one round trip.

    Arguments:
        rows: pairs of a row's id and its attempt.
    """
    made: list[Any] = [
        Queue.prepare_data(
            FUNCTION,
            args=(job_id,),
            kwargs={},
            timeout=_NO_LIMIT,
            result_ttl=0,
            failure_ttl=int(_FORGET_FAILURES_AFTER.total_seconds()),
            description=doorbell_id(job_id, attempt),
            job_id=doorbell_id(job_id, attempt),
        )
        for job_id, attempt in rows
    ]
    queue.enqueue_many(made)
