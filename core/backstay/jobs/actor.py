"""Who a job acts as: the person who asked for it, with the permissions they have now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from backstay.access.grants import access_of, read_only_names
from backstay.companies.models import Company, CompanyState
from backstay.db.context import CompanyRef, Context, operator_context
from backstay.errors import Forbidden
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.db.database import Database
    from backstay.jobs.lease import Claim
    from backstay.kernel.suite import Suite


def context_for(database: Database, suite: Suite, claim: Claim) -> Context:
    """The context that a job runs in.

    Raises:
        Forbidden: the person was disabled, or lost the company, since they asked for it.
    """
    with database.read(operator_context("system:jobs"), suite) as session:
        if claim.actor_id is None:
            context = operator_context(claim.actor, company=_company(session, claim.company_id))
        else:
            context = _personal(session, suite, claim)
    return replace(context, locale=claim.locale, request_id=claim.request_id)


def _personal(session: Session, suite: Suite, claim: Claim) -> Context:
    reading = read_only_names(suite.permissions.values())
    access = access_of(session, claim.actor_id or 0, reading=reading)
    if access is None:
        raise Forbidden(
            _("“%(login)s”, who asked for this, is not an active user now.", login=claim.actor)
        )
    if claim.company_id is None:
        return access.context()
    company = next((one for one in access.companies if one.id == claim.company_id), None)
    if company is None:
        raise Forbidden(
            _("“%(login)s”, who asked for this, has no role in the company now.", login=claim.actor)
        )
    return access.context(company)


def _company(session: Session, company_id: int | None) -> CompanyRef | None:
    if company_id is None:
        return None
    row = session.get_one(Company, company_id)
    return CompanyRef(
        id=row.id,
        code=row.code,
        name=row.name,
        currency=row.currency,
        minor_units=row.minor_units,
        fiscal_year_start=row.fiscal_year_start,
        time_zone=row.time_zone,
        archived=row.state is CompanyState.ARCHIVED,
    )
