"""What audit files say of the company: its numbers, its address, and whom to ask."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    Conflict,
    Invalid,
    NotFound,
    TextField,
    authorize,
    check_version,
    company_of,
)
from backstay.spi import gettext as _
from backstay.spi import lazy as _l
from backstay_auditfiles.models import ReportingCompany
from backstay_auditfiles.permissions import COMPANY_EDIT
from backstay_auditfiles.siren import is_siren


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterCompany:
    """How authorities know the company, and whom they can ask."""

    siren: Annotated[
        str,
        TextField(
            label=_l("SIREN"),
            help=_l("Nine digits; a French company needs it for the FEC."),
            example="732829320",
            max_length=9,
        ),
    ] = ""
    registration_number: Annotated[
        str,
        TextField(
            label=_l("Registration number"),
            help=_l("In the register of companies."),
            max_length=35,
        ),
    ] = ""
    tax_number: Annotated[
        str,
        TextField(
            label=_l("Tax registration number"),
            help=_l("For value-added tax, or what the country has in its place."),
            max_length=35,
        ),
    ] = ""
    street: Annotated[str, TextField(label=_l("Street and number"), max_length=70)] = ""
    postal_code: Annotated[str, TextField(label=_l("Postal code"), max_length=18)] = ""
    city: Annotated[str, TextField(label=_l("City"), max_length=35)] = ""
    country: Annotated[
        str,
        TextField(
            label=_l("Country"),
            help=_l("Two letters: FR, NO."),
            max_length=2,
            pattern="([A-Z]{2})?",
            pattern_help=_l("Two capital letters."),
        ),
    ] = ""
    first_name: Annotated[
        str,
        TextField(label=_l("First name"), help=_l("Of the person to be asked."), max_length=35),
    ] = ""
    last_name: Annotated[str, TextField(label=_l("Last name"), max_length=70)] = ""
    telephone: Annotated[str, TextField(label=_l("Telephone"), max_length=18)] = ""
    email: Annotated[str, TextField(label=_l("E-mail"), max_length=70)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCompany(EnterCompany):
    """Changes to it."""

    id: int
    version: int | None = None


_FIELDS = tuple(one.name for one in fields(EnterCompany))


def reporting_company(session: Session) -> ReportingCompany | None:
    """What was entered for the session's company; the caller has checked the permission."""
    return session.scalars(
        select(ReportingCompany).where(ReportingCompany.company_id == company_of(session).id)
    ).one_or_none()


def enter_company(session: Session, command: EnterCompany) -> ReportingCompany:
    """Enter it, once for a company.

    Raises:
        Conflict: it was entered already.
        Invalid: the SIREN is none.
    """
    authorize(session, COMPANY_EDIT)
    if reporting_company(session) is not None:
        raise Conflict(_("It was entered already: open it and edit it."))
    _check(command)
    row = ReportingCompany(company_id=company_of(session).id)
    session.add(row)
    return _set(session, row, command)


def edit_company(session: Session, command: EditCompany) -> ReportingCompany:
    """Change it; files that were made stay as they are.

    Raises:
        Invalid: the SIREN is none.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, COMPANY_EDIT)
    row = reporting_company(session)
    if row is None or row.id != command.id:
        raise NotFound(_("Nothing was entered for this company."))
    check_version(row, command.version)
    _check(command)
    return _set(session, row, command)


def _check(command: EnterCompany) -> None:
    if command.siren and not is_siren(command.siren):
        raise Invalid(
            _(
                "“%(siren)s” is not a SIREN: nine digits, of which the last one checks the others.",
                siren=command.siren,
            ),
            field="siren",
        )


def _set(session: Session, row: ReportingCompany, command: EnterCompany) -> ReportingCompany:
    for name in _FIELDS:
        setattr(row, name, getattr(command, name))
    session.flush()
    return row
