"""Why somebody may do something, or why not: which grant and which role decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select

from backstay.access.core_permissions import ROLE_VIEW, USER_VIEW
from backstay.access.models import Grant, Role, RolePermission, User, UserState
from backstay.access.permissions import Risk
from backstay.clock import today
from backstay.companies.models import Company, CompanyState
from backstay.db.context import authorize
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Reason:
    """One grant whose role has the permission, and whether it counts here and today."""

    role: str
    role_id: int
    company: str | None
    valid_from: date
    valid_to: date | None
    granted_by: str
    counts: bool
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict in a sentence, with the grants that were looked at."""

    allowed: bool
    text: str
    reasons: tuple[Reason, ...]


def explain(
    session: Session, user_id: int, permission: str, company_id: int | None = None
) -> Explanation:
    """Say whether a user has a permission in a company (or outside any), and by which grant.

    Raises:
        NotFound: there is no such user, company or permission.
    """
    authorize(session, USER_VIEW)
    authorize(session, ROLE_VIEW)
    user = session.get(User, user_id)
    company = session.get(Company, company_id) if company_id is not None else None
    known = suite_of(session).permissions.get(permission)
    if user is None or (company is None and company_id is not None):
        raise NotFound(_("There is no such user or company."))
    if known is None:
        raise NotFound(_("There is no permission “%(name)s”.", name=permission))
    reasons = tuple(
        _reason(grant, role, of, company_id)
        for grant, role, of in session.execute(
            select(Grant, Role, Company)
            .join(Role, Role.id == Grant.role_id)
            .join(RolePermission, RolePermission.role_id == Role.id)
            .outerjoin(Company, Company.id == Grant.company_id)
            .where(Grant.user_id == user_id, RolePermission.permission == permission)
            .order_by(Grant.id)
        )
    )
    deciding = next((reason for reason in reasons if reason.counts), None)
    place = (
        _("in %(company)s", company=company.name)
        if company
        else _("on the pages outside the companies")
    )
    if user.state is UserState.DISABLED:
        return Explanation(
            allowed=False, text=_("No: %(login)s is disabled.", login=user.login), reasons=reasons
        )
    if (
        company is not None
        and company.state is CompanyState.ARCHIVED
        and known.risk is not Risk.READ
    ):
        return Explanation(
            allowed=False,
            text=_("No: %(company)s is archived.", company=company.name),
            reasons=reasons,
        )
    if deciding is not None:
        text = _(
            "Yes: %(login)s may %(label)s %(place)s through the role %(role)s.",
            login=user.login,
            label=known.label,
            place=place,
            role=deciding.role,
        )
    else:
        text = _(
            "No: no role of %(login)s permits to %(label)s %(place)s today.",
            login=user.login,
            label=known.label,
            place=place,
        )
    return Explanation(allowed=deciding is not None, text=text, reasons=reasons)


def _reason(grant: Grant, role: Role, of: Company | None, company_id: int | None) -> Reason:
    day = today()
    if grant.valid_from > day:
        counts, text = False, _("It begins later.")
    elif grant.valid_to is not None and grant.valid_to < day:
        counts, text = False, _("It is over.")
    elif grant.company_id is not None and grant.company_id != company_id:
        counts, text = False, _("It is for another company.")
    else:
        counts, text = True, _("It is in force.")
    return Reason(
        role=role.name,
        role_id=role.id,
        company=of.code if of else None,
        valid_from=grant.valid_from,
        valid_to=grant.valid_to,
        granted_by=grant.granted_by,
        counts=counts,
        text=text,
    )
