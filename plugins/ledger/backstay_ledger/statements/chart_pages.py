"""Charts: drawn here as SVG, each beside the table of its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from backstay.spi import company_of, page, requires, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import company_today, day_control, read_day
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.statements.behind import CASH
from backstay_ledger.statements.charts import (
    HEIGHT,
    NAMED,
    STEP,
    WIDTH,
    Bar,
    expense_parts,
    line_points,
    lying_bars,
    monthly_figures,
    upright_bars,
)
from backstay_ledger.statements.columns import fiscal_start
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.pages import card, days_query

if TYPE_CHECKING:
    from datetime import date

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.statements.charts import MonthlyFigure


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with what it says in words, and the table of its figures.

    Arguments:
        points: corners of a line; empty where there are bars.
        zero: the height of the line at zero; None for bars that lie.
        labels: below the drawing, each centred at its place.
        names: above bars that lie, each at its height.
    """

    name: str
    title: str
    said: str
    height: int
    heads: tuple[ui.Head, ...]
    rows: tuple[ui.Row, ...]
    bars: tuple[Bar, ...] = ()
    points: str = ""
    zero: int | None = None
    labels: tuple[tuple[int, str], ...] = ()
    names: tuple[tuple[int, str], ...] = ()


@blueprint.get("/charts", endpoint="charts")
@requires(BOOKS_VIEW)
def show_charts() -> Response:
    """Results by month, cash over time, and the composition of expenses."""
    db = session()
    day, notes = read_day(request.args, "as_of", company_today(db))
    figures = Figures(db)
    months = monthly_figures(db, day)
    charts = [_results(figures, months)]
    if months[0].cash is not None:
        charts.append(_cash(figures, months))
    if (expenses := _expenses(db, figures, day)) is not None:
        charts.append(expenses)
    shown = ui.ReportPage(
        title=_("Charts"),
        subtitle=f"{company_of(db).name} · {figures.day(day)} · {figures.currency}",
        heads=(),
        groups=(),
        url=url_for("ledger.charts"),
        params=(day_control("as_of", _("As of"), day),),
        notes=tuple(notes),
    )
    return page("ledger/charts.html", page=shown, charts=charts, width=WIDTH)


def _labels(months: list[MonthlyFigure]) -> tuple[tuple[int, str], ...]:
    step = WIDTH // len(months)
    return tuple(
        (place * step + step // 2, f"{one.month.start:%m}") for place, one in enumerate(months)
    )


def _results(figures: Figures, months: list[MonthlyFigure]) -> Chart:
    bars, zero = upright_bars([one.result for one in months])
    best = max(months, key=lambda one: one.result)
    least = min(months, key=lambda one: one.result)
    return Chart(
        "results",
        _("Result by month"),
        _(
            "Twelve months: the highest result was %(best)s in %(when)s, the lowest %(least)s in"
            " %(then)s.",
            best=figures.text(best.result),
            when=f"{best.month.start:%Y-%m}",
            least=figures.text(least.result),
            then=f"{least.month.start:%Y-%m}",
        ),
        HEIGHT,
        heads(("month", _("Month"), False), ("result", _("Result"), True)),
        tuple(
            ui.Row(
                (
                    ui.Cell(f"{one.month.start:%Y-%m}"),
                    figures.cell(
                        one.result,
                        url_for("ledger.profit_loss", **days_query(Part.PROFIT_LOSS, one.month)),
                    ),
                )
            )
            for one in months
        ),
        bars=bars,
        zero=zero,
        labels=_labels(months),
    )


def _cash(figures: Figures, months: list[MonthlyFigure]) -> Chart:
    amounts = [one.cash for one in months if one.cash is not None]
    points, zero = line_points(amounts)

    def behind(one: MonthlyFigure) -> str:
        query: dict[str, Any] = days_query(Part.PROFIT_LOSS, one.month)
        return url_for("ledger.statement_rows", node=CASH, **query)

    return Chart(
        "cash",
        _("Cash at the end of the month"),
        _(
            "Cash went from %(first)s to %(last)s in twelve months; it was never below %(least)s"
            " at the end of one.",
            first=figures.text(amounts[0]),
            last=figures.text(amounts[-1]),
            least=figures.text(min(amounts)),
        ),
        HEIGHT,
        heads(("month", _("Month"), False), ("cash", _("Cash"), True)),
        tuple(
            ui.Row((ui.Cell(f"{one.month.start:%Y-%m}"), figures.cell(one.cash, behind(one))))
            for one in months
        ),
        points=points,
        zero=zero,
        labels=_labels(months),
    )


def _expenses(db: Session, figures: Figures, day: date) -> Chart | None:
    start = fiscal_start(db, day)
    parts = expense_parts(db, start, day)
    if not parts:
        return None
    names = [
        f"{one.account.code} {one.account.name}" if one.account else _("All others")
        for one in parts
    ]
    return Chart(
        "expenses",
        _("Expenses since %(day)s", day=figures.day(start)),
        _(
            "The largest of %(n)s parts is %(name)s with %(amount)s.",
            n=len(parts),
            name=names[0],
            amount=figures.text(parts[0].amount),
        ),
        len(parts) * STEP,
        heads(("account", _("Account"), False), ("amount", _("Amount"), True)),
        tuple(
            ui.Row(
                (
                    ui.Cell(name, "prose"),
                    figures.cell(
                        one.amount,
                        card(one.account.id, start, day)
                        if one.account
                        else url_for(
                            "ledger.profit_loss",
                            **{"from": start.isoformat(), "to": day.isoformat()},  # type: ignore[arg-type]
                        ),
                    ),
                )
            )
            for name, one in zip(names, parts, strict=True)
        ),
        bars=lying_bars([one.amount for one in parts]),
        names=tuple((place * STEP + NAMED - 5, name) for place, name in enumerate(names)),
    )
