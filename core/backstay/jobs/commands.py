"""``backstay job list|show|retry|cancel`` and ``backstay scheduler``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import select

from backstay.access.core_permissions import JOB_VIEW
from backstay.cli_environment import command_environment, environment
from backstay.cli_output import echo_json, echo_rows, json_option
from backstay.db.context import authorize
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.jobs.models import Job, JobQueue, JobState
from backstay.jobs.services import CancelJob, RetryJob, cancel_job, retry_job
from backstay.jobs.waiting import why_it_waits
from backstay.kernel.stopping import Stop

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_STATES = click.Choice([state.value for state in JobState])
_QUEUES = click.Choice([queue.value for queue in JobQueue])


@click.group()
def job() -> None:
    """See background jobs, try them again, cancel them."""


@job.command("list")
@click.option("--state", type=_STATES, help="Only these.")
@click.option("--queue", type=_QUEUES, help="Only those of this class.")
@click.option("--kind", metavar="NAME", help="Only this kind, such as core.export.")
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="At most so many.",
)
@json_option
def list_all(
    *, state: str | None, queue: str | None, kind: str | None, limit: int, as_json: bool
) -> None:
    """List jobs, the newest first, with why they wait."""
    with command_environment() as session:
        authorize(session, JOB_VIEW)
        found = select(Job).order_by(Job.id.desc()).limit(limit)
        if state:
            found = found.where(Job.state == JobState(state))
        if queue:
            found = found.where(Job.queue == JobQueue(queue))
        if kind:
            found = found.where(Job.kind == kind)
        rows = [_row(session, one) for one in session.scalars(found)]
    columns = ("id", "kind", "state", "queue", "run_at", "attempt", "waits", "error")
    echo_rows(columns, rows, as_json=as_json)


@job.command("show")
@click.argument("job_id", metavar="ID", type=int)
@json_option
def show(*, job_id: int, as_json: bool) -> None:
    """Show all that is known of the job ID: arguments, error, where it arose, why it waits."""
    with command_environment() as session:
        authorize(session, JOB_VIEW)
        row = session.get(Job, job_id)
        if row is None:
            raise NotFound(_("There is no job %(id)s.", id=job_id))
        shown = {
            **_row(session, row),
            "attempts": row.attempts,
            "arguments": row.arguments,
            "cursor": row.cursor,
            "progress": row.progress_text,
            "actor": row.actor,
            "runner": row.runner,
            "event": row.event,
            "planned_at": row.planned_at,
            "created_at": row.created_at,
            "finished_at": row.finished_at,
            "trace": row.trace,
        }
    if as_json:
        echo_json(shown)
        return
    width = max(map(len, shown))
    for name, value in shown.items():
        if value not in (None, "", {}):
            text = str(value).rstrip().replace("\n", "\n" + " " * (width + 2))
            click.echo(f"{name:{width}}  {text}")


@job.command("retry")
@click.argument("job_ids", metavar="ID...", type=int, nargs=-1, required=True)
def retry(*, job_ids: tuple[int, ...]) -> None:
    """Try jobs again that were given up, all of them or none."""
    with command_environment(write=True) as session:
        for job_id in job_ids:
            retry_job(session, RetryJob(job_id))
    click.echo(_("%(n)s to be tried again.", n=len(job_ids)))


@job.command("cancel")
@click.argument("job_ids", metavar="ID...", type=int, nargs=-1, required=True)
def cancel(*, job_ids: tuple[int, ...]) -> None:
    """Cancel jobs that wait, run or were given up, all of them or none."""
    with command_environment(write=True) as session:
        for job_id in job_ids:
            cancel_job(session, CancelJob(job_id))
    click.echo(_("%(n)s cancelled.", n=len(job_ids)))


def _row(session: Session, row: Job) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "state": row.state.value,
        "queue": row.queue.value,
        "run_at": row.run_at,
        "attempt": row.attempt,
        "waits": why_it_waits(session, row),
        "error": row.error,
    }


@click.command("scheduler")
def scheduler() -> None:
    """Look after the schedules until SIGTERM or Ctrl-C; job runners do so as well."""
    from backstay.jobs.runner import SuiteInForce
    from backstay.jobs.scheduler import schedule_forever

    here = environment()
    stop = Stop()
    stop.at_signals()
    schedule_forever(here.database, stop, SuiteInForce(here.database))


COMMANDS = (job, scheduler)
