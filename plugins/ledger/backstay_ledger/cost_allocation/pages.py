"""What a rule would allocate for a month: every line and how it came about."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from flask import request, url_for
from sqlalchemy import select

from backstay.spi import BackstayError, company_of, context, page, requires, resource_url, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.cost_allocation.models import AllocationRule
from backstay_ledger.cost_allocation.running import RunAllocationRule, preview_rule
from backstay_ledger.dimensions.sets import written_pairs
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import company_today, day_control, read_day
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_POST
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.services.fiscal_years import period_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.cost_allocation.running import Part


@blueprint.get("/allocation-rules/preview", endpoint="allocation_preview")
@requires(BOOKS_VIEW)
def show_allocation_preview() -> Response:
    """The entry that a rule would post for the month of a day."""
    db = session()
    day, notes = read_day(request.args, "day", company_today(db))
    rules = db.scalars(
        select(AllocationRule)
        .where(AllocationRule.company_id == company_of(db).id)
        .order_by(AllocationRule.name)
    ).all()
    asked = request.args.get("rule", "")
    rule = next((one for one in rules if str(one.id) == asked), rules[0] if rules else None)
    parts: Sequence[Part] = ()
    period = period_on(db, day)
    if period is None:
        notes.append(ui.Note(_("There is no fiscal year on this day."), "warn"))
    elif rule is not None:
        try:
            parts = preview_rule(db, RunAllocationRule(id=rule.id, period_id=period.id))
        except BackstayError as error:
            notes += [ui.Note(one.message, "info") for one in error.problems] or [
                ui.Note(error.message, "info")
            ]
    return page("report.html", page=_report(db, rules, rule, parts, day, tuple(notes)))


def _report(
    db: Session,
    rules: Sequence[AllocationRule],
    rule: AllocationRule | None,
    parts: Sequence[Part],
    day: date,
    notes: tuple[ui.Note, ...],
) -> ui.ReportPage:
    figures = Figures(db)
    debit = sum((one.amount for one in parts if one.amount > 0), Decimal(0))
    return ui.ReportPage(
        title=_("Preview of an allocation"),
        subtitle=_(
            "%(company)s · %(month)s · %(currency)s",
            company=company_of(db).name,
            month=f"{day:%Y-%m}",
            currency=figures.currency,
        ),
        help=_("The entry that the rule would post on the last day of the month. Nothing is yet."),
        heads=heads(
            ("account", _("Account"), False),
            ("values", _("Dimensions"), False),
            ("why", _("How it came about"), False),
            ("debit", _("Debit"), True),
            ("credit", _("Credit"), True),
        ),
        groups=(ui.ReportGroup(tuple(_row(figures, one) for one in parts)),) if parts else (),
        url=url_for("ledger.allocation_preview"),
        params=(
            ui.FilterControl(
                "rule",
                _("Rule"),
                "select",
                tuple(ui.FilterChoice(str(one.id), one.name, one is rule) for one in rules),
                "" if rule is None else str(rule.id),
            ),
            day_control("day", _("Month of"), day),
        ),
        exports=_run_button(rule) if parts and rule is not None else (),
        totals=(
            *(ui.Cell(_("Total")), ui.Cell(""), ui.Cell("")),
            *(figures.cell(debit), figures.cell(debit)),
        )
        if parts
        else None,
        notes=notes,
        empty=ui.EmptyState(
            _("Nothing to allocate"),
            _("Choose another month or rule."),
            icon="chart-bar",
        ),
    )


def _row(figures: Figures, part: Part) -> ui.Row:
    return ui.Row(
        (
            ui.Cell(part.account, "code"),
            ui.Cell(written_pairs(part.pairs)),
            ui.Cell(part.text or _("taken off"), "prose"),
            *figures.sides(part.amount),
        )
    )


def _run_button(rule: AllocationRule) -> tuple[ui.Button, ...]:
    if not context().may(ENTRY_POST):
        return ()
    href = resource_url("ledger.allocation_rule", "action", id=rule.id, action="run")
    return (ui.Button(_("Run for a month"), href, "player-play", "primary"),)
