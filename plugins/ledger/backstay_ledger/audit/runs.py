"""Runs of the checks that are kept: by the nightly job, the command line and the auditor's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.contracts.ledger import BooksChecked
from backstay.spi import company_of, context_of, emit, now
from backstay_ledger.audit.models import CheckFinding, CheckRun
from backstay_ledger.services.checks import HOW_MANY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from backstay_ledger.services.checks import Finding

_LONGEST = 2000


def keep_run(
    session: Session,
    began_at: datetime,
    findings: Sequence[Finding],
    *,
    run_id: int | None = None,
) -> CheckRun:
    """Keep what the checks found in the company's books, and tell who wants to know.

    Arguments:
        began_at: when the first check was asked.
        findings: one of each check that found something.
        run_id: the id of the job that asked, which keeps one run however often it runs.
    """
    company = company_of(session)
    run = CheckRun(
        **({} if run_id is None else {"id": run_id}),
        company_id=company.id,
        began_at=began_at,
        ended_at=now(),
        asked_by=context_of(session).actor.label,
        checks=HOW_MANY,
        broken=len(findings),
    )
    session.add(run)
    session.flush()
    session.add_all(
        CheckFinding(
            run_id=run.id,
            check=one.check,
            company_id=company.id,
            message=one.message[:300],
            count=one.count,
            examples="\n".join(one.examples)[:_LONGEST],
        )
        for one in findings
    )
    session.flush()
    emit(session, BooksChecked(run.id, len(findings)))
    return run


def last_runs(session: Session, most: int) -> Sequence[CheckRun]:
    """The company's runs, the latest first."""
    return session.scalars(
        select(CheckRun)
        .where(CheckRun.company_id == company_of(session).id)
        .order_by(CheckRun.id.desc())
        .limit(most)
    ).all()


def last_run(session: Session) -> CheckRun | None:
    """The company's latest run."""
    return next(iter(last_runs(session, 1)), None)


def findings_of(session: Session, run_id: int) -> Sequence[CheckFinding]:
    """What a run of the company found, most first."""
    return session.scalars(
        select(CheckFinding)
        .where(CheckFinding.company_id == company_of(session).id, CheckFinding.run_id == run_id)
        .order_by(CheckFinding.count.desc(), CheckFinding.check)
    ).all()
