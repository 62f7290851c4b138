"""Why a job has not begun, in words for whoever waits for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, func, or_, select

from backstay.clock import now
from backstay.db.context import context_of
from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.jobs.models import IS_READY, IS_RUNNING, Job, JobQueue, JobState
from backstay.kernel.heartbeat import STALE
from backstay.kernel.process_models import Process, ProcessKind
from backstay.kernel.suite import suite_of
from backstay.resources.formats import instant_text

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from backstay.kernel.suite import Suite

PATIENCE: Final = timedelta(seconds=15)
"""A job that is due for longer, while nothing runs, has no runner: each looks every second."""
_MOST: Final = 1000


def why_it_waits(session: Session, job: Job) -> str:
    """The first thing that stands in the way of a job; empty when it does not wait."""
    if job.state is JobState.RUNNING:
        return _why_it_runs_no_more(session, job)
    if job.state is not JobState.READY:
        return ""
    suite = suite_of(session)
    if job.kind not in suite.jobs:
        return _not_running(suite, job.kind.partition(".")[0])
    at = now()
    return _not_yet(session, job) if job.run_at > at else _its_turn(session, job, at, suite)


def _not_yet(session: Session, job: Job) -> str:
    when = _instant(session, job.run_at)
    if job.error:
        return _(
            "Attempt %(n)s of %(of)s failed. It is tried again at %(at)s.",
            n=job.attempt,
            of=job.attempts,
            at=when,
        )
    return _("It is not to run before %(at)s.", at=when)


def _its_turn(session: Session, job: Job, at: datetime, suite: Suite) -> str:
    if at - job.run_at > PATIENCE and not _anything_runs(session, at):
        if _a_runner_lives(session, at):
            return _(
                "Nothing takes up jobs at present, although a job runner is alive: look at its"
                " messages, and whether it serves this queue."
            )
        return _("No job runner is alive. Start one (“backstay runner” or “backstay worker”).")
    before = _before(session, job, at, suite)
    if before == 0:
        return _("It is next.")
    if before >= _MOST:
        return _("More than %(n)s others are before it.", n=f"{_MOST:,}")
    return ngettext("%(n)s other is before it.", "%(n)s others are before it.", before)


def _why_it_runs_no_more(session: Session, job: Job) -> str:
    if job.lease_until is None or job.lease_until >= now():
        return ""
    return _(
        "Its runner (%(runner)s) has given no sign of life since %(at)s. The next free runner takes"
        " it up.",
        runner=job.runner or "?",
        at=_instant(session, job.lease_until),
    )


def _not_running(suite: Suite, plugin: str) -> str:
    if plugin == "core" or plugin in suite.running:
        return _("The installed version of its module has no such job any more.")
    if plugin in suite.paused:
        return _(
            "Its module “%(plugin)s” is paused: %(reason)s",
            plugin=plugin,
            reason=suite.failed.get(plugin, ""),
        )
    if reason := suite.failed.get(plugin):
        return _(
            "Its module “%(plugin)s” could not be loaded: %(reason)s", plugin=plugin, reason=reason
        )
    if suite.safe_mode:
        return _("This is safe mode: the jobs of all modules wait.")
    if plugin in suite.found:
        return _("Its module “%(plugin)s” is switched off.", plugin=plugin)
    return _("Its module “%(plugin)s” is not installed.", plugin=plugin)


def _anything_runs(session: Session, at: datetime) -> bool:
    running = select(Job.id).where(IS_RUNNING, Job.lease_until >= at).limit(1)
    return session.scalar(running) is not None


def _a_runner_lives(session: Session, at: datetime) -> bool:
    living = select(Process.id).where(
        Process.kind == ProcessKind.RUNNER, Process.seen_at >= at - STALE
    )
    return session.scalar(living.limit(1)) is not None


def _before(session: Session, job: Job, at: datetime, suite: Suite) -> int:
    """How many due jobs come first: those of more urgent classes, and earlier ones of its own."""
    order = list(JobQueue)
    urgent = order[: order.index(job.queue)]
    earlier = or_(Job.run_at < job.run_at, and_(Job.run_at == job.run_at, Job.id < job.id))
    waiting = (
        select(Job.id)
        .where(
            IS_READY,
            Job.run_at <= at,
            Job.kind.in_(tuple(suite.jobs)),
            or_(Job.queue.in_(urgent), and_(Job.queue == job.queue, earlier)),
        )
        .limit(_MOST)
    )
    return session.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def _instant(session: Session, at: datetime) -> str:
    context = context_of(session)
    return instant_text(at, context.time_zone, context.locale)
