"""The account card: every line of an account with the balance after it, page by page."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for

from backstay.spi import company_of, context, neutral, page, requires, resource_url, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.dimensions.filters import asked_of, dimension_controls
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.files import csv_file
from backstay_ledger.pages.report_dates import (
    Span,
    company_today,
    day_control,
    read_span,
    year_to_date,
)
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.services.account_card import (
    Cursor,
    RowKind,
    account_card,
    general_ledger,
)
from backstay_ledger.services.accounts import load_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.dimensions.filters import AskedOf
    from backstay_ledger.services.account_card import AccountCard, CardLine

PAGE: Final = 50
CARD_COLUMNS: Final = ("date", "entry", "text", "reference", "debit", "credit", "balance")
_CURSOR: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2},[0-9]{1,18},[0-9]{1,9}")


@blueprint.get("/accounts/<int:id>/card", endpoint="account_card")
@requires(BOOKS_VIEW)
def show_account_card(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """The lines of a span of days."""
    db = session()
    span = _span(db)
    after = request.args.get("after", "")
    cursor = Cursor.parse(after) if _CURSOR.fullmatch(after) else None
    sliced = asked_of(db, request.args)
    within = sliced.of.within(db)
    card = account_card(db, id, span.start, span.end, after=cursor, limit=PAGE, within=within)
    shown = _report(db, card, span, cursor, sliced)
    return page("report.html", page=shown, crumbs=_crumbs(card))


@blueprint.get("/accounts/<int:id>/card.csv", endpoint="account_card_export")
@requires(BOOKS_EXPORT)
def export_account_card(id: int) -> Response:  # noqa: A002
    """All lines of the span as a file."""
    db = session()
    span = _span(db)
    account = load_account(db, id)
    of = asked_of(db, request.args).of

    def rows(reading: Session) -> Iterator[tuple[str, ...]]:
        figures = Figures(reading)
        for row in general_ledger(reading, span.start, span.end, [id], of.within(reading)):
            if row.kind is RowKind.LINE and row.line is not None:
                yield card_cells(figures, row.line)

    return csv_file(
        f"account-{account.code}-{company_of(db).code}-{span.start}-{span.end}.csv",
        CARD_COLUMNS,
        rows,
        entity="ledger.account_card",
        parameters={
            "account": account.code,
            "from": span.start.isoformat(),
            "to": span.end.isoformat(),
            **of.query,
        },
    )


def card_cells(figures: Figures, line: CardLine) -> tuple[str, ...]:
    """A line as it stands in a file."""
    return (
        line.date.isoformat(),
        line.number_text,
        neutral(line.text),
        neutral(line.reference),
        figures.plain(line.debit),
        figures.plain(line.credit),
        figures.plain(line.balance),
    )


def line_row(figures: Figures, line: CardLine) -> ui.Row:
    """A line as a row of a report; it opens its entry."""
    return ui.Row(
        (
            ui.Cell(figures.day(line.date), "date"),
            ui.Cell(line.number_text, "code"),
            ui.Cell(line.text),
            ui.Cell(line.reference, "muted"),
            *figures.sides(line.amount),
            ui.Cell(figures.text(line.balance), "money"),
        ),
        href=resource_url("ledger.entry", "record", id=line.entry_id),
    )


def line_heads() -> tuple[ui.Head, ...]:
    """The columns of lines with a running balance."""
    return heads(
        ("date", _("Date"), False),
        ("entry", _("Entry"), False),
        ("text", _("Text"), False),
        ("reference", _("Reference"), False),
        ("debit", _("Debit"), True),
        ("credit", _("Credit"), True),
        ("balance", _("Balance"), True),
    )


def _span(db: Session) -> Span:
    """The days asked for; without a first day the fiscal year's first."""
    end = company_today(db)
    asked = read_span(request.args, end, end)
    if request.args.get("from"):
        return asked
    return replace(asked, start=year_to_date(db, asked.end))


def _report(
    db: Session, card: AccountCard, span: Span, cursor: Cursor | None, sliced: AskedOf
) -> ui.ReportPage:
    figures = Figures(db)
    account = card.account
    here = url_for("ledger.account_card", id=account.id)
    days: dict[str, Any] = {"from": span.start.isoformat(), "to": span.end.isoformat()}
    days |= sliced.of.query
    first = url_for("ledger.account_card", id=account.id, **days)
    return ui.ReportPage(
        title=account.label,
        subtitle=_(
            "Account card · %(start)s to %(end)s · %(currency)s",
            start=figures.day(span.start),
            end=figures.day(span.end),
            currency=figures.currency,
        )
        + (f" · {sliced.of.label}" if sliced.of else ""),
        help="" if account.active else _("This account is inactive and takes no new lines."),
        heads=line_heads(),
        groups=(ui.ReportGroup(tuple(line_row(figures, line) for line in card.lines)),)
        if card.lines
        else (),
        opening=summary(
            figures,
            _("Balance brought forward") if cursor else _("Opening balance"),
            card.brought_forward,
        ),
        totals=(
            ui.Cell(
                _("Closing balance of all pages") if cursor or card.next else _("Closing balance")
            ),
            ui.Cell(""),
            ui.Cell(""),
            ui.Cell(""),
            figures.cell(card.debit),
            figures.cell(card.credit),
            figures.cell(card.closing),
        ),
        url=here,
        params=(
            day_control("from", _("From"), span.start),
            day_control("to", _("To"), span.end),
            *dimension_controls(db, sliced.of),
        ),
        exports=_exports(account.id, days),
        status=ui.Tag(figures.balance(card.closing), "neutral"),
        notes=(*span.notes, *sliced.notes),
        empty=ui.EmptyState(
            _("No lines in these days"),
            _(
                "The balance stayed at %(balance)s. Choose other days to see more.",
                balance=figures.balance(card.opening),
            ),
            icon="list-details",
        ),
        next_href=f"{first}&after={card.next}" if card.next else None,
        first_href=first if cursor else None,
    )


def summary(figures: Figures, label: str, amount: Decimal) -> tuple[ui.Cell, ...]:
    """A row that only says a balance."""
    empty = tuple(ui.Cell("") for _n in range(3))
    money = ui.Cell("", "money")
    return (ui.Cell(label), *empty, money, money, figures.cell(amount))


def _exports(account_id: int, days: dict[str, Any]) -> tuple[ui.Button, ...]:
    record = ui.Button(
        _("Account"), resource_url("ledger.account", "record", id=account_id), "sitemap", "ghost"
    )
    if not context().may(BOOKS_EXPORT):
        return (record,)
    href = url_for("ledger.account_card_export", id=account_id, **days)
    return (record, ui.Button(_("Export"), href, "download", "ghost"))


def _crumbs(card: AccountCard) -> tuple[ui.Crumb, ...]:
    return (
        ui.Crumb(_("Money")),
        ui.Crumb(_("Chart of accounts"), resource_url("ledger.account")),
        ui.Crumb(card.account.label, resource_url("ledger.account", "record", id=card.account.id)),
        ui.Crumb(_("Account card")),
    )
