"""Revaluation at a day: what it would book and why, account by account, and the button for it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from flask import request, url_for

from backstay.spi import (
    BackstayError,
    company_of,
    context,
    flash_done,
    flash_problem,
    page,
    redirect_to,
    requires,
    resource_url,
    session,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.currencies.permissions import REVALUE
from backstay_ledger.currencies.revaluation import (
    Revalue,
    preview_revaluation,
    revalue,
    said_of_revaluation,
)
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import company_today, day_control, read_day
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.resources.figures import Figures, heads

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.currencies.revaluation import Adjustment


@blueprint.get("/revaluation", endpoint="revaluation")
@requires(BOOKS_VIEW)
def show_revaluation() -> Response:
    """The preview; by default at the end of last month, which people close."""
    db = session()
    as_of, notes = read_day(request.args, "as_of", _last_month(company_today(db)))
    adjustments: tuple[Adjustment, ...] = ()
    try:
        adjustments = preview_revaluation(db, as_of)
    except BackstayError as error:
        notes += [ui.Note(problem.message, "warn") for problem in error.problems]
    return page("report.html", page=_report(db, adjustments, as_of, tuple(notes)))


@blueprint.post("/revaluation", endpoint="revaluation_post")
@requires(REVALUE)
def post_revaluation() -> Response:
    """Post what the preview shows."""
    db = session()
    as_of, _notes = read_day(request.args, "as_of", _last_month(company_today(db)))
    back = url_for("ledger.revaluation", as_of=as_of.isoformat())
    try:
        done = revalue(db, Revalue(as_of=as_of))
    except BackstayError as error:
        db.rollback()
        flash_problem(error.message)
        return redirect_to(back)
    made = [one for one in (done.unrealised, done.reversal, done.realised) if one is not None]
    if not made:
        flash_done(_("Every foreign amount was at its rate already; nothing was posted."))
        return redirect_to(back)
    flash_done(said_of_revaluation(done))
    first = done.unrealised or done.realised
    return redirect_to(resource_url("ledger.entry", "record", id=first.id if first else 0))


def _last_month(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)


def _report(
    db: Session, adjustments: tuple[Adjustment, ...], as_of: date, notes: tuple[ui.Note, ...]
) -> ui.ReportPage:
    figures = Figures(db)
    company = company_of(db)
    total = sum((one.difference for one in adjustments), Decimal(0))
    return ui.ReportPage(
        title=_("Revaluation"),
        subtitle=_(
            "%(company)s · as of %(day)s · %(currency)s",
            company=company.name,
            day=figures.day(as_of),
            currency=company.currency,
        ),
        help=_(
            "What assets and debts in foreign currencies are worth at the rate of the day. The"
            " difference is posted as unrealised and taken back on the next day."
        ),
        heads=heads(
            ("account", _("Account"), False),
            ("reason", _("Why"), False),
            ("before", _("In the books"), True),
            ("after", _("Worth"), True),
            ("difference", _("Difference"), True),
        ),
        groups=tuple(
            ui.ReportGroup(label=label, rows=tuple(_row(figures, one, as_of) for one in members))
            for label, members in (
                (
                    _("Unrealised: taken back on the next day"),
                    [one for one in adjustments if not one.realised],
                ),
                (
                    _("Realised: no foreign amount is left"),
                    [one for one in adjustments if one.realised],
                ),
            )
            if members
        ),
        url=url_for("ledger.revaluation"),
        params=(day_control("as_of", _("As of"), as_of),),
        exports=_post_button(as_of) if adjustments else (),
        totals=(
            ui.Cell(_("Total")),
            ui.Cell(""),
            ui.Cell(""),
            ui.Cell(""),
            figures.cell(total),
        )
        if adjustments
        else None,
        notes=notes,
        empty=None
        if notes
        else ui.EmptyState(
            _("Nothing to revalue"),
            _("Every foreign amount stands in the books at its rate of this day."),
            icon="coins",
        ),
    )


def _row(figures: Figures, one: Adjustment, as_of: date) -> ui.Row:
    position = one.position
    return ui.Row(
        (
            ui.Cell(f"{position.account} {position.name}"),
            ui.Cell(one.reason, "prose"),
            figures.cell(position.base),
            figures.cell(one.after),
            figures.cell(one.difference),
        ),
        href=url_for("ledger.account_card", id=position.account_id, to=as_of.isoformat()),
    )


def _post_button(as_of: date) -> tuple[ui.Button, ...]:
    if not context().may(REVALUE):
        return ()
    return (
        ui.Button(
            _("Post"),
            url_for("ledger.revaluation_post", as_of=as_of.isoformat()),
            "check",
            "primary",
            method="post",
        ),
    )
