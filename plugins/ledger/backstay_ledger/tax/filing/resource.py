"""Filed tax returns as list and record, and the form that files one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for
from sqlalchemy import case, func, select

from backstay.spi import (
    Column,
    Empty,
    Kind,
    Money,
    Operation,
    Panel,
    Resource,
    Section,
    company_of,
    context,
    resource_url,
    today,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW, TAX_FILE
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.tax.boxes import BOX_KINDS
from backstay_ledger.tax.filing.filing import (
    FileReturn,
    due_of,
    file_return,
    filed_boxes,
    is_unchanged,
)
from backstay_ledger.tax.filing.models import TaxFiling, TaxFilingBox
from backstay_ledger.tax.models import BoxKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_KINDS: Final = {choice.value: choice.label for choice in BOX_KINDS}
_DUE: Final = (
    select(
        func.coalesce(
            func.sum(
                case(
                    (TaxFilingBox.kind == BoxKind.PAYABLE, TaxFilingBox.tax),
                    (TaxFilingBox.kind == BoxKind.DEDUCTIBLE, -TaxFilingBox.tax),
                    else_=0,
                ),
                type_=Money(),
            ),
            0,
            type_=Money(),
        )
    )
    .where(TaxFilingBox.filing_id == TaxFiling.id, TaxFilingBox.company_id == TaxFiling.company_id)
    .correlate(TaxFiling)
    .scalar_subquery()
)


def _boxes(session: Session, filing: TaxFiling) -> dict[str, Any]:
    """The figures as they were filed, the files, and, if asked, whether all is as it was."""
    figures = Figures(session)
    boxes = filed_boxes(session, filing)
    rows = [
        ui.Row(
            (
                ui.Cell(box.code, "code"),
                ui.Cell(box.name or translate("Without a box")),
                ui.Cell(str(_KINDS[box.kind.value])),
                figures.cell(box.base),
                figures.cell(box.tax),
                ui.Cell(figures.count(box.n), "number"),
            )
        )
        for box in boxes
    ]
    due = due_of(boxes)
    return {
        "heads": heads(
            ("box", translate("Box"), False),
            ("name", translate("Name"), False),
            ("kind", translate("Kind"), False),
            ("base", translate("Base"), True),
            ("tax", translate("Tax"), True),
            ("n", translate("Lines"), True),
        ),
        "rows": tuple(rows),
        "totals": (
            ui.Cell(translate("To be paid") if due >= 0 else translate("To be paid back")),
            ui.Cell(""),
            ui.Cell(""),
            ui.Cell(""),
            figures.cell(abs(due)),
            ui.Cell(""),
        ),
        "files": tuple(
            (label, url_for(endpoint, id=filing.id))
            for label, endpoint in (
                (translate("CSV"), "ledger.tax_filing_csv"),
                (translate("Workbook"), "ledger.tax_filing_xlsx"),
                (translate("JSON"), "ledger.tax_filing_json"),
            )
        )
        if context().may(BOOKS_EXPORT)
        else (),
        "verify": resource_url("ledger.tax_filing", "record", id=filing.id, verify=1),
        "notes": (_verified(session, filing),) if request.args.get("verify") else (),
    }


def _verified(session: Session, filing: TaxFiling) -> ui.Note:
    if is_unchanged(session, filing):
        said = translate("Boxes and rows are those that were filed: their hash agrees.")
        return ui.Note(said, "ok")
    said = translate("Boxes or rows are not those that were filed: their hash differs.")
    return ui.Note(said, "bad")


def _last_month(session: Session, _nothing: object) -> dict[str, Any]:
    """The month after the last return, or the one before today's."""
    last = session.scalar(
        select(func.max(TaxFiling.ends_on)).where(TaxFiling.company_id == company_of(session).id)
    )
    first_of_month = today(company_of(session).time_zone).replace(day=1)
    if last is None:
        ends_on = first_of_month - timedelta(days=1)
        return {"starts_on": ends_on.replace(day=1), "ends_on": ends_on}
    starts_on = last + timedelta(days=1)
    following = (starts_on.replace(day=1) + timedelta(days=32)).replace(day=1)
    registration = session.scalar(
        select(TaxFiling.registration)
        .where(TaxFiling.company_id == company_of(session).id)
        .order_by(TaxFiling.number.desc())
        .limit(1)
    )
    return {
        "starts_on": starts_on,
        "ends_on": following - timedelta(days=1),
        "registration": registration or "",
    }


TAX_FILINGS: Final = Resource(
    name="ledger.tax_filing",
    path="tax-returns",
    model=TaxFiling,
    view=BOOKS_VIEW,
    export=BOOKS_EXPORT,
    label=_("Filed tax return"),
    label_many=_("Filed tax returns"),
    icon="receipt-2",
    help=_("What was reported, as it was then. Each row of tax is in one return only."),
    columns=(
        Column("number", _("Number"), TaxFiling.number, Kind.NUMBER, sortable=True, link=True),
        Column("starts_on", _("From"), TaxFiling.starts_on, Kind.DATE, sortable=True),
        Column("ends_on", _("To"), TaxFiling.ends_on, Kind.DATE, sortable=True),
        Column("registration", _("Registration"), TaxFiling.registration),
        Column("due", _("To be paid"), _DUE, Kind.MONEY, total=False),
        Column("late", _("With late entries"), TaxFiling.late, Kind.BOOL, in_list=False),
        Column("filed_by", _("Filed by"), TaxFiling.filed_by),
        Column("filed_at", _("Filed at"), TaxFiling.filed_at, Kind.INSTANT),
        Column("digest", _("Hash"), TaxFiling.digest, Kind.CODE, in_list=False),
    ),
    search=(TaxFiling.registration,),
    search_label=_("Search by registration"),
    order=("-number",),
    title=lambda filing: str(filing.label),
    sections=(
        Section(
            _("Tax return"),
            (
                "number",
                "starts_on",
                "ends_on",
                "registration",
                "late",
                "due",
                "filed_by",
                "filed_at",
                "digest",
            ),
        ),
    ),
    panels=(Panel(_("Boxes as filed"), "ledger/tax_filing.html", _boxes, flush=True),),
    create=Operation(
        file_return,
        FileReturn,
        TAX_FILE,
        _("File tax return"),
        initial=_last_month,
        help=_(
            "Its figures are kept as they are now, and entries with tax are locked up to its last"
            " day. Filing the same days again has only what was posted since: the correction."
        ),
        done=_("Tax return filed."),
        submit=_("File tax return"),
    ),
    empty=Empty(
        _("No tax return was filed yet"),
        _("File the return of a month or a quarter once its entries are complete."),
        "receipt-2",
    ),
)
