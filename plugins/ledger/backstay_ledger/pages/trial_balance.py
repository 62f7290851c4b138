"""The trial balance as of a day: every account with a balance, grouped by class, sides equal."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from flask import request, url_for

from backstay.spi import company_of, context, neutral, page, requires, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.dimensions.balances import trial_balance_of
from backstay_ledger.dimensions.filters import chosen_value, value_controls
from backstay_ledger.models import AccountClass
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.files import csv_file
from backstay_ledger.pages.report_dates import company_today, day_control, read_day
from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.resources.choices import CLASS_HEADINGS
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.services.balances import trial_balance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.models.dimensions import DimensionValue
    from backstay_ledger.services.balances import TrialBalanceRow

_ORDER = {account_class: place for place, account_class in enumerate(AccountClass)}


@blueprint.get("/trial-balance", endpoint="trial_balance")
@requires(BOOKS_VIEW)
def show_trial_balance() -> Response:
    """The report on screen."""
    db = session()
    as_of, notes = read_day(request.args, "as_of", company_today(db))
    value = chosen_value(db, request.args)
    rows = trial_balance(db, as_of) if value is None else trial_balance_of(db, value.id, as_of)
    return page("report.html", page=report(db, rows, as_of, tuple(notes), value))


@blueprint.get("/trial-balance.csv", endpoint="trial_balance_export")
@requires(BOOKS_EXPORT)
def export_trial_balance() -> Response:
    """The report as a file: account, name, debit, credit."""
    db = session()
    as_of, _notes = read_day(request.args, "as_of", company_today(db))
    value = chosen_value(db, request.args)
    value_id = None if value is None else value.id

    def rows(reading: Session) -> Iterator[tuple[str, ...]]:
        figures = Figures(reading)
        found = (
            trial_balance(reading, as_of)
            if value_id is None
            else trial_balance_of(reading, value_id, as_of)
        )
        for row in found:
            debit, credit = figures.plain(row.debit), figures.plain(row.credit)
            yield neutral(row.code), neutral(row.name), debit, credit

    return csv_file(
        f"trial-balance-{company_of(db).code}-{as_of.isoformat()}.csv",
        ("account", "name", "debit", "credit"),
        rows,
        entity="ledger.trial_balance",
        parameters={"as_of": as_of.isoformat(), **({"value": str(value_id)} if value_id else {})},
    )


def report(
    db: Session,
    rows: list[TrialBalanceRow],
    as_of: date,
    notes: tuple[ui.Note, ...],
    value: DimensionValue | None = None,
) -> ui.ReportPage:
    """Groups, subtotals and totals, each account leading to its card."""
    figures = Figures(db)
    company = company_of(db)
    ordered = sorted(rows, key=lambda row: (_ORDER[row.account_class], row.code))
    groups = tuple(
        _group(figures, account_class, list(members), as_of)
        for account_class, members in groupby(ordered, key=lambda row: row.account_class)
    )
    debit, credit = _sums(rows)
    return ui.ReportPage(
        title=_("Trial balance"),
        subtitle=_(
            "%(company)s · as of %(day)s · %(currency)s",
            company=company.name,
            day=figures.day(as_of),
            currency=company.currency,
        ),
        help=_(
            "What every account stands at, from the first entry to the end of the day."
            " Accounts at zero are left out; click one to see the lines behind its figure."
        ),
        heads=heads(
            ("account", _("Account"), False),
            ("name", _("Name"), False),
            ("debit", _("Debit"), True),
            ("credit", _("Credit"), True),
        ),
        groups=groups,
        url=url_for("ledger.trial_balance"),
        params=(day_control("as_of", _("As of"), as_of), *value_controls(db, value)),
        exports=_exports(as_of, value),
        totals=(
            ui.Cell(_("Total")),
            ui.Cell(""),
            figures.cell(debit),
            figures.cell(credit),
        )
        if rows
        else None,
        # Of a value the sides need not be equal: an entry may carry it on one line only.
        status=_status(figures, debit - credit) if rows and value is None else None,
        notes=notes,
        empty=ui.EmptyState(
            _("No figures yet"),
            _(
                "Nothing was posted up to this day. Choose a later day, post an entry or import"
                " a journal."
            ),
            icon="scale",
        ),
    )


def _exports(as_of: date, value: DimensionValue | None) -> tuple[ui.Button, ...]:
    if not context().may(BOOKS_EXPORT):
        return ()
    href = url_for(
        "ledger.trial_balance_export",
        as_of=as_of.isoformat(),
        value=None if value is None else value.id,
    )
    return (ui.Button(_("Export"), href, "download", "ghost"),)


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
    figures: Figures, account_class: AccountClass, rows: list[TrialBalanceRow], as_of: date
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
                href=url_for("ledger.account_card", id=row.account_id, to=as_of.isoformat()),
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
