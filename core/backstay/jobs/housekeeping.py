"""What core does at night by itself: what has served its purpose goes, the database is tidied."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from backstay.access.idempotency import MOST_AT_ONCE, forget_old
from backstay.clock import now
from backstay.i18n import gettext
from backstay.i18n import lazy as _
from backstay.jobs.declare import JobKind
from backstay.jobs.models import Job, JobQueue, JobState
from backstay.jobs.schedules import Schedule

if TYPE_CHECKING:
    from backstay.jobs.declare import JobRun

FORGET_JOBS: Final = "core.forget_jobs"
FORGET_REQUESTS: Final = "core.forget_requests"
TIDY_DATABASE: Final = "core.tidy_database"
KEPT: Final = {
    JobState.DONE: timedelta(days=14),
    JobState.CANCELLED: timedelta(days=14),
    JobState.DEAD: timedelta(days=90),
}
"""How long a job that has ended is shown."""
_CHUNK: Final = 1000


def forget_jobs(run: JobRun) -> None:
    """Delete jobs that ended long ago, a thousand in a transaction."""
    gone = 0
    while True:
        with run.chunk() as chunk:
            old = [
                job_id
                for state, kept in KEPT.items()
                for job_id in chunk.session.scalars(
                    select(Job.id)
                    .where(Job.state == state, Job.finished_at < now() - kept)
                    .order_by(Job.id)
                    .limit(_CHUNK)
                )
            ]
            for start in range(0, len(old), _CHUNK):
                chunk.session.execute(
                    delete(Job).where(Job.id.in_(old[start : start + _CHUNK])),
                    execution_options={"synchronize_session": False},
                )
            gone += len(old)
            chunk.cursor = {"gone": chunk.cursor.get("gone", 0) + len(old)}
        if not old:
            return
        run.progress(gone, 0, gettext("Deleted %(n)s", n=gone))


def forget_requests(run: JobRun) -> None:
    """Forget proofs of requests that are older than two weeks."""
    engine = run.session.get_bind().engine
    gone = 0
    while (forgotten := forget_old(engine)) > 0:
        gone += forgotten
        run.progress(gone, 0, gettext("Deleted %(n)s", n=gone))
        if forgotten < MOST_AT_ONCE:
            return


def tidy_database(run: JobRun) -> None:
    """Let SQLite renew what it knows of its tables; PostgreSQL does so by itself."""
    connection = run.session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA analysis_limit = 1000")
        connection.exec_driver_sql("PRAGMA optimize = 0x10002")


JOBS: Final = (
    JobKind(FORGET_JOBS, _("Delete jobs that ended long ago"), forget_jobs, queue=JobQueue.BULK),
    JobKind(
        FORGET_REQUESTS,
        _("Forget requests that were answered long ago"),
        forget_requests,
        queue=JobQueue.BULK,
    ),
    JobKind(
        TIDY_DATABASE,
        _("Renew the knowledge that the database has of its tables"),
        tidy_database,
        queue=JobQueue.BULK,
    ),
)
SCHEDULES: Final = (
    Schedule(FORGET_JOBS, _("Delete jobs that ended long ago"), FORGET_JOBS, "40 2 * * *"),
    Schedule(
        FORGET_REQUESTS,
        _("Forget requests that were answered long ago"),
        FORGET_REQUESTS,
        "50 2 * * *",
    ),
    Schedule(
        TIDY_DATABASE,
        _("Renew the knowledge that the database has of its tables"),
        TIDY_DATABASE,
        "10 3 * * *",
    ),
)
