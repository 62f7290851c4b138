"""Fiscal years and periods, and closing and reopening a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from backstay.spi import (
    Action,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Related,
    Resource,
    Section,
    company_of,
    context_of,
    resource_url,
    today,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.models import IS_DRAFT, Entry, FiscalYear, Period, PeriodState
from backstay_ledger.permissions import (
    BOOKS_VIEW,
    FISCAL_YEAR_CREATE,
    PERIOD_CLOSE,
    PERIOD_REOPEN,
)
from backstay_ledger.resources.choices import PERIOD_STATES
from backstay_ledger.services.fiscal_years import (
    MONTHS,
    ClosePeriod,
    CreateFiscalYear,
    ReopenPeriod,
    add_months,
    close_period,
    create_fiscal_year,
    list_fiscal_years,
    reopen_period,
    year_start,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

_MANY: Final = 10_001
_DRAFTS: Final = (
    select(func.count())
    .select_from(Entry)
    .where(
        Entry.company_id == Period.company_id,
        IS_DRAFT,
        Entry.date.between(Period.starts_on, Period.ends_on),
    )
    .correlate(Period)
    .scalar_subquery()
)


def _month(value: Any) -> str:
    """A period as books write it: 2026-03."""
    return f"{value:%Y-%m}"


def _or_nothing(count: Any) -> str:
    """Only periods in which drafts wait show a number."""
    return str(count) if count else ""


def _ways(session: Session) -> Sequence[ui.Button]:
    """From the periods to their years, and to the next year."""
    years = ui.Button(translate("Fiscal years"), resource_url("ledger.fiscal_year"), "calendar")
    if not context_of(session).may(FISCAL_YEAR_CREATE):
        return (years,)
    create = resource_url("ledger.fiscal_year", "create")
    return (years, ui.Button(translate("New fiscal year"), create, "plus", shortcut="n"))


def _next_year(session: Session, _record: object) -> dict[str, Any]:
    """The year after the last one, or the one that today lies in."""
    years = list_fiscal_years(session)
    if years:
        return {"starts_on": add_months(years[-1].starts_on, MONTHS)}
    company = company_of(session)
    return {"starts_on": year_start(today(company.time_zone), company.fiscal_year_start)}


def _entries(session: Session, period: Period) -> int:
    some = select(Entry.id).where(Entry.period_id == period.id).limit(_MANY).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _periods(session: Session, year: FiscalYear) -> int:
    counted = select(func.count(Period.id)).where(Period.fiscal_year_id == year.id)
    return session.scalar(counted) or 0


def _no_reason(_session: Session, _record: object) -> dict[str, Any]:
    return {"reason": ""}


def _drafts_remain(session: Session, period: Period) -> str | None:
    waiting = session.scalar(
        select(func.count(Entry.id)).where(
            IS_DRAFT,
            Entry.date.between(period.starts_on, period.ends_on),
        )
    )
    return (
        translate("Drafts are dated in this period: post or delete them first.")
        if waiting
        else None
    )


FISCAL_YEARS: Final = Resource(
    name="ledger.fiscal_year",
    path="fiscal-years",
    model=FiscalYear,
    view=BOOKS_VIEW,
    label=_("Fiscal year"),
    label_many=_("Fiscal years"),
    icon="calendar",
    help=_("A fiscal year has twelve monthly periods and may begin in any month."),
    columns=(
        Column("code", _("Fiscal year"), FiscalYear.code, Kind.CODE, link=True),
        Column("starts_on", _("First day"), FiscalYear.starts_on, Kind.DATE),
        Column("ends_on", _("Last day"), FiscalYear.ends_on, Kind.DATE),
    ),
    order=("-code",),
    title=lambda year: translate("Fiscal year %(code)s", code=year.code),
    create=Operation(
        create_fiscal_year,
        CreateFiscalYear,
        FISCAL_YEAR_CREATE,
        _("New fiscal year"),
        initial=_next_year,
        help=_("Years follow each other without gaps."),
        done=_("Fiscal year created with its twelve periods."),
    ),
    related=(Related(_("Periods"), "ledger.period", "year", _periods, "calendar"),),
    empty=Empty(
        _("No fiscal year yet"),
        _("Entries can be posted once a fiscal year covers their date."),
        "calendar",
    ),
    picker_label=lambda year: str(year.code),
)

PERIODS: Final = Resource(
    name="ledger.period",
    path="periods",
    model=Period,
    view=BOOKS_VIEW,
    label=_("Period"),
    label_many=_("Periods"),
    icon="calendar",
    help=_(
        "Close a period when its figures are final: from then on nothing dated inside it can be"
        " posted, by anybody."
    ),
    columns=(
        Column("starts_on", _("Period"), Period.starts_on, Kind.CODE, sortable=True, format=_month),
        Column("year", _("Fiscal year"), FiscalYear.code, Kind.CODE),
        Column("number", _("Number"), Period.number, Kind.NUMBER),
        Column("first_day", _("First day"), Period.starts_on, Kind.DATE),
        Column("ends_on", _("Last day"), Period.ends_on, Kind.DATE),
        Column("drafts", _("Drafts"), _DRAFTS, Kind.NUMBER, format=_or_nothing),
        Column("state", _("State"), Period.state, Kind.STATE, PERIOD_STATES),
    ),
    filters=(
        Filter("state", _("State"), Period.state, PERIOD_STATES),
        Filter(
            "year",
            _("Fiscal year"),
            Period.fiscal_year_id,
            kind="picker",
            picker="ledger.fiscal_year",
        ),
    ),
    order=("-starts_on",),
    joins=lambda statement: statement.join(FiscalYear, FiscalYear.id == Period.fiscal_year_id),
    title=lambda period: translate("Period %(month)s", month=period.label),
    state="state",
    steps=(PeriodState.OPEN.value, PeriodState.CLOSED.value),
    sections=(Section(_("Period"), ("year", "number", "first_day", "ends_on", "state", "drafts")),),
    actions=(
        Action(
            "close",
            Operation(
                close_period,
                ClosePeriod,
                PERIOD_CLOSE,
                _("Close period"),
                initial=_no_reason,
                help=_(
                    "Nothing dated in this period can be posted afterwards. It can be reopened,"
                    " with a reason."
                ),
                done=_("Period closed."),
            ),
            icon="lock",
            states=(PeriodState.OPEN.value,),
            leads_to=PeriodState.CLOSED.value,
            past=_("closed this"),
            primary=True,
            refuses=_drafts_remain,
        ),
        Action(
            "reopen",
            Operation(
                reopen_period,
                ReopenPeriod,
                PERIOD_REOPEN,
                _("Reopen period"),
                initial=_no_reason,
                help=_("Figures that were reported may change. Say why; the reason is kept."),
                done=_("Period reopened."),
            ),
            icon="rotate",
            states=(PeriodState.CLOSED.value,),
            leads_to=PeriodState.OPEN.value,
            past=_("reopened this"),
        ),
    ),
    related=(Related(_("Entries"), "ledger.entry", "period", _entries, "receipt-2"),),
    empty=Empty(
        _("No periods yet"),
        _("Create a fiscal year: its twelve periods come with it."),
        "calendar",
    ),
    picker_label=lambda period: str(period.label),
    buttons=_ways,
)
