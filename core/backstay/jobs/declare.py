"""What a job is to those who write one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backstay.jobs.models import JobQueue

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy.orm import Session

    from backstay.i18n import Text


@dataclass(slots=True)
class Chunk:
    """A part of a long job; its effect and how far the job has come are one commit.

    Arguments:
        session: the transaction of this chunk.
        cursor: what the last chunk that was committed left here, empty at the beginning; set it to
            where the next one goes on.
    """

    session: Session
    cursor: dict[str, Any]


@dataclass(frozen=True, slots=True)
class JobRun:
    """What a job's function gets.

    Arguments:
        id: the job's own, the same in each run of it: what is made under it is made once.
        session: the transaction in which the effect and “done” are committed together; it begins
            with its first use, so what only reads or computes is best done before.
        arguments: JSON values that were stored with the job.
        read: opens a session that can't write, to prepare the effect without holding locks.
        transaction: opens another write transaction, committed at its end, for work in steps;
            not to be used once ``session`` has written.
        progress: tells those who wait how far it is, and ends a run that was cancelled; called
            before ``session`` writes.
        chunk: opens a transaction for the next chunk of a long job. A run that follows one that
            was killed goes on with the cursor of the last chunk that was committed, and each chunk
            that moves the cursor gives the job its attempts back.
    """

    id: int
    session: Session
    arguments: dict[str, Any]
    read: Callable[[], AbstractContextManager[Session]]
    transaction: Callable[[], AbstractContextManager[Session]]
    progress: Callable[[int, int, str], None]
    chunk: Callable[[], AbstractContextManager[Chunk]]


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job; running it twice must leave the same state as running it once.

    Arguments:
        name: ``<plugin>.<verb>``.
        attempts: how often it is tried before it is given up as dead.
        queue: how urgent it is; of the jobs that are due, interactive ones run first.
    """

    name: str
    label: Text
    run: Callable[[JobRun], None]
    attempts: int = 3
    queue: JobQueue = JobQueue.DEFAULT
