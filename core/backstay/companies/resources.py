"""The pages of companies; the form of a new one asks the questions of the running plugins too."""

from __future__ import annotations

from dataclasses import field, fields, make_dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from flask import Blueprint, Response

from backstay.access.core_permissions import COMPANY_CREATE, COMPANY_EDIT, COMPANY_VIEW
from backstay.companies.models import Company, CompanyState
from backstay.companies.services import (
    MONTHS,
    ArchiveCompany,
    CreateCompany,
    EditCompany,
    ReopenCompany,
    archive_company,
    create_company,
    edit_company,
    reopen_company,
    setup_choices,
)
from backstay.i18n import gettext
from backstay.i18n import lazy as _
from backstay.kernel.suite import suite_of
from backstay.resources.declare import (
    Action,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Related,
    Resource,
    Section,
)
from backstay.resources.fields import ChoiceField, TextField
from backstay.web.blueprint import requires

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

    from backstay.companies.declare import SetupChoice

blueprint = Blueprint("company_pages", __name__, url_prefix="/admin/companies")

STATES = (
    Choice(CompanyState.ACTIVE.value, _("Active"), "ok"),
    Choice(CompanyState.ARCHIVED.value, _("Archived"), "neutral", _("Can be read, not written.")),
)
_MONTH_NAMES = {int(choice.value): choice.label for choice in MONTHS}
_OWN = frozenset(one.name for one in fields(CreateCompany))


def _title(company: Company) -> str:
    return company.name


def _picked(company: Company) -> str:
    return f"{company.code} {company.name}"


def _present(_session: Session, company: Company | None) -> dict[str, Any]:
    if company is None:
        return {}
    return {
        "name": company.name,
        "fiscal_year_start": str(company.fiscal_year_start),
        "time_zone": company.time_zone,
    }


@lru_cache(maxsize=8)
def creation_command(questions: tuple[SetupChoice, ...]) -> type[CreateCompany]:
    """The command of the form: core's fields and one for each question of a plugin."""
    return make_dataclass(
        "CreateCompanyWithSetup",
        [
            (
                question.name,
                Annotated[
                    str,
                    ChoiceField(
                        label=question.label,
                        help=question.help,
                        choices=question.choices,
                        blank=_("None"),
                    ),
                ],
                field(default=question.default),
            )
            for question in questions
        ]
        + [
            (
                one.name,
                Annotated[
                    str,
                    TextField(
                        label=one.label,
                        help=one.help,
                        example=one.example,
                        max_length=one.max_length,
                    ),
                ],
                field(default=""),
            )
            for question in questions
            for one in question.details
        ],
        bases=(CreateCompany,),
        frozen=True,
        slots=True,
        kw_only=True,
    )


def asked_names(questions: Iterable[SetupChoice]) -> Iterator[str]:
    """The names of the fields: of each question, and of what is asked besides."""
    for question in questions:
        yield question.name
        yield from (one.name for one in question.details)


def create_with_setup(session: Session, command: CreateCompany) -> Company:
    """Create a company from the form: the plugins' answers are fields beside core's own."""
    questions = setup_choices(suite_of(session))
    core = {name: getattr(command, name) for name in _OWN - {"setup"}}
    answers = tuple((name, str(getattr(command, name))) for name in asked_names(questions))
    return create_company(session, CreateCompany(**core, setup=answers))


@blueprint.route("/new", methods=["GET", "POST"])
@requires(COMPANY_CREATE)
def create() -> Response:
    """The form of a new company."""
    from dataclasses import replace

    from backstay.lists.query import ResourceQuery
    from backstay.resources.routes import ResourceViews
    from backstay.web.request import suite

    questions = setup_choices(suite())
    operation = COMPANIES.create
    assert operation is not None  # noqa: S101 - declared below
    sections = operation.sections
    if questions:
        sections += (
            Section(
                gettext("To begin with"),
                tuple(asked_names(questions)),
                gettext("What the modules set up; all of it can be changed later."),
            ),
        )
    resource = replace(
        COMPANIES,
        create_endpoint="",
        create=replace(
            operation,
            service=create_with_setup,
            command=creation_command(questions),
            sections=sections,
        ),
    )
    return ResourceViews(resource, {resource.name: ResourceQuery(resource)}).create()


COMPANIES = Resource(
    name="core.company",
    path="companies",
    model=Company,
    view=COMPANY_VIEW,
    label=_("Company"),
    label_many=_("Companies"),
    icon="building",
    help=_("Each company keeps books of its own, in one currency. Their records never mix."),
    columns=(
        Column("code", _("Code"), Company.code, sortable=True, link=True),
        Column("name", _("Name"), Company.name),
        Column("currency", _("Currency"), Company.currency, Kind.CODE),
        Column(
            "fiscal_year_start",
            _("Fiscal year begins in"),
            Company.fiscal_year_start,
            format=lambda month: str(_MONTH_NAMES.get(month, month)),
        ),
        Column("state", _("State"), Company.state, Kind.STATE, choices=STATES),
        Column("minor_units", _("Decimals"), Company.minor_units, Kind.NUMBER, in_list=False),
        Column("time_zone", _("Time zone"), Company.time_zone, in_list=False),
    ),
    filters=(Filter("state", _("State"), Company.state, STATES),),
    search=(Company.code, Company.name),
    search_label=_("Search by code or name"),
    order=("code",),
    sections=(
        Section(_("Company"), ("code", "name", "state")),
        Section(_("Books"), ("currency", "minor_units", "fiscal_year_start", "time_zone")),
    ),
    title=_title,
    picker_label=_picked,
    state="state",
    create=Operation(
        create_company,
        CreateCompany,
        COMPANY_CREATE,
        _("New company"),
        sections=(
            Section(_("Company"), ("code", "name")),
            Section(
                _("Books"),
                ("currency", "fiscal_year_start", "time_zone"),
                _("The currency stays for good, as every amount is kept in it."),
            ),
        ),
        done=_("The company is ready."),
    ),
    create_endpoint="company_pages.create",
    update=Operation(
        edit_company,
        EditCompany,
        COMPANY_EDIT,
        _("Edit"),
        initial=_present,
        sections=(
            Section(_("Company"), ("name",)),
            Section(_("Books"), ("fiscal_year_start", "time_zone")),
        ),
    ),
    update_states=(CompanyState.ACTIVE.value,),
    actions=(
        Action(
            "archive",
            Operation(
                archive_company,
                ArchiveCompany,
                COMPANY_EDIT,
                _("Archive"),
                help=_("It can still be read and exported, but nobody can write to it."),
                done=_("The company is archived."),
            ),
            icon="box",
            states=(CompanyState.ACTIVE.value,),
            leads_to=CompanyState.ARCHIVED.value,
            past=_("archived this"),
            danger=True,
        ),
        Action(
            "reopen",
            Operation(
                reopen_company,
                ReopenCompany,
                COMPANY_EDIT,
                _("Reopen"),
                done=_("The company can be written to again."),
            ),
            icon="rotate",
            states=(CompanyState.ARCHIVED.value,),
            leads_to=CompanyState.ACTIVE.value,
            past=_("reopened this"),
            primary=True,
        ),
    ),
    related=(
        Related(_("Roles given for it"), "core.grant", "company", None, "key"),
        Related(_("Audit trail"), "core.audit", "company", None, "history"),
    ),
    empty=Empty(
        _("No company yet"),
        _("Make one to begin: its chart of accounts can come with it."),
        "building",
    ),
)
