"""The pages of the plugin's records, from one declaration each."""

from __future__ import annotations

from typing import Final

from backstay.spi import Column, Empty, Kind, Operation, Resource, Section
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay_auditfiles.models import ReportingCompany
from backstay_auditfiles.permissions import COMPANY_EDIT, FILE_VIEW
from backstay_auditfiles.services.company import (
    EditCompany,
    EnterCompany,
    edit_company,
    enter_company,
)

_PARTS: Final = (
    Section(_("Numbers"), ("siren", "registration_number", "tax_number")),
    Section(_("Address"), ("street", "postal_code", "city", "country")),
    Section(_("Whom to ask"), ("first_name", "last_name", "telephone", "email")),
)

COMPANY: Final = Resource(
    name="auditfiles.company",
    path="company",
    model=ReportingCompany,
    view=FILE_VIEW,
    label=_("Company in audit files"),
    label_many=_("Company in audit files"),
    icon="building",
    help=_("What audit files say of the company: numbers, address, and whom to ask."),
    columns=(
        Column(
            "registration_number",
            _("Registration number"),
            ReportingCompany.registration_number,
            Kind.CODE,
            link=True,
        ),
        Column("tax_number", _("Tax registration number"), ReportingCompany.tax_number, Kind.CODE),
        Column("siren", _("SIREN"), ReportingCompany.siren, Kind.CODE),
        Column("street", _("Street and number"), ReportingCompany.street),
        Column("postal_code", _("Postal code"), ReportingCompany.postal_code),
        Column("city", _("City"), ReportingCompany.city),
        Column("country", _("Country"), ReportingCompany.country),
        Column("first_name", _("First name"), ReportingCompany.first_name),
        Column("last_name", _("Last name"), ReportingCompany.last_name),
        Column("telephone", _("Telephone"), ReportingCompany.telephone),
        Column("email", _("E-mail"), ReportingCompany.email),
    ),
    title=lambda _row: translate("Company in audit files"),
    sections=_PARTS,
    create=Operation(
        enter_company, EnterCompany, COMPANY_EDIT, _("Enter"), sections=_PARTS, done=_("Saved.")
    ),
    update=Operation(
        edit_company, EditCompany, COMPANY_EDIT, _("Edit"), sections=_PARTS, done=_("Saved.")
    ),
    empty=Empty(
        _("Nothing entered yet"),
        _("Audit files say how authorities know the company, and whom they can ask."),
        "building",
    ),
)

RESOURCES: Final = (COMPANY,)
