"""Tax codes, boxes and rounding as lists, records and forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import aliased

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
    redirect_to,
    resource_url,
    today,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.models import Account
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW, TAX_EDIT
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.tax.boxes import (
    BOX_KINDS,
    POLICIES,
    ChangeRounding,
    CreateBox,
    DeleteBox,
    EditBox,
    SetRounding,
    box_in_use,
    change_rounding,
    create_box,
    delete_box,
    edit_box,
    set_rounding,
)
from backstay_ledger.tax.codes import (
    add_rate,
    code_in_use,
    create_tax_code,
    delete_tax_code,
    edit_tax_code,
)
from backstay_ledger.tax.commands import (
    TAX_USES,
    AddRate,
    CreateTaxCode,
    DeleteTaxCode,
    EditTaxCode,
)
from backstay_ledger.tax.models import TaxBox, TaxCode, TaxPart, TaxRate, TaxRounding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

_RATE: Final = (
    select(TaxRate.rate)
    .where(TaxRate.code_id == TaxCode.id)
    .order_by(TaxRate.valid_from.desc())
    .limit(1)
    .correlate(TaxCode)
    .scalar_subquery()
)


def _percent(rate: Any) -> str:
    return f"{rate.normalize():f} %"


def _to_the_codes(_session: Session, _nothing: None) -> Response:
    return redirect_to(resource_url("ledger.tax_code"))


def _to_the_boxes(_session: Session, _nothing: None) -> Response:
    return redirect_to(resource_url("ledger.tax_box"))


def _active(_session: Session) -> Sequence[ColumnElement[bool]]:
    return (TaxCode.active.is_(True),)


def _new_code(session: Session, _nothing: object) -> dict[str, Any]:
    return {"valid_from": today(company_of(session).time_zone).replace(month=1, day=1)}


def _new_rate(session: Session, _code: TaxCode) -> dict[str, Any]:
    return {"valid_from": today(company_of(session).time_zone)}


def _rates_and_parts(session: Session, code: TaxCode) -> dict[str, Any]:
    """The dated rates of a code, and where its tax goes."""
    figures = Figures(session)
    waiting = aliased(Account)
    parts = session.execute(
        select(TaxPart, Account.code, Account.name, waiting.code, TaxBox.code)
        .outerjoin(Account, Account.id == TaxPart.account_id)
        .outerjoin(waiting, waiting.id == TaxPart.waiting_account_id)
        .outerjoin(TaxBox, TaxBox.id == TaxPart.box_id)
        .where(TaxPart.code_id == code.id)
        .order_by(TaxPart.position)
    ).all()
    rates = session.scalars(
        select(TaxRate).where(TaxRate.code_id == code.id).order_by(TaxRate.valid_from.desc())
    )
    return {
        "rate_heads": heads(("from", translate("From"), False), ("rate", translate("Rate"), True)),
        "rates": tuple(
            ui.Row(
                (
                    ui.Cell(figures.day(one.valid_from), "date"),
                    ui.Cell(_percent(one.rate), "number"),
                )
            )
            for one in rates
        ),
        "part_heads": heads(
            ("share", translate("Share of the tax"), True),
            ("account", translate("Account"), False),
            ("waiting", translate("Until paid"), False),
            ("box", translate("Box"), False),
        ),
        "parts": tuple(
            ui.Row(
                (
                    ui.Cell(_percent(part.factor * 100), "number"),
                    ui.Cell(
                        f"{account} {name}"
                        if account
                        else translate("by role %(role)s", role=part.role)
                        if part.role
                        else translate("the account of the line")
                    ),
                    ui.Cell(until or ""),
                    ui.Cell(box or ""),
                )
            )
            for part, account, name, until, box in parts
        ),
    }


TAX_CODES: Final = Resource(
    name="ledger.tax_code",
    path="tax-codes",
    model=TaxCode,
    view=BOOKS_VIEW,
    export=BOOKS_EXPORT,
    label=_("Tax code"),
    label_many=_("Tax codes"),
    icon="receipt-2",
    help=_("Type a code on a line, and the lines of tax are added."),
    columns=(
        Column("code", _("Code"), TaxCode.code, Kind.CODE, sortable=True, link=True),
        Column("name", _("Name"), TaxCode.name, link=True),
        Column("use", _("On"), TaxCode.use, choices=TAX_USES),
        Column("rate", _("Latest rate"), _RATE, format=_percent),
        Column("included", _("Amounts contain it"), TaxCode.included, Kind.BOOL, in_list=False),
        Column("feeds", _("In later bases"), TaxCode.feeds, Kind.BOOL, in_list=False),
        Column("fed", _("Earlier in its base"), TaxCode.fed, Kind.BOOL, in_list=False),
        Column(
            "single_threshold",
            _("Withheld from a bill of"),
            TaxCode.single_threshold,
            Kind.MONEY,
            in_list=False,
            total=False,
        ),
        Column(
            "cumulative_threshold",
            _("Withheld from bills of a year of"),
            TaxCode.cumulative_threshold,
            Kind.MONEY,
            in_list=False,
            total=False,
        ),
        Column("cash_basis", _("Cash basis"), TaxCode.cash_basis, Kind.BOOL),
        Column("active", _("Active"), TaxCode.active, Kind.BOOL),
    ),
    filters=(
        Filter("use", _("On"), TaxCode.use, TAX_USES),
        Filter(
            "active",
            _("Active"),
            TaxCode.active,
            (Choice("1", _("Active")), Choice("0", _("Inactive"))),
        ),
    ),
    search=(TaxCode.code, TaxCode.name),
    search_label=_("Search by code or name"),
    order=("code",),
    title=lambda code: str(code.label),
    sections=(
        Section(
            _("Tax"),
            (
                "code",
                "name",
                "use",
                "rate",
                "valid_from",
                "account_id",
                "role",
                "box_id",
                "cash_basis",
                "active",
            ),
        ),
        Section(_("Computation"), ("included", "feeds", "fed")),
        Section(
            _("Special cases"),
            (
                "deductible",
                "other_account_id",
                "other_box_id",
                "waiting_account_id",
                "single_threshold",
                "cumulative_threshold",
            ),
        ),
    ),
    panels=(Panel(_("Rates and accounts"), "ledger/tax_code.html", _rates_and_parts, flush=True),),
    create=Operation(
        create_tax_code,
        CreateTaxCode,
        TAX_EDIT,
        _("New tax code"),
        initial=_new_code,
        example={"role": "vat_output"},
        done=_("Tax code created."),
    ),
    update=Operation(
        edit_tax_code, EditTaxCode, TAX_EDIT, _("Edit tax code"), done=_("Tax code saved.")
    ),
    actions=(
        Action(
            "rate",
            Operation(
                add_rate,
                AddRate,
                TAX_EDIT,
                _("New rate"),
                initial=_new_rate,
                help=_("The rate before holds until the day before."),
                done=_("The rate was added."),
            ),
            icon="plus",
            past=_("added a rate"),
        ),
        Action(
            "delete",
            Operation(
                delete_tax_code,
                DeleteTaxCode,
                TAX_EDIT,
                _("Delete tax code"),
                done=_("Tax code deleted."),
                respond=_to_the_codes,
            ),
            icon="trash",
            danger=True,
            confirm=_("Delete this tax code? No entry has it, so nothing else changes."),
            refuses=code_in_use,
        ),
    ),
    empty=Empty(
        _("No tax codes yet"),
        _("Make a code for each rate you charge and pay, with the account its tax goes to."),
        "receipt-2",
    ),
    picker_label=lambda code: str(code.label),
    picker_criteria=_active,
)

TAX_BOXES: Final = Resource(
    name="ledger.tax_box",
    path="tax-boxes",
    model=TaxBox,
    view=BOOKS_VIEW,
    label=_("Box"),
    label_many=_("Boxes of the return"),
    icon="layout-rows",
    help=_("Each tax code counts in one of them, or in two for a reverse charge."),
    columns=(
        Column("code", _("Code"), TaxBox.code, Kind.CODE, sortable=True, link=True),
        Column("name", _("Name"), TaxBox.name, link=True),
        Column("kind", _("Kind"), TaxBox.kind, choices=BOX_KINDS),
    ),
    search=(TaxBox.code, TaxBox.name),
    search_label=_("Search by code or name"),
    order=("code",),
    title=lambda box: str(box.label),
    sections=(Section(_("Box"), ("code", "name", "kind")),),
    create=Operation(create_box, CreateBox, TAX_EDIT, _("New box"), done=_("Box created.")),
    update=Operation(edit_box, EditBox, TAX_EDIT, _("Edit box"), done=_("Box saved.")),
    actions=(
        Action(
            "delete",
            Operation(
                delete_box,
                DeleteBox,
                TAX_EDIT,
                _("Delete box"),
                done=_("Box deleted."),
                respond=_to_the_boxes,
            ),
            icon="trash",
            danger=True,
            confirm=_("Delete this box? Nothing counts in it."),
            refuses=box_in_use,
        ),
    ),
    empty=Empty(
        _("No boxes yet"),
        _("Make the boxes of your authority's form, as it numbers them."),
        "layout-rows",
    ),
    picker_label=lambda box: str(box.label),
)

TAX_ROUNDINGS: Final = Resource(
    name="ledger.tax_rounding",
    path="tax-rounding",
    model=TaxRounding,
    view=BOOKS_VIEW,
    label=_("Rounding of taxes"),
    label_many=_("Rounding of taxes"),
    icon="settings",
    help=_(
        "Where taxes are rounded, and to what. Without a policy each tax of each line is rounded to"
        " the currency's smallest unit."
    ),
    columns=(
        Column("valid_from", _("From"), TaxRounding.valid_from, Kind.DATE, link=True),
        Column("policy", _("Rounded"), TaxRounding.policy, choices=POLICIES),
        Column("unit", _("To"), TaxRounding.unit, Kind.MONEY, total=False),
    ),
    order=("-valid_from",),
    title=lambda rounding: rounding.audit_label(),
    sections=(Section(_("Rounding of taxes"), ("valid_from", "policy", "unit")),),
    create=Operation(set_rounding, SetRounding, TAX_EDIT, _("New policy"), done=_("Policy saved.")),
    update=Operation(
        change_rounding, ChangeRounding, TAX_EDIT, _("Edit policy"), done=_("Policy saved.")
    ),
    empty=Empty(
        _("No policy yet"),
        _("Each tax of each line is rounded to the currency's smallest unit."),
        "settings",
    ),
)
TAX_RESOURCES: Final[tuple[Resource, ...]] = (TAX_CODES, TAX_BOXES, TAX_ROUNDINGS)
