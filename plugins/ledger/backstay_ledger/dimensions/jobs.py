"""Every night, values of dimensions that other plugins keep are taken over as those have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.spi import (
    BackstayError,
    Conflict,
    JobKind,
    JobRun,
    Problem,
    Schedule,
    Unavailable,
    context_of,
    dimension_types,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.closing.plan_jobs import ask_in_each_company
from backstay_ledger.dimensions.kept import keep_in_step

if TYPE_CHECKING:
    from backstay.spi import Text

KEEP_DIMENSIONS: Final = "ledger.keep_dimensions"
"""Takes over the values of all dimensions that plugins keep."""
_LABEL: Final[Text] = lazy("Take over values of dimensions")


def keep_all(job: JobRun) -> None:
    """Take over the values in the job's company; outside a company, ask for that in each.

    Raises:
        Conflict: names each dimension that was refused, and why; the others are taken over.
    """
    with job.read() as session:
        names = sorted(dimension_types(session))
        everywhere = context_of(session).company is None
    if not names:
        return
    if everywhere:
        ask_in_each_company(job.session, KEEP_DIMENSIONS, "dimensions")
        return
    refused: list[Problem] = []
    for place, name in enumerate(names):
        job.progress(place, len(names), name)
        try:
            with job.transaction() as session:
                keep_in_step(session, name)
        except Unavailable:
            raise  # the job is tried again
        except BackstayError as error:
            refused += (Problem(f"{name}: {one}") for one in error.problems)
    if refused:
        raise Conflict(_("Values could not be taken over."), problems=tuple(refused))


DIMENSION_JOBS: Final = (JobKind(KEEP_DIMENSIONS, _LABEL, keep_all),)
DIMENSION_SCHEDULES: Final = (Schedule("ledger.dimensions", _LABEL, KEEP_DIMENSIONS, "50 2 * * *"),)
