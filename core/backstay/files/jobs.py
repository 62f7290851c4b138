"""The job that draws previews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.files.previews import MAKE_PREVIEW, draw_waiting, keep_drawn
from backstay.files.tidy import prune_with
from backstay.i18n import lazy as _
from backstay.jobs.declare import JobKind
from backstay.jobs.models import JobQueue
from backstay.jobs.schedules import Schedule

if TYPE_CHECKING:
    from backstay.jobs.declare import JobRun

PRUNE: Final = "core.prune_files"


def make_preview(run: JobRun) -> None:
    """Draw first, holding no lock; then write down what came of it."""
    sha256 = str(run.arguments["sha256"])
    with run.read() as reading:
        drawn = draw_waiting(reading, sha256)
    if drawn is not None:
        keep_drawn(run.session, sha256, drawn)


def prune(run: JobRun) -> None:
    """Take away what no record needs any more, in short transactions."""
    prune_with(run.read, run.transaction)


JOBS = (
    JobKind(
        MAKE_PREVIEW,
        _("Draw a preview of a file"),
        make_preview,
        queue=JobQueue.INTERACTIVE,
    ),
    JobKind(PRUNE, _("Take away files that nobody needs"), prune, queue=JobQueue.BULK),
)
SCHEDULES = (Schedule(PRUNE, _("Take away files that nobody needs"), PRUNE, "30 2 * * *"),)
