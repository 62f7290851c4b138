"""The pages of the plugin's records, from one declaration each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for

from backstay.spi import (
    Action,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Panel,
    Resource,
    Section,
    company_of,
    context_of,
    resource_url,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_auditfiles.models import AuditFile, AuditFileState, ReportingCompany
from backstay_auditfiles.permissions import COMPANY_EDIT, FILE_MAKE, FILE_TAKE, FILE_VIEW
from backstay_auditfiles.services.company import (
    EditCompany,
    EnterCompany,
    edit_company,
    enter_company,
)
from backstay_auditfiles.services.files import (
    FORMS,
    MakeAgain,
    MakeAuditFile,
    make_again,
    make_audit_file,
    year_choices,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_STATES: Final = (
    Choice(AuditFileState.WAITING.value, _("Being made"), "info"),
    Choice(AuditFileState.READY.value, _("Ready"), "ok"),
    Choice(AuditFileState.REFUSED.value, _("Refused"), "bad"),
)


def _file(session: Session, row: AuditFile) -> dict[str, Any]:
    """What is to be said of the file, for ``auditfiles/file.html``."""
    download = None
    if row.state is AuditFileState.READY and context_of(session).may(FILE_TAKE):
        here = url_for("auditfiles.content", company=company_of(session).code, id=row.id)
        download = ui.Button(translate("Download %(name)s", name=row.name), here, "download")
    company = None
    if row.state is AuditFileState.REFUSED and context_of(session).may(COMPANY_EDIT):
        company = ui.Button(
            translate("Company in audit files"), resource_url("auditfiles.company"), "building"
        )
    return {
        "waiting": row.state is AuditFileState.WAITING,
        "refused": row.state is AuditFileState.REFUSED,
        "said": row.said.splitlines(),
        "download": download,
        "company": company,
    }


def _latest_year(session: Session, _new: None) -> dict[str, Any]:
    years = year_choices(session)
    return {"form": FORMS[0].value, "fiscal_year": years[0].value if years else ""}


def _title(row: AuditFile) -> str:
    form = next(str(one.label) for one in FORMS if one.value == row.form)
    return f"{form} {row.fiscal_year or f'{row.starts_on} / {row.ends_on}'}"


FILES: Final = Resource(
    name="auditfiles.file",
    path="files",
    model=AuditFile,
    view=FILE_VIEW,
    label=_("Audit file"),
    label_many=_("Audit files"),
    icon="file-text",
    help=_(
        "The books of a year as an authority or an auditor asks for them. Each file is read back"
        " and compared with the books before it can be downloaded."
    ),
    columns=(
        Column("form", _("Form"), AuditFile.form, choices=FORMS, link=True),
        Column("fiscal_year", _("Fiscal year"), AuditFile.fiscal_year, Kind.CODE),
        Column("starts_on", _("First day"), AuditFile.starts_on, Kind.DATE),
        Column("ends_on", _("Last day"), AuditFile.ends_on, Kind.DATE),
        Column("state", _("State"), AuditFile.state, Kind.STATE, _STATES),
        Column("entries", _("Entries"), AuditFile.entries, Kind.NUMBER, total=False),
        Column("lines", _("Lines"), AuditFile.lines, Kind.NUMBER, total=False, in_list=False),
        Column("debit", _("Debit"), AuditFile.debit, Kind.MONEY, total=False),
        Column("credit", _("Credit"), AuditFile.credit, Kind.MONEY, total=False),
        Column(
            "accounts", _("Accounts"), AuditFile.accounts, Kind.NUMBER, total=False, in_list=False
        ),
        Column("name", _("File name"), AuditFile.name, in_list=False),
        Column("size", _("Bytes"), AuditFile.size, Kind.NUMBER, total=False, in_list=False),
        Column("sha256", _("SHA-256"), AuditFile.sha256, Kind.CODE, in_list=False),
        Column("said", _("Notes"), AuditFile.said, in_list=False),
        Column("made_by", _("Asked for by"), AuditFile.made_by),
        Column("made_at", _("Asked for at"), AuditFile.made_at, Kind.INSTANT, sortable=True),
    ),
    filters=(
        Filter("state", _("State"), AuditFile.state, _STATES),
        Filter("form", _("Form"), AuditFile.form, FORMS, kind="select"),
    ),
    order=("-made_at",),
    title=_title,
    sections=(
        Section(_("Asked for"), ("form", "fiscal_year", "starts_on", "ends_on")),
        Section(_("Control totals"), ("entries", "lines", "debit", "credit", "accounts")),
        Section(_("File"), ("name", "size", "sha256", "made_by", "made_at")),
    ),
    state="state",
    create=Operation(
        make_audit_file,
        MakeAuditFile,
        FILE_MAKE,
        _("Make an audit file"),
        initial=_latest_year,
        sections=(Section(_("Books of"), ("form", "fiscal_year", "start", "end")),),
        done=_("The file is being made."),
        submit=_("Make the file"),
    ),
    actions=(
        Action(
            "make_again",
            Operation(
                make_again,
                MakeAgain,
                FILE_MAKE,
                _("Make again"),
                help=_("Where its job was cancelled or failed."),
                done=_("The file is being made."),
            ),
            icon="refresh",
            states=(AuditFileState.WAITING.value,),
            past=_("had this made again"),
        ),
    ),
    panels=(Panel(_("Result"), "auditfiles/file.html", _file),),
    empty=Empty(
        _("No audit files yet"),
        _("Make one of a fiscal year: it is written, read back and compared with the books."),
        "file-text",
    ),
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

RESOURCES: Final = (FILES, COMPANY)
