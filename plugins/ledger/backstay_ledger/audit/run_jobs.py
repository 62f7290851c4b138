"""The nightly run of the checks and the seals: one job asks for one in each company."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.spi import JobKind, JobRun, Schedule, company_of, context_of, now
from backstay.spi import lazy as _
from backstay_ledger.audit.models import CheckRun
from backstay_ledger.audit.runs import keep_run
from backstay_ledger.audit.sealing import add_seals, seals_to_make
from backstay_ledger.closing.plan_jobs import ask_in_each_company
from backstay_ledger.services.checks import HOW_MANY, check_company

if TYPE_CHECKING:
    from backstay.spi import Text

RUN_CHECKS: Final = "ledger.check_books"
"""Asks every check of the books, keeps the answers, and seals what was posted since."""


def check_and_seal(job: JobRun) -> None:
    """Check the books of the job's company and seal them; outside a company, ask for that in each.

    Seals are made only where every check is silent, so that they never cover what is broken. A job
    that runs again finds its own run on record, and leaves it.
    """
    began_at = now()

    def told(place: int, message: Text) -> None:
        job.progress(place, HOW_MANY, str(message))

    with job.read() as session:
        company = context_of(session).company
        if company is not None:
            if session.get(CheckRun, job.id) is not None:
                return
            findings = list(check_company(session, company.id, told))
            seals = [] if findings else seals_to_make(session, company.id)
    if company is None:
        ask_in_each_company(job.session, RUN_CHECKS, "checks")
        return
    keep_run(job.session, began_at, findings, run_id=job.id)
    add_seals(job.session, company_of(job.session).id, seals)


CHECK_JOBS: Final = (JobKind(RUN_CHECKS, _("Check and seal the books"), check_and_seal),)
CHECK_SCHEDULES: Final = (
    Schedule("ledger.checks", _("Check and seal the books"), RUN_CHECKS, "40 3 * * *"),
)
