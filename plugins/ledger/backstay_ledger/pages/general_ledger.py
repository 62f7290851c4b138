"""The general ledger: every account with its opening balance, its lines and its closing balance.

The screen shows whole accounts until there are enough rows for a page; the file has everything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for
from sqlalchemy import select

from backstay.spi import company_of, context, lazy, neutral, ngettext, page, requires, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.dimensions.filters import asked_of, dimension_controls
from backstay_ledger.models import LONGEST_CODE, Account
from backstay_ledger.pages.account_card import line_heads, line_row, summary
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.files import csv_file
from backstay_ledger.pages.report_dates import (
    Span,
    company_today,
    day_control,
    read_span,
    year_to_date,
)
from backstay_ledger.pages.workbooks import workbook_file
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.resources.figures import Figures
from backstay_ledger.services.account_card import RowKind, account_cards, general_ledger
from backstay_ledger.services.balances import balances, turnover
from backstay_ledger.services.sums import day_before

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.dimensions.filters import AskedOf
    from backstay_ledger.dimensions.slices import Slice
    from backstay_ledger.services.account_card import AccountCard, GeneralLedgerRow

ROWS: Final = 400
LINES_OF_AN_ACCOUNT: Final = 100
_MOST_ACCOUNTS: Final = 25
_KINDS: Final = {
    RowKind.OPENING: lazy("Opening balance"),
    RowKind.CLOSING: lazy("Closing balance"),
}
_COLUMNS: Final = (
    "account",
    "name",
    "row",
    "date",
    "entry",
    "text",
    "reference",
    "debit",
    "credit",
    "balance",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which accounts and days the report is for.

    Arguments:
        first / last: codes of the first and the last account, both included; empty for all.
    """

    span: Span
    first: str
    last: str
    sliced: AskedOf


@blueprint.get("/general-ledger", endpoint="general_ledger")
@requires(BOOKS_VIEW)
def show_general_ledger() -> Response:
    """A page of the report."""
    db = session()
    asked = _asked(db)
    return page(
        "report.html", page=_report(db, asked, request.args.get("after", "")[:LONGEST_CODE])
    )


@blueprint.get("/general-ledger.csv", endpoint="general_ledger_export")
@requires(BOOKS_EXPORT)
def export_general_ledger() -> Response:
    """The whole report as a file."""
    db = session()
    asked = _asked(db)
    span, of = asked.span, asked.sliced.of

    def rows(reading: Session) -> Iterator[tuple[str, ...]]:
        figures = Figures(reading)
        ids = [key for key, _code in _accounts(reading, asked, "")]
        for row in general_ledger(reading, span.start, span.end, ids, of.within(reading)):
            yield _cells(figures, row)

    return csv_file(
        f"general-ledger-{company_of(db).code}-{span.start}-{span.end}.csv",
        _COLUMNS,
        rows,
        entity="ledger.general_ledger",
        parameters={"from": span.start.isoformat(), "to": span.end.isoformat(), **of.query},
    )


@blueprint.get("/general-ledger.xlsx", endpoint="general_ledger_xlsx")
@requires(BOOKS_EXPORT)
def general_ledger_as_workbook() -> Response:
    """The whole report as a workbook."""
    db = session()
    asked, company = _asked(db), company_of(db)
    span, of = asked.span, asked.sliced.of

    def rows(reading: Session) -> Iterator[tuple[Any, ...]]:
        ids = [key for key, _code in _accounts(reading, asked, "")]
        for row in general_ledger(reading, span.start, span.end, ids, of.within(reading)):
            line, moved = row.line, row.kind is not RowKind.OPENING
            yield (
                *(row.code, row.name, _KINDS.get(row.kind, "")),
                *((line.date, line.number_text, line.text) if line else (None, None, None)),
                line.reference if line else None,
                *((row.debit or None, row.credit or None) if moved else (None, None)),
                row.balance,
            )

    return workbook_file(
        f"general-ledger-{company.code}-{span.start}-{span.end}.xlsx",
        _("General ledger"),
        (span.label, _accounts_said(asked), of.label),
        (
            (_("Account"), "code"),
            (_("Name"), "text"),
            ("", "code"),
            (_("Date"), "date"),
            (_("Entry"), "code"),
            (_("Text"), "text"),
            (_("Reference"), "text"),
            (_("Debit"), "money"),
            (_("Credit"), "money"),
            (_("Balance"), "money"),
        ),
        rows,
        entity="ledger.general_ledger",
        parameters={"from": span.start.isoformat(), "to": span.end.isoformat(), **of.query},
    )


def _accounts_said(asked: Asked) -> str:
    if not (asked.first or asked.last):
        return ""
    return _("accounts %(first)s to %(last)s", first=asked.first or "…", last=asked.last or "…")


def _cells(figures: Figures, row: GeneralLedgerRow) -> tuple[str, ...]:
    line = row.line
    return (
        neutral(row.code),
        neutral(row.name),
        row.kind.value,
        line.date.isoformat() if line else "",
        line.number_text if line else "",
        neutral(line.text) if line else "",
        neutral(line.reference) if line else "",
        "" if row.kind is RowKind.OPENING else figures.plain(row.debit),
        "" if row.kind is RowKind.OPENING else figures.plain(row.credit),
        figures.plain(row.balance),
    )


def _asked(db: Session) -> Asked:
    end = company_today(db)
    span = read_span(request.args, end, end)
    if not request.args.get("from"):
        span = replace(span, start=year_to_date(db, span.end))
    return Asked(
        span,
        request.args.get("first", "").strip()[:LONGEST_CODE],
        request.args.get("last", "").strip()[:LONGEST_CODE],
        asked_of(db, request.args),
    )


def _accounts(db: Session, asked: Asked, after: str) -> list[tuple[int, str]]:
    """Ids and codes of the accounts asked for, by code."""
    query = select(Account.id, Account.code).order_by(Account.code)
    if asked.first:
        query = query.where(Account.code >= asked.first)
    if asked.last:
        query = query.where(Account.code <= asked.last)
    if after:
        query = query.where(Account.code > after)
    return [(row.id, row.code) for row in db.execute(query)]


def _with_figures(db: Session, asked: Asked, after: str) -> list[tuple[int, str]]:
    """Those of the accounts that had a balance or lines."""
    accounts = _accounts(db, asked, after)
    ids = [key for key, _code in accounts]
    within = asked.sliced.of.within(db)
    opening = balances(db, day_before(asked.span.start), ids, within=within)
    moved = turnover(db, asked.span.start, asked.span.end, ids, within=within)
    return [(key, code) for key, code in accounts if opening.get(key) or key in moved]


def _report(db: Session, asked: Asked, after: str) -> ui.ReportPage:
    figures = Figures(db)
    span, of = asked.span, asked.sliced.of
    accounts = _with_figures(db, asked, after)
    groups: list[ui.ReportGroup] = []
    rows = 0
    last = ""
    first = [key for key, _code in accounts[:_MOST_ACCOUNTS]]
    cards = account_cards(
        db, first, span.start, span.end, limit=LINES_OF_AN_ACCOUNT, within=of.within(db)
    )
    for card in cards:
        groups.append(_group(figures, card, span, of))
        rows += len(card.lines) + 2
        last = card.account.code
        if rows >= ROWS:
            break
    more = len(groups) < len(accounts)
    query: dict[str, Any] = {
        "from": span.start.isoformat(),
        "to": span.end.isoformat(),
        **({"first": asked.first} if asked.first else {}),
        **({"last": asked.last} if asked.last else {}),
        **of.query,
    }
    return ui.ReportPage(
        title=_("General ledger"),
        subtitle=_(
            "%(company)s · %(start)s to %(end)s · %(currency)s",
            company=company_of(db).name,
            start=figures.day(span.start),
            end=figures.day(span.end),
            currency=figures.currency,
        )
        + (f" · {of.label}" if of else ""),
        help=_("Every account with its opening balance, its lines and its closing balance."),
        heads=line_heads(),
        groups=tuple(groups),
        url=url_for("ledger.general_ledger"),
        params=(
            day_control("from", _("From"), span.start),
            day_control("to", _("To"), span.end),
            ui.FilterControl("first", _("Accounts from"), value=asked.first),
            ui.FilterControl("last", _("up to"), value=asked.last),
            *dimension_controls(db, of),
        ),
        exports=_exports(query),
        notes=(*span.notes, *asked.sliced.notes),
        empty=ui.EmptyState(
            _("No figures in these days"),
            _("No account had a balance or a line. Choose other days or accounts."),
            icon="report-analytics",
        ),
        next_href=url_for("ledger.general_ledger", **query, after=last) if more else None,
        first_href=url_for("ledger.general_ledger", **query) if after else None,
    )


def _exports(query: dict[str, Any]) -> tuple[ui.Button, ...]:
    if not context().may(BOOKS_EXPORT):
        return ()
    return tuple(
        ui.Button(label, url_for(endpoint, **query), "download", "ghost")
        for endpoint, label in (
            ("ledger.general_ledger_export", _("CSV")),
            ("ledger.general_ledger_xlsx", _("Spreadsheet")),
        )
    )


def _lines_said(card: AccountCard) -> str:
    """How many lines an account has here; empty where there is nothing to put away."""
    n = len(card.lines)
    if card.next is not None:
        return _("%(n)s lines and more", n=n)
    return ngettext("%(n)s line", "%(n)s lines", n) if n else ""


def _group(figures: Figures, card: AccountCard, span: Span, of: Slice) -> ui.ReportGroup:
    account = card.account
    days: dict[str, Any] = {"from": span.start.isoformat(), "to": span.end.isoformat()}
    days |= of.query
    href = url_for("ledger.account_card", id=account.id, **days)
    rows = [ui.Row(summary(figures, _("Opening balance"), card.opening), tone="neutral")]
    rows += [line_row(figures, line) for line in card.lines]
    if card.next is not None:
        more = ui.Cell(_("More lines: open the account card"), href=href)
        rows.append(ui.Row((more, *(ui.Cell("") for _n in range(6)))))
    return ui.ReportGroup(
        label=account.label,
        href=href,
        rows=tuple(rows),
        fold=_lines_said(card),
        totals=(
            ui.Cell(_("Closing balance")),
            ui.Cell(""),
            ui.Cell(""),
            ui.Cell(""),
            figures.cell(card.debit),
            figures.cell(card.credit),
            figures.cell(card.closing),
        ),
    )
