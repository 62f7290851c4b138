"""What a person may do where: grants, roles and companies resolved to small literal sets.

Read with one query per request, as plain tuples, so that nothing of it stays in a session's memory.
An archived company leaves only what reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, bindparam, func, or_, select

from backstay.access.models import Grant, RolePermission, User, UserState
from backstay.access.permissions import SIGNED_IN, Risk
from backstay.clock import today
from backstay.companies.models import Company, CompanyState
from backstay.db.context import Actor, CompanyRef, Context, operator_context
from backstay.db.fixed import Fixed
from backstay.errors import NotFound
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission
    from backstay.db.database import Database


@dataclass(frozen=True, slots=True)
class Person:
    """What every page needs to know of the user."""

    id: int
    login: str
    name: str
    locale: str
    time_zone: str
    theme: str
    density: str
    must_change_password: bool


@dataclass(frozen=True, slots=True)
class Access:
    """A person with the grants that hold today and the companies that they may enter.

    Arguments:
        everywhere: permissions granted for all companies; they also open pages outside a company.
        by_company: company id -> permissions granted for that company alone.
        all_companies: whether any grant is for all companies.
        reading: names of the permissions that only read; None when nobody said.
    """

    person: Person
    everywhere: frozenset[str]
    by_company: Mapping[int, frozenset[str]]
    all_companies: bool
    companies: tuple[CompanyRef, ...]
    reading: frozenset[str] | None = None

    def company(self, code: str) -> CompanyRef | None:
        """A company that the person may enter, by its code."""
        return next((company for company in self.companies if company.code == code), None)

    def permissions(self, company: CompanyRef | None) -> frozenset[str]:
        """The permissions in force in a company, or on the pages outside any."""
        if company is None:
            return self.everywhere
        found = self.everywhere | self.by_company.get(company.id, frozenset())
        if company.archived and self.reading is not None:
            return found & self.reading
        return found

    def context(
        self,
        company: CompanyRef | None = None,
        *,
        session_id: int | None = None,
        request_id: str = "",
        ip: str = "",
    ) -> Context:
        """The context of this person's request or job."""
        ids = frozenset({company.id}) if company else self.visible_companies
        known = {"request_id": request_id} if request_id else {}
        return Context(
            Actor(self.person.login, self.person.id),
            permissions=self.permissions(company),
            company=company,
            company_ids=ids,
            session_id=session_id,
            ip=ip,
            locale=self.person.locale,
            time_zone=self.person.time_zone,
            **known,
        )

    @property
    def visible_companies(self) -> frozenset[int] | None:
        """Ids of the companies whose rows may be seen outside a company; None means all."""
        return None if self.all_companies else frozenset(self.by_company)


PERSON_COLUMNS = (
    User.id,
    User.login,
    User.name,
    User.locale,
    User.time_zone,
    User.theme,
    User.density,
    User.must_change_password,
)


def with_grants(query: Any) -> Any:
    """Add each grant that holds on ``:day`` (company, permissions) to a query over users."""
    day = bindparam("day", type_=Date())
    of_role = (
        select(func.aggregate_strings(RolePermission.permission, " "))
        .where(RolePermission.role_id == Grant.role_id)
        .correlate(Grant)
        .scalar_subquery()
    )
    return query.add_columns(
        Grant.id.label("grant_id"), Grant.company_id, of_role.label("permissions")
    ).outerjoin(
        Grant,
        (Grant.user_id == User.id)
        & (Grant.valid_from <= day)
        & or_(Grant.valid_to.is_(None), Grant.valid_to >= day),
    )


_OF_USER = with_grants(
    select(*PERSON_COLUMNS).where(User.id == bindparam("user"), User.state == UserState.ACTIVE)
)
_COMPANIES = select(
    Company.id,
    Company.code,
    Company.name,
    Company.currency,
    Company.minor_units,
    Company.fiscal_year_start,
    Company.time_zone,
    Company.state,
).order_by(Company.name, Company.id)
_ALL_COMPANIES = Fixed(_COMPANIES)


@lru_cache(maxsize=512)
def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _company(row: Sequence[Any]) -> CompanyRef:
    key, code, name, currency, minor_units, start, zone, state = row
    archived = state is CompanyState.ARCHIVED
    return CompanyRef(key, code, name, currency, minor_units, start, zone, archived)


def access_from(
    session: Session,
    person: Person,
    grants: Iterable[tuple[int | None, int | None, str | None]],
    reading: frozenset[str] | None = None,
) -> Access:
    """Put grants (grant id, company id, permissions) together and read the companies."""
    everywhere: frozenset[str] = frozenset({SIGNED_IN.name})
    by_company: dict[int, frozenset[str]] = {}
    all_companies = False
    for grant_id, company_id, text in grants:
        if grant_id is None:
            continue
        names = _names(text or "")
        if company_id is None:
            all_companies = True
            everywhere |= names
        else:
            by_company[company_id] = by_company.get(company_id, frozenset()) | names
    companies: tuple[CompanyRef, ...] = ()
    if all_companies or by_company:
        rows: Iterable[Any]
        if all_companies:
            rows = _ALL_COMPANIES.execute(session.connection())
        else:
            some = _COMPANIES.where(Company.id.in_(sorted(by_company)))
            rows = session.execute(some, execution_options={"scope_checked": True})
        companies = tuple(map(_company, rows))
    return Access(person, everywhere, by_company, all_companies, companies, reading)


def access_of(
    session: Session, user_id: int, *, reading: frozenset[str] | None = None
) -> Access | None:
    """What an active user may do today; None for one who is disabled or gone."""
    rows = session.execute(_OF_USER, {"user": user_id, "day": today()}).all()
    if not rows:
        return None
    width = len(PERSON_COLUMNS)
    return access_from(
        session,
        Person(*rows[0][:width]),
        [(row[width], row[width + 1], row[width + 2]) for row in rows],
        reading,
    )


def read_only_names(permissions: Iterable[Permission]) -> frozenset[str]:
    """Names of the permissions that change nothing."""
    return frozenset(p.name for p in permissions if p.risk is Risk.READ) | {SIGNED_IN.name}


def context_for_login(
    database: Database,
    login: str,
    company: CompanyRef | None,
    *,
    reading: frozenset[str] | None = None,
) -> Context:
    """The context of ``--as USER`` on the command line.

    Arguments:
        reading: names of the permissions that only read, all that an archived company leaves.

    Raises:
        NotFound: there is no active user of that name, or no grant in that company.
    """
    with database.read(operator_context("system:access")) as session:
        user_id = session.scalar(select(User.id).where(User.login == login))
        access = access_of(session, user_id, reading=reading) if user_id is not None else None
    if access is None:
        raise NotFound(_("There is no active user “%(login)s”.", login=login), field="as")
    if company is not None and access.company(company.code) is None:
        raise NotFound(
            _("“%(login)s” has no role in company %(code)s.", login=login, code=company.code),
            field="as",
        )
    return access.context(company)
