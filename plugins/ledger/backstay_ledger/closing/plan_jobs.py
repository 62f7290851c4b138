"""The daily run of plans: one job for all companies asks for one in each of them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.spi import (
    BackstayError,
    Company,
    CompanyRef,
    JobKind,
    JobRun,
    Schedule,
    company_of,
    context_of,
    enqueue,
    today,
)
from backstay.spi import lazy as _
from backstay_ledger.closing.services.plans import due, make

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

RUN_PLANS: Final = "ledger.run_plans"
"""Makes the recurring entries, releases and automatic reversals whose day has come."""


def run_plans(job: JobRun) -> None:
    """Make what is due in the job's company; outside a company, ask for that in each.

    What is refused, because its period is closed or an account is not active any more, is left
    out: the close cockpit shows it as missing.
    """
    with job.read() as session:
        if context_of(session).company is None:
            company_ids = None
        else:
            company_ids = [company_of(session).id]
            found = due(session, today(company_of(session).time_zone))
    if company_ids is None:
        ask_in_each_company(job.session, RUN_PLANS, "plans")
        return
    for place, one in enumerate(found):
        job.progress(place, len(found), one.label)
        with suppress(BackstayError), job.transaction() as session:
            make(session, one)


def ask_in_each_company(session: Session, kind: str, unique: str) -> None:
    """Ask for a job in every company that is in use."""
    outside = context_of(session)
    try:
        for company in session.scalars(select(Company).order_by(Company.id)).all():
            if company.state.value == "archived":
                continue
            ref = CompanyRef(
                company.id, company.code, company.name, company.currency, company.minor_units
            )
            session.info["context"] = outside.in_company(ref)
            enqueue(session, kind, {}, unique=unique)
    finally:
        session.info["context"] = outside


PLAN_JOBS: Final = (JobKind(RUN_PLANS, _("Make recurring entries and releases"), run_plans),)
PLAN_SCHEDULES: Final = (
    Schedule("ledger.plans", _("Make recurring entries and releases"), RUN_PLANS, "10 3 * * *"),
)
