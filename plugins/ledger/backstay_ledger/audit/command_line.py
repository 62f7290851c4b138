"""``backstay ledger check``: the checks of one company or of each, and what they found is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.spi import Company, authorize, command_environment, company_of, now
from backstay_ledger.audit.runs import keep_run
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.checks import check_company

if TYPE_CHECKING:
    from backstay_ledger.services.checks import Finding


def check_and_keep(company: str | None) -> list[tuple[str, Finding]]:
    """Check the books of a company, or of each that whoever asks may see.

    Returns:
        what is broken, each with the code of its company.
    """
    codes = [company] if company is not None else _companies()
    return [(code, finding) for code in codes for finding in _check(code)]


def _companies() -> list[str]:
    with command_environment() as session:
        context = authorize(session, BOOKS_VIEW)
        chosen = select(Company).order_by(Company.code)
        if context.company_ids is not None:
            chosen = chosen.where(Company.id.in_(context.company_ids))
        return [one.code for one in session.scalars(chosen) if one.state.value != "archived"]


def _check(code: str) -> list[Finding]:
    began_at = now()
    # Read first: on SQLite nobody else could write while the checks run.
    with command_environment(company=code) as session:
        authorize(session, BOOKS_VIEW)
        findings = list(check_company(session, company_of(session).id))
    with command_environment(company=code, write=True) as session:
        keep_run(session, began_at, findings)
    return findings
