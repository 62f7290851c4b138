"""How far something is that a job does with a list, as its page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.i18n import gettext as _
from backstay.jobs.models import Job, JobState
from backstay.jobs.progress import ENDED, progress_text
from backstay.lists.models import RunState
from backstay.web import page as view

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.lists.models import ListRun


def run_progress(
    session: Session, run: ListRun, title: str, here: str, *, total: int = 0, done: int = 0
) -> view.ProgressView | None:
    """The job of a run; None when it is done.

    Arguments:
        here: the address that tells how far it is, asked every second.
        total: of what there is to do; 0 leaves it to the job to say.
        done: how much was done before it stopped.
    """
    if run.state is RunState.DONE:
        return None
    job = session.get(Job, run.job_id) if run.job_id else None
    if job is not None and job.state is JobState.CANCELLED:
        return view.ProgressView(title, "failed", _("It was cancelled."), done, total or None)
    if job is None or job.state in ENDED:
        why = job.error if job else ""
        said = _("It stopped before the end. %(why)s", why=why)
        return view.ProgressView(title, "failed", said, done, total or None)
    running = job.state is JobState.RUNNING
    return view.ProgressView(
        title,
        "running" if running else "waiting",
        progress_text(job) or _("Under way"),
        job.progress_done,
        total or job.progress_total or None,
        here,
    )
