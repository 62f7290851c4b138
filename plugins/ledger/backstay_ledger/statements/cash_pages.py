"""The cash flow statement on screen and as files, by either way of explaining it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from backstay.spi import company_of, context, page, requires, resource_url, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import day_control
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW, STATEMENT_EDIT
from backstay_ledger.resources.figures import Figures
from backstay_ledger.statements.asked import asked_span
from backstay_ledger.statements.behind import CASH
from backstay_ledger.statements.cash_flow import CashFlow, NoCashAccounts, cash_flow
from backstay_ledger.statements.cash_table import ACTIVITY_HEADINGS, EXCHANGE_HEADING, cash_table
from backstay_ledger.statements.downloads import as_csv, as_workbook
from backstay_ledger.statements.kinds import Activity, Part
from backstay_ledger.statements.pages import (
    card,
    change_cells,
    choices,
    column_heads,
    days_query,
)

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.statements.asked import Asked
    from backstay_ledger.statements.cash_flow import CashFlowRow
    from backstay_ledger.statements.columns import Column
    from backstay_ledger.statements.compute import Amounts
    from backstay_ledger.statements.tables import Table

INDIRECT = "indirect"


@blueprint.get("/cash-flow", endpoint="cash_flow")
@requires(BOOKS_VIEW)
def show_cash_flow() -> Response:
    """Where cash came from and where it went."""
    db = session()
    asked = asked_span(db, request.args)
    try:
        flow = cash_flow(db, asked.tree, asked.columns, direct=_direct())
    except NoCashAccounts as error:
        return page("report.html", page=_without_cash(asked, str(error)))
    return page("report.html", page=_report(db, flow, asked))


@blueprint.get("/cash-flow.csv", endpoint="cash_flow_csv")
@requires(BOOKS_EXPORT)
def cash_flow_as_csv() -> Response:
    """The cash flow statement as a file."""
    return as_csv(_table())


@blueprint.get("/cash-flow.xlsx", endpoint="cash_flow_xlsx")
@requires(BOOKS_EXPORT)
def cash_flow_as_workbook() -> Response:
    """The cash flow statement as a workbook."""
    return as_workbook(_table())


def _direct() -> bool:
    return request.args.get("method", "") != INDIRECT


def _table() -> Table:
    db = session()
    asked = asked_span(db, request.args)
    flow = cash_flow(db, asked.tree, asked.columns, direct=_direct())
    return replace(cash_table(flow), of=asked.label)


def _controls(db: Session, asked: Asked, *, direct: bool) -> tuple[ui.FilterControl, ...]:
    method = ui.FilterControl(
        "method",
        _("Method"),
        "select",
        (
            ui.FilterChoice("", _("Direct"), direct),
            ui.FilterChoice(INDIRECT, _("Indirect"), not direct),
        ),
        "" if direct else INDIRECT,
    )
    days = asked.columns[0]
    return (
        day_control("from", _("From"), days.start),
        day_control("to", _("To"), days.end),
        method,
        *(one for one in choices(db, asked) if one.name != "accounts"),
    )


def _without_cash(asked: Asked, said: str) -> ui.ReportPage:
    name = None
    if context().may(STATEMENT_EDIT):
        href = resource_url("ledger.cash_account", "create")
        name = ui.Button(_("Name a cash account"), href, "plus", "primary")
    return ui.ReportPage(
        title=_("Cash flow"),
        heads=(),
        groups=(),
        notes=asked.notes,
        empty=ui.EmptyState(_("No cash accounts named"), said, name, "coins"),
    )


def _report(db: Session, flow: CashFlow, asked: Asked) -> ui.ReportPage:
    figures = Figures(db)
    company, days = company_of(db), flow.columns[0]
    query: dict[str, Any] = days_query(Part.PROFIT_LOSS, days) | asked.query
    if not flow.direct:
        query["method"] = INDIRECT
    exports: tuple[ui.Button, ...] = ()
    if context().may(BOOKS_EXPORT):
        exports = tuple(
            ui.Button(label, url_for(f"ledger.cash_flow_{form}", **query), "download", "ghost")
            for form, label in (("csv", _("CSV")), ("xlsx", _("Spreadsheet")))
        )
    off = next((one for one in flow.out_by if one), None)
    return ui.ReportPage(
        title=_("Cash flow"),
        subtitle=_(
            "%(company)s · %(start)s to %(end)s · %(currency)s",
            company=company.name,
            start=figures.day(days.start),
            end=figures.day(days.end),
            currency=company.currency,
        ),
        help=_("Each entry that moved cash, by the accounts on its other side.")
        if flow.direct
        else _("The result, and what changed on the other accounts of the balance sheet."),
        heads=column_heads(figures, Part.PROFIT_LOSS, flow.columns),
        groups=(
            *(
                _group(figures, flow, activity)
                for activity in Activity
                if any(row.activity is activity for row in flow.rows)
            ),
            _cash(figures, flow),
        ),
        url=url_for("ledger.cash_flow"),
        params=_controls(db, asked, direct=flow.direct),
        exports=exports,
        status=ui.Tag(_("Agrees with cash"), "ok")
        if off is None
        else ui.Tag(_("Out by %(amount)s", amount=figures.text(abs(off))), "bad"),
        notes=asked.notes,
    )


def _group(figures: Figures, flow: CashFlow, activity: Activity) -> ui.ReportGroup:
    rows = [_line(figures, flow, row) for row in flow.rows if row.activity is activity]
    heading = ACTIVITY_HEADINGS[activity]
    total = flow.total(activity)
    return ui.ReportGroup(
        tuple(rows),
        label=heading,
        totals=(
            ui.Cell(_("Cash from %(what)s", what=str(heading).lower())),
            *(figures.cell(one) for one in total),
            *change_cells(figures, total),
        ),
    )


def _line(figures: Figures, flow: CashFlow, row: CashFlowRow) -> ui.Row:
    def behind(column: Column) -> str:
        if row.account_id is not None:
            return card(row.account_id, column.start, column.end)
        return url_for("ledger.profit_loss", **days_query(Part.PROFIT_LOSS, column))

    return ui.Row(
        (
            ui.Cell(f"{row.code} {row.heading}".strip(), "prose"),
            *(
                figures.cell(amount, behind(column))
                for amount, column in zip(row.amounts, flow.columns, strict=True)
            ),
            *change_cells(figures, row.amounts),
        ),
        depth=1,
    )


def _cash(figures: Figures, flow: CashFlow) -> ui.ReportGroup:
    def row(heading: str, amounts: Amounts) -> ui.Row:
        hrefs = (
            url_for("ledger.statement_rows", node=CASH, **days_query(Part.PROFIT_LOSS, column))
            for column in flow.columns
        )
        return ui.Row(
            (
                ui.Cell(heading),
                *(figures.cell(amount, href) for amount, href in zip(amounts, hrefs, strict=True)),
                *change_cells(figures, amounts),
            ),
            strong=True,
        )

    return ui.ReportGroup(
        (
            *((row(str(EXCHANGE_HEADING), flow.exchange),) if any(flow.exchange) else ()),
            row(_("Change in cash"), flow.change),
            row(_("Cash at the beginning"), flow.opening),
            row(_("Cash at the end"), flow.closing),
        )
    )
