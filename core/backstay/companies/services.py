"""Companies: created together with what the plugins set up for them, changed, archived."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Final

from sqlalchemy import select

from backstay.access.core_permissions import COMPANY_CREATE, COMPANY_EDIT
from backstay.audit.reasons import give_reason
from backstay.companies.currencies import currency_choices, currency_codes, minor_units
from backstay.companies.declare import SetupChoice
from backstay.companies.models import Company, CompanyState
from backstay.db.context import CompanyRef, authorize, context_of
from backstay.db.versions import check_version
from backstay.errors import Conflict, Invalid, NotFound
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.kernel.suite import suite_of
from backstay.resources.declare import Choice
from backstay.resources.fields import ChoiceField, TextField
from backstay.time_zones import checked_time_zone, time_zone_choices

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.kernel.suite import Suite

CODE_PATTERN: Final = r"[A-Z0-9]{1,20}"

MONTHS: Final = tuple(
    Choice(str(number), label)
    for number, label in enumerate(
        (
            lazy("January"),
            lazy("February"),
            lazy("March"),
            lazy("April"),
            lazy("May"),
            lazy("June"),
            lazy("July"),
            lazy("August"),
            lazy("September"),
            lazy("October"),
            lazy("November"),
            lazy("December"),
        ),
        1,
    )
)


def currency_options(_session: Session) -> tuple[Choice, ...]:
    """The currencies with code and name."""
    return tuple(Choice(code, f"{code} {name}") for code, name in currency_choices())


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCompany:
    """A new company.

    Arguments:
        currency: ISO 4217 code.
        fiscal_year_start: the month in which a fiscal year begins, ``1`` to ``12``.
        setup: answers to the plugins' questions, by the question's name.
    """

    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            help=lazy("Short; it stands in every address of the company and can't be changed."),
            example="ACME",
            max_length=20,
            pattern=CODE_PATTERN,
            pattern_help=lazy("1 to 20 capital letters and digits."),
        ),
    ]
    name: Annotated[
        str, TextField(label=lazy("Name"), help=lazy("The legal name, as it is printed."))
    ]
    currency: Annotated[
        str,
        ChoiceField(
            label=lazy("Currency"),
            help=lazy("The currency its books are kept in; it can't be changed."),
            choices=currency_options,
        ),
    ]
    fiscal_year_start: Annotated[
        str, ChoiceField(label=lazy("The fiscal year begins in"), choices=MONTHS)
    ] = "1"
    time_zone: Annotated[
        str,
        ChoiceField(
            label=lazy("Time zone"),
            help=lazy("Decides which day it is when something is posted."),
            choices=time_zone_choices,
        ),
    ] = "UTC"
    setup: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCompany:
    """A company's name and settings; code and currency stay for good."""

    id: int
    version: int | None = None
    name: Annotated[str, TextField(label=lazy("Name"))]
    fiscal_year_start: Annotated[
        str,
        ChoiceField(
            label=lazy("The fiscal year begins in"),
            help=lazy("For fiscal years that are made from now on."),
            choices=MONTHS,
        ),
    ] = "1"
    time_zone: Annotated[str, ChoiceField(label=lazy("Time zone"), choices=time_zone_choices)] = (
        "UTC"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveCompany:
    """A company that is no longer to be written to."""

    id: int
    reason: Annotated[
        str, TextField(label=lazy("Reason"), help=lazy("Kept in the audit trail."))
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenCompany:
    """An archived company that is to be written to again."""

    id: int
    reason: Annotated[
        str, TextField(label=lazy("Reason"), help=lazy("Kept in the audit trail."))
    ] = ""


def setup_choices(suite: Suite) -> tuple[SetupChoice, ...]:
    """The questions of all running plugins, in the order in which their answers are applied."""
    return tuple(choice for part in suite.parts for choice in part.company_setup)


def create_company(session: Session, command: CreateCompany) -> Company:
    """Create a company, and in the same transaction what the plugins set up for it.

    Raises:
        Invalid: the code is taken or has a wrong form, the currency or an answer is unknown.
    """
    authorize(session, COMPANY_CREATE)
    code = command.code.strip().upper()
    if not re.fullmatch(CODE_PATTERN, code):
        raise Invalid(
            _("“%(code)s” can't be a code: use 1 to 20 letters and digits.", code=command.code),
            field="code",
        )
    if session.scalar(select(Company.id).where(Company.code == code)) is not None:
        raise Invalid(_("The code “%(code)s” is taken.", code=code), field="code")
    currency = command.currency.strip().upper()
    if currency not in currency_codes():
        raise Invalid(
            _("“%(code)s” is not a currency (ISO 4217), such as EUR.", code=command.currency),
            field="currency",
        )
    answers = _checked_answers(session, command.setup)
    company = Company(
        code=code,
        name=_required_name(command.name),
        currency=currency,
        minor_units=minor_units(currency),
        fiscal_year_start=_month(command.fiscal_year_start),
        time_zone=checked_time_zone(command.time_zone),
    )
    session.add(company)
    session.flush()
    _set_up(session, company, answers)
    return company


def edit_company(session: Session, command: EditCompany) -> Company:
    """Change a company's name and settings.

    Raises:
        Stale: somebody else saved in the meantime.
        Conflict: it is archived.
    """
    authorize(session, COMPANY_EDIT)
    company = get_company(session, command.id)
    if company.state is not CompanyState.ACTIVE:
        raise Conflict(_("%(name)s is archived: reopen it first.", name=company.name))
    check_version(company, command.version)
    company.name = _required_name(command.name)
    company.fiscal_year_start = _month(command.fiscal_year_start)
    company.time_zone = checked_time_zone(command.time_zone)
    session.flush()
    return company


def archive_company(session: Session, command: ArchiveCompany) -> Company:
    """Keep a company for reading only.

    Raises:
        Conflict: it is archived already.
    """
    return _change_state(
        session, command.id, CompanyState.ACTIVE, CompanyState.ARCHIVED, command.reason
    )


def reopen_company(session: Session, command: ReopenCompany) -> Company:
    """Let an archived company be written to again.

    Raises:
        Conflict: it is not archived.
    """
    return _change_state(
        session, command.id, CompanyState.ARCHIVED, CompanyState.ACTIVE, command.reason
    )


def get_company(session: Session, company_id: int) -> Company:
    """The company of an id.

    Raises:
        NotFound: there is none.
    """
    company = session.get(Company, company_id)
    if company is None:
        raise NotFound(_("There is no such company."))
    return company


def company_by_code(session: Session, code: str) -> Company:
    """The company of a code.

    Raises:
        Invalid: there is none; the message lists those that exist.
    """
    company = session.scalar(select(Company).where(Company.code == code.strip().upper()))
    if company is None:
        known = ", ".join(session.scalars(select(Company.code).order_by(Company.code)))
        raise Invalid(
            _(
                "There is no company “%(code)s”. There are: %(known)s.",
                code=code,
                known=known or _("none yet"),
            ),
            field="company",
        )
    return company


def ref_of(company: Company) -> CompanyRef:
    """A company as small as a context carries it."""
    return CompanyRef(
        company.id,
        company.code,
        company.name,
        company.currency,
        company.minor_units,
        company.fiscal_year_start,
        company.time_zone,
        company.state is CompanyState.ARCHIVED,
    )


def _set_up(session: Session, company: Company, answers: dict[str, str]) -> None:
    """Apply the plugins' answers, working in the new company.

    Whoever may create a company may have it set up: the permission says so in words. Hence the
    plugins' own permissions are not asked for, as an administrator has none of them.
    """
    before = context_of(session)
    session.info["context"] = replace(before.in_company(ref_of(company)), permissions=None)
    try:
        for choice in setup_choices(suite_of(session)):
            details = {one.name: answers.get(one.name, "").strip() for one in choice.details}
            choice.apply(session, company, answers.get(choice.name, choice.default), **details)
        session.flush()
    finally:
        session.info["context"] = before


def _checked_answers(session: Session, setup: tuple[tuple[str, str], ...]) -> dict[str, str]:
    answers = dict(setup)
    questions = {choice.name: choice for choice in setup_choices(suite_of(session))}
    details = {one.name for choice in questions.values() for one in choice.details}
    for name, value in answers.items():
        if name in details:
            continue
        question = questions.get(name)
        if question is None:
            raise Invalid(_("No module that is switched on asks for this."), field=name)
        known = [one.value for one in question.choices_for(session)] if value else []
        if value and value not in known:
            raise Invalid(
                _(
                    "“%(value)s” is not one of %(known)s.",
                    value=value,
                    known=", ".join(known),
                ),
                field=name,
            )
    return answers


def _change_state(
    session: Session, company_id: int, expected: CompanyState, target: CompanyState, reason: str
) -> Company:
    authorize(session, COMPANY_EDIT)
    company = get_company(session, company_id)
    if company.state is not expected:
        raise Conflict(
            _("%(code)s is archived already.", code=company.code)
            if target is CompanyState.ARCHIVED
            else _("%(code)s is not archived.", code=company.code)
        )
    give_reason(session, reason)
    company.state = target
    session.flush()
    return company


def _month(text: str | int) -> int:
    if str(text) not in {choice.value for choice in MONTHS}:
        raise Invalid(
            _("“%(text)s” is not a month: give a number from 1 to 12.", text=text),
            field="fiscal_year_start",
        )
    return int(text)


def _required_name(name: str) -> str:
    if not name.strip():
        raise Invalid(_("Give the company's name."), field="name")
    return name.strip()
