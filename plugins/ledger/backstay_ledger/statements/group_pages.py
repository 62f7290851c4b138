"""Statements of a group of companies: a column each, what was eliminated, and the group."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from backstay.spi import (
    context_elsewhere,
    database,
    ngettext,
    page,
    requires,
    session,
    suite,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import day_control
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.statements.asked import asked_as_of, asked_span
from backstay_ledger.statements.compute import RowKind
from backstay_ledger.statements.consolidation import consolidate
from backstay_ledger.statements.downloads import as_csv, as_workbook
from backstay_ledger.statements.drafting import LAST_OF_PREFIX
from backstay_ledger.statements.group_table import attribution_rows, group_table
from backstay_ledger.statements.groups import load_group
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.pages import choices, days_query
from backstay_ledger.statements.tables import named

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.statements.asked import Asked
    from backstay_ledger.statements.columns import Column
    from backstay_ledger.statements.compute import StatementRow
    from backstay_ledger.statements.consolidation import Consolidated
    from backstay_ledger.statements.group_models import CompanyGroup
    from backstay_ledger.statements.mismatches import Mismatch
    from backstay_ledger.statements.tree import Accounts


@blueprint.get("/company-groups/<int:id>/balance-sheet", endpoint="group_balance_sheet")
@requires(BOOKS_VIEW)
def show_group_balance_sheet(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """The consolidated balance sheet."""
    return _answer(id, Part.BALANCE_SHEET)


@blueprint.get("/company-groups/<int:id>/profit-and-loss", endpoint="group_profit_loss")
@requires(BOOKS_VIEW)
def show_group_profit_and_loss(id: int) -> Response:  # noqa: A002
    """The consolidated profit and loss statement."""
    return _answer(id, Part.PROFIT_LOSS)


@blueprint.get("/company-groups/<int:id>/<name>.<form>", endpoint="group_statement_file")
@requires(BOOKS_EXPORT)
def group_statement_as_file(id: int, name: str, form: str) -> Response:  # noqa: A002
    """A consolidated statement as CSV or, for every other form, as a workbook."""
    part = Part.PROFIT_LOSS if name == "profit-and-loss" else Part.BALANCE_SHEET
    group, asked, found = _read(id, part)
    table = group_table(found, ", ".join(filter(None, (group.name, asked.label))))
    return as_csv(table) if form == "csv" else as_workbook(table)


def in_company(db: Session) -> Any:
    """Opens a reading session in another company, with the rights that the person has there."""

    def opens(code: str) -> AbstractContextManager[Session]:
        return database().read(context_elsewhere(db, code), suite())

    return opens


def _read(group_id: int, part: Part) -> tuple[CompanyGroup, Asked, Consolidated]:
    db = session()
    group = load_group(db, group_id)
    asked = (asked_as_of if part is Part.BALANCE_SHEET else asked_span)(db, request.args)
    found = consolidate(db, group, asked.tree, part, asked.columns[0], in_company(db))
    return group, asked, found


def _answer(group_id: int, part: Part) -> Response:
    group, asked, found = _read(group_id, part)
    db = session()
    figures = Figures(db)
    sheet, wrong = part is Part.BALANCE_SHEET, len(found.mismatches)
    endpoint = "ledger.group_balance_sheet" if sheet else "ledger.group_profit_loss"
    days = asked.columns[0]
    query: dict[str, Any] = days_query(part, days)
    if asked.tree.code:
        query["tree"] = asked.tree.code
    name = "balance-sheet" if sheet else "profit-and-loss"
    shown = ui.ReportPage(
        title=_("Balance sheet of the group") if sheet else _("Profit and loss of the group"),
        subtitle=_subtitle(figures, group, days, part),
        help=_(
            "What stands between two companies is eliminated up to the amount that both have."
            " Every company counts in full; what others own of it is shown as theirs."
        ),
        heads=heads(
            ("heading", _("Item"), False),
            *((code, code, True) for code in found.companies),
            ("eliminations", _("Eliminations"), True),
            ("group", _("Group"), True),
        ),
        groups=_groups(figures, found, part),
        url=url_for(endpoint, id=group.id),
        params=(
            *(
                (day_control("as_of", _("As of"), days.end),)
                if sheet
                else (
                    day_control("from", _("From"), days.start),
                    day_control("to", _("To"), days.end),
                )
            ),
            *(one for one in choices(db, asked) if one.name == "tree"),
        ),
        exports=tuple(
            ui.Button(
                label,
                url_for("ledger.group_statement_file", id=group.id, name=name, form=form, **query),
                "download",
                "ghost",
            )
            for form, label in (("csv", _("CSV")), ("xlsx", _("Spreadsheet")))
        ),
        status=ui.Tag(ngettext("%(n)s mismatch", "%(n)s mismatches", wrong), "warn")
        if wrong
        else ui.Tag(_("No mismatches"), "ok"),
        notes=(
            *(
                ui.Note(f"{one.rule.text}: {one.why}", "warn")
                for one in found.mismatches
                if one.why
            ),
            *translation_notes(found),
        ),
    )
    return page("report.html", page=shown)


def _subtitle(figures: Figures, group: CompanyGroup, days: Column, part: Part) -> str:
    if part is Part.BALANCE_SHEET:
        return _(
            "%(group)s · as of %(day)s · %(currency)s",
            group=group.name,
            day=figures.day(days.end),
            currency=figures.currency,
        )
    return _(
        "%(group)s · %(start)s to %(end)s · %(currency)s",
        group=group.name,
        start=figures.day(days.start),
        end=figures.day(days.end),
        currency=figures.currency,
    )


def translation_notes(found: Consolidated) -> tuple[ui.Note, ...]:
    """Which rates a foreign company was translated at."""
    if not found.foreign:
        return ()
    said = _(
        "%(codes)s keep their books in another currency: assets, liabilities and equity are at the"
        " rate of the last day, income and expenses at the average rate of each month, what was"
        " there when the group took them over at the rate of that day.",
        codes=", ".join(found.foreign),
    )
    return (ui.Note(said, "info"),)


def _groups(figures: Figures, found: Consolidated, part: Part) -> tuple[ui.ReportGroup, ...]:
    groups: list[list[ui.Row]] = []
    for row in found.statement.rows:
        if row.depth == 0:
            groups.append([])
        groups[-1].append(_row(figures, found, row, part))
    shown = [ui.ReportGroup(tuple(rows)) for rows in groups]
    whose = tuple(
        ui.Row((ui.Cell(heading, "prose"), *(figures.cell(one) for one in amounts)), strong=True)
        for _code, heading, amounts in attribution_rows(found)
    )
    if whose:
        shown.append(ui.ReportGroup(whose, label=_("Owners and others")))
    mismatches = [one for one in found.mismatches if not one.why]
    if mismatches:
        rows = tuple(_mismatch(figures, found, one) for one in mismatches)
        shown.append(ui.ReportGroup(rows, label=_("Mismatches, debit positive")))
    return tuple(shown)


def _row(figures: Figures, found: Consolidated, row: StatementRow, part: Part) -> ui.Row:
    column = found.statement.columns[0]
    days: dict[str, Any] = {"from": column.start.isoformat(), "to": column.end.isoformat()}
    statement = "ledger.balance_sheet" if part is Part.BALANCE_SHEET else "ledger.profit_loss"

    def behind(company: str) -> str:
        if row.kind is RowKind.ACCOUNT:
            account = found.account_ids[company].get(row.code)
            if account:  # rows that are no account have none in any company
                return url_for("ledger.account_card", company=company, id=account, **days)
        return url_for(statement, company=company, **days_query(part, column))

    cells = [
        figures.cell(amount, behind(company))
        for amount, company in zip(row.amounts, found.companies, strict=False)
    ]
    cells += [figures.cell(amount) for amount in row.amounts[len(found.companies) :]]
    heading = named(row.kind.value, row.code, row.heading)
    return ui.Row((ui.Cell(heading, "prose"), *cells), depth=row.depth, strong=row.depth == 0)


def _mismatch(figures: Figures, found: Consolidated, one: Mismatch) -> ui.Row:
    amounts = {one.rule.first: one.first, one.rule.second: one.second}
    named = {one.rule.first: one.rule.first_accounts, one.rule.second: one.rule.second_accounts}
    return ui.Row(
        (
            ui.Cell(one.rule.text, "prose"),
            *(
                figures.cell(amounts[code], _lines(found, code, named[code]))
                if code in amounts
                else ui.Cell("", "money")
                for code in found.companies
            ),
            ui.Cell("", "money"),
            figures.cell(one.difference),
        ),
        tone="warn",
    )


def _lines(found: Consolidated, company: str, accounts: tuple[Accounts, ...]) -> str:
    """The general ledger of a company from the first to the last account of a rule."""
    column = found.statement.columns[0]
    query: dict[str, Any] = {
        "company": company,
        "from": column.start.isoformat(),
        "to": column.end.isoformat(),
        "first": min(one.first for one in accounts),
        "last": max(one.last for one in accounts).replace(LAST_OF_PREFIX, "~"),
    }
    return url_for("ledger.general_ledger", **query)
