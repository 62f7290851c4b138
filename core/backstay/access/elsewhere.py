"""Working in another company than the one a session is in, with one's own rights there.

A group of companies is read company by company: each with what the person may do in that one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.access.grants import access_of
from backstay.companies.models import Company, CompanyState
from backstay.db.context import CompanyRef, context_of
from backstay.errors import NotFound
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.db.context import Context


def context_elsewhere(session: Session, code: str) -> Context:
    """The context of whoever acts, in another company.

    A person has there what their roles give them there, and nothing that they lack here.

    Arguments:
        code: of the other company.

    Raises:
        NotFound: there is no such company, or it is not open to them.
    """
    context = context_of(session)
    if context.actor.user_id is None and context.permissions is None:
        found = _company(session, code)
        if found is not None:
            return context.in_company(found)
    elif context.actor.user_id is not None:
        access = access_of(session, context.actor.user_id)
        company = access.company(code) if access is not None else None
        if access is not None and company is not None:
            there = access.permissions(company)
            here = context.permissions
            return replace(
                context.in_company(company), permissions=there if here is None else there & here
            )
    raise NotFound(_("There is no company “%(code)s” that is open to you.", code=code))


def _company(session: Session, code: str) -> CompanyRef | None:
    row = session.execute(
        select(
            Company.id,
            Company.code,
            Company.name,
            Company.currency,
            Company.minor_units,
            Company.fiscal_year_start,
            Company.time_zone,
            Company.state,
        ).where(Company.code == code),
        execution_options={"scope_checked": True},
    ).one_or_none()
    return None if row is None else CompanyRef(*row[:-1], archived=row[-1] is CompanyState.ARCHIVED)
