"""The trial balance as of a day: every account with a balance, grouped by class, sides equal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from backstay.spi import company_of, context, neutral, page, requires, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.dimensions.filters import (
    asked_by,
    asked_of,
    dimension_controls,
    dimension_query,
)
from backstay_ledger.models import AccountClass
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.files import csv_file
from backstay_ledger.pages.report_dates import company_today, day_control, read_day
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.resources.choices import CLASS_HEADINGS
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.statements.trial_table import trial_balance_by, trial_balance_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.dimensions.filters import AskedOf
    from backstay_ledger.services.balances import TrialBalanceRow
    from backstay_ledger.statements.columns import Column
    from backstay_ledger.statements.trial_table import AccountByValue

_ORDER = {account_class: place for place, account_class in enumerate(AccountClass)}


@blueprint.get("/trial-balance", endpoint="trial_balance")
@requires(BOOKS_VIEW)
def show_trial_balance() -> Response:
    """The report on screen."""
    db = session()
    asked = _asked(db)
    if asked.by:
        return page("report.html", page=_report_by(db, asked))
    rows = trial_balance(db, asked.as_of, asked.sliced.of.within(db))
    return page("report.html", page=report(db, rows, asked))


@blueprint.get("/trial-balance.csv", endpoint="trial_balance_export")
@requires(BOOKS_EXPORT)
def export_trial_balance() -> Response:
    """The report as a file: account, name, debit, credit; or a balance for each value."""
    db = session()
    asked = _asked(db)
    of, by, as_of = asked.sliced.of, asked.by, asked.as_of
    columns: tuple[str, ...] = ("debit", "credit")
    if by:
        columns = tuple(one.name for one in trial_balance_by(db, as_of, by, of)[0])

    def rows(reading: Session) -> Iterator[tuple[str, ...]]:
        figures = Figures(reading)
        for row in trial_balance_table(reading, as_of, of, by).rows:
            if row.kind == "account":
                amounts = (figures.plain(one) for one in row.amounts)
                yield neutral(row.code), neutral(row.heading), *amounts

    return csv_file(
        f"trial-balance-{company_of(db).code}-{as_of.isoformat()}.csv",
        ("account", "name", *columns),
        rows,
        entity="ledger.trial_balance",
        parameters={"as_of": as_of.isoformat(), **asked.query},
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """The day, which part of the books, and whose values are the columns."""

    as_of: date
    sliced: AskedOf
    by: str
    notes: tuple[ui.Note, ...]

    @property
    def query(self) -> dict[str, Any]:
        """What a link carries on, besides the day."""
        return {**self.sliced.of.query, **({"by": self.by} if self.by else {})}


def _asked(db: Session) -> Asked:
    as_of, notes = read_day(request.args, "as_of", company_today(db))
    sliced = asked_of(db, request.args)
    by, problems = asked_by(db, request.args)
    return Asked(as_of, sliced, by, (*notes, *sliced.notes, *problems))


def report(db: Session, rows: list[TrialBalanceRow], asked: Asked) -> ui.ReportPage:
    """Groups, subtotals and totals, each account leading to its card."""
    figures = Figures(db)
    ordered = sorted(rows, key=lambda row: (_ORDER[row.account_class], row.code))
    groups = tuple(
        _group(figures, account_class, list(members), asked)
        for account_class, members in groupby(ordered, key=lambda row: row.account_class)
    )
    debit, credit = _sums(rows)
    shown = _page(db, figures, asked)
    return replace(
        shown,
        heads=heads(
            ("account", _("Account"), False),
            ("name", _("Name"), False),
            ("debit", _("Debit"), True),
            ("credit", _("Credit"), True),
        ),
        groups=groups,
        totals=(
            ui.Cell(_("Total")),
            ui.Cell(""),
            figures.cell(debit),
            figures.cell(credit),
        )
        if rows
        else None,
        # Of a value the sides need not be equal: an entry may carry it on one line only.
        status=_status(figures, debit - credit) if rows and not asked.sliced.of else None,
    )


def _report_by(db: Session, asked: Asked) -> ui.ReportPage:
    """A column of balances for each value, debit positive, each figure leading to its lines."""
    figures = Figures(db)
    columns, rows = trial_balance_by(db, asked.as_of, asked.by, asked.sliced.of)
    total = [sum(one, Decimal(0)) for one in zip(*(row.amounts for row in rows), strict=True)]

    def href(row: AccountByValue, column: Column) -> str | None:
        if not column.opens:
            return None
        return _card(row.account.id, asked, dimension_query(column))

    ordered = sorted(rows, key=lambda row: (_ORDER[row.account.account_class], row.account.code))
    groups = tuple(
        ui.ReportGroup(
            label=CLASS_HEADINGS[account_class],
            rows=tuple(
                ui.Row(
                    (
                        ui.Cell(row.account.code, "code"),
                        ui.Cell(row.account.name),
                        *(
                            figures.cell(amount, href(row, column)) if amount else ui.Cell("")
                            for amount, column in zip(row.amounts, columns, strict=True)
                        ),
                    )
                )
                for row in members
            ),
        )
        for account_class, members in groupby(ordered, key=lambda row: row.account.account_class)
    )
    return replace(
        _page(db, figures, asked),
        heads=heads(
            ("account", _("Account"), False),
            ("name", _("Name"), False),
            *((f"c{place}", column.name, True) for place, column in enumerate(columns)),
        ),
        groups=groups,
        totals=(ui.Cell(_("Total")), ui.Cell(""), *map(figures.cell, total)) if rows else None,
    )


def _page(db: Session, figures: Figures, asked: Asked) -> ui.ReportPage:
    """What both ways of showing it have in common."""
    of = asked.sliced.of
    return ui.ReportPage(
        title=_("Trial balance"),
        subtitle=_(
            "%(company)s · as of %(day)s · %(currency)s",
            company=company_of(db).name,
            day=figures.day(asked.as_of),
            currency=figures.currency,
        )
        + (f" · {of.label}" if of else ""),
        help=_(
            "What every account stands at, from the first entry to the end of the day."
            " Accounts at zero are left out; click one to see the lines behind its figure."
        ),
        heads=(),
        groups=(),
        url=url_for("ledger.trial_balance"),
        params=(
            day_control("as_of", _("As of"), asked.as_of),
            *dimension_controls(db, of, by=asked.by),
        ),
        exports=_exports(asked),
        notes=asked.notes,
        empty=ui.EmptyState(
            _("No figures yet"),
            _(
                "Nothing was posted up to this day. Choose a later day, post an entry or import"
                " a journal."
            ),
            icon="scale",
        ),
    )


def _card(account_id: int, asked: Asked, column: Mapping[str, str]) -> str:
    """The lines behind a figure, of the value of its column."""
    of: dict[str, Any] = {**asked.sliced.of.query, **column}
    return url_for("ledger.account_card", id=account_id, to=asked.as_of.isoformat(), **of)


def _exports(asked: Asked) -> tuple[ui.Button, ...]:
    if not context().may(BOOKS_EXPORT):
        return ()
    day = asked.as_of.isoformat()
    return tuple(
        ui.Button(label, url_for(endpoint, as_of=day, **asked.query), "download", "ghost")
        for endpoint, label in (
            ("ledger.trial_balance_export", _("Export")),
            ("ledger.trial_balance_xlsx", _("Spreadsheet")),
        )
    )


def _status(figures: Figures, difference: Decimal) -> ui.Tag:
    if difference == 0:
        return ui.Tag(_("Balanced"), "ok")
    return ui.Tag(_("Out by %(amount)s", amount=figures.text(abs(difference))), "bad")


def _sums(rows: Iterable[TrialBalanceRow]) -> tuple[Decimal, Decimal]:
    debit = credit = Decimal(0)
    for row in rows:
        debit += row.debit
        credit += row.credit
    return debit, credit


def _group(
    figures: Figures, account_class: AccountClass, rows: list[TrialBalanceRow], asked: Asked
) -> ui.ReportGroup:
    debit, credit = _sums(rows)
    heading = CLASS_HEADINGS[account_class]
    return ui.ReportGroup(
        label=heading,
        rows=tuple(
            ui.Row(
                (
                    ui.Cell(row.code, "code"),
                    ui.Cell(row.name),
                    *figures.sides(row.debit - row.credit),
                ),
                href=_card(row.account_id, asked, {}),
            )
            for row in rows
        ),
        totals=(
            ui.Cell(_("Total %(heading)s", heading=str(heading).lower())),
            ui.Cell(""),
            figures.cell(debit),
            figures.cell(credit),
        ),
    )
