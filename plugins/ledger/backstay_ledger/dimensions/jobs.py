"""Every night, values of dimensions that other plugins keep are taken over as those have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.spi import JobKind, JobRun, Schedule, context_of, dimension_types
from backstay.spi import lazy as _
from backstay_ledger.closing.plan_jobs import ask_in_each_company
from backstay_ledger.dimensions.kept import keep_in_step

if TYPE_CHECKING:
    from backstay.spi import Text

KEEP_DIMENSIONS: Final = "ledger.keep_dimensions"
"""Takes over the values of all dimensions that plugins keep."""
_LABEL: Final[Text] = _("Take over values of dimensions")


def keep_all(job: JobRun) -> None:
    """Take over the values in the job's company; outside a company, ask for that in each."""
    with job.read() as session:
        names = sorted(dimension_types(session))
        everywhere = context_of(session).company is None
    if not names:
        return
    if everywhere:
        ask_in_each_company(job.session, KEEP_DIMENSIONS, "dimensions")
        return
    for place, name in enumerate(names):
        job.progress(place, len(names), name)
        with job.transaction() as session:
            keep_in_step(session, name)


DIMENSION_JOBS: Final = (JobKind(KEEP_DIMENSIONS, _LABEL, keep_all),)
DIMENSION_SCHEDULES: Final = (Schedule("ledger.dimensions", _LABEL, KEEP_DIMENSIONS, "50 2 * * *"),)
