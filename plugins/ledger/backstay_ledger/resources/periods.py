"""Fiscal years and periods, and closing and reopening a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for
from sqlalchemy import func, select

from backstay.spi import (
    Action,
    Attachments,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Panel,
    Related,
    Resource,
    Section,
    company_of,
    context_of,
    ngettext,
    resource_url,
    today,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.closing.services.checklist import pending
from backstay_ledger.closing.services.periods import (
    AddAdjustmentPeriod,
    LockPeriod,
    SoftClosePeriod,
    add_adjustment_period,
    adjustment_period,
    lock_period,
    soft_close_period,
)
from backstay_ledger.closing.year_actions import YEAR_ACTIONS, YEAR_API, closings_of
from backstay_ledger.closing.year_state import CLOSING_ENTRY, YEAR_STATE
from backstay_ledger.models import (
    IS_DRAFT,
    Entry,
    FiscalYear,
    Period,
    PeriodKind,
    PeriodState,
)
from backstay_ledger.permissions import (
    BOOKS_VIEW,
    ENTRY_DRAFT,
    FISCAL_YEAR_CREATE,
    PERIOD_CLOSE,
    PERIOD_LOCK,
    PERIOD_REOPEN,
)
from backstay_ledger.resources.choices import PERIOD_KINDS, PERIOD_STATES
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
    year_is_closed,
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
        Period.kind == PeriodKind.MONTH,
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


def _has_adjustments(session: Session, year: FiscalYear) -> str | None:
    if adjustment_period(session, year) is None:
        return None
    return translate("It has its adjustment period.")


def _drafts_remain(session: Session, period: Period) -> str | None:
    if period.kind is not PeriodKind.MONTH:
        return None
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


def _to_cockpit(session: Session, period: Period) -> dict[str, Any]:
    """What stands in the way of closing, and the page for it."""
    blocking = len(pending(session, period)) if period.kind is PeriodKind.MONTH else 0
    return {
        "text": ngettext("%(n)s task blocks closing.", "%(n)s tasks block closing.", blocking)
        if blocking
        else translate("Nothing blocks closing."),
        "way": ui.Button(
            translate("Open the checklist"),
            url_for("ledger.close_cockpit", id=period.id),
            "list-details",
        ),
    }


def _to_year_end(session: Session, year: FiscalYear) -> dict[str, Any]:
    """Whether a year is closed, and the page for it."""
    closed = year_is_closed(session, year.id)
    return {
        "text": translate("Income and expenses were carried to retained earnings.")
        if closed
        else translate("Income and expenses are not carried to retained earnings yet."),
        "way": ui.Button(
            translate("Year-end closing"), url_for("ledger.year_end", id=year.id), "lock"
        ),
    }


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
        YEAR_STATE,
        CLOSING_ENTRY,
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
    actions=(
        Action(
            "add_adjustment_period",
            Operation(
                add_adjustment_period,
                AddAdjustmentPeriod,
                FISCAL_YEAR_CREATE,
                _("Add adjustment period"),
                done=_("Adjustment period added."),
            ),
            icon="plus",
            past=_("added the adjustment period of this"),
            confirm=_(
                "The year gets a thirteenth period on its last day. Entries are posted there only"
                " where that is chosen."
            ),
            refuses=_has_adjustments,
        ),
        *YEAR_ACTIONS,
    ),
    panels=(Panel(_("Year-end closing"), "ledger/way.html", _to_year_end),),
    related=(Related(_("Periods"), "ledger.period", "year", _periods, "calendar"),),
    empty=Empty(
        _("No fiscal year yet"),
        _("Entries can be posted once a fiscal year covers their date."),
        "calendar",
    ),
    picker_label=lambda year: str(year.code),
    history=closings_of,
    api=YEAR_API,
)


def _keeps_evidence(_session: Session, period: Period) -> str | None:
    """What a month was closed upon is kept with it, also after it was reopened."""
    if period.state in {PeriodState.CLOSED, PeriodState.LOCKED}:
        return translate(
            "A closed period keeps its evidence, like the books themselves. If this is the wrong"
            " file, attach the right one beside it."
        )
    if period.version > 1:  # nothing of it changes but its state
        return translate(
            "The period was closed before, if only softly: what it was closed upon is kept. If this"
            " is the wrong file, attach the right one beside it."
        )
    return None


PERIODS: Final = Resource(
    name="ledger.period",
    path="periods",
    model=Period,
    view=BOOKS_VIEW,
    label=_("Period"),
    label_many=_("Periods"),
    icon="calendar",
    help=_(
        "Soft-close a period while its figures are reviewed, close it when they are final, and lock"
        " it for good when they were audited or filed."
    ),
    columns=(
        Column("starts_on", _("Period"), Period.starts_on, Kind.CODE, sortable=True, format=_month),
        Column("year", _("Fiscal year"), FiscalYear.code, Kind.CODE),
        Column("number", _("Number"), Period.number, Kind.NUMBER),
        Column("kind", _("Kind"), Period.kind, Kind.STATE, PERIOD_KINDS),
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
    order=("-starts_on", "-number"),
    joins=lambda statement: statement.join(FiscalYear, FiscalYear.id == Period.fiscal_year_id),
    title=lambda period: translate("Period %(month)s", month=period.label),
    state="state",
    steps=tuple(state.value for state in PeriodState),
    sections=(
        Section(_("Period"), ("year", "number", "kind", "first_day", "ends_on", "state", "drafts")),
    ),
    attachments=Attachments(
        attach=ENTRY_DRAFT,
        label=_("Evidence"),
        help=_(
            "What proves the month and belongs to no single entry: statements of banks, counts,"
            " notices of rates, confirmations. It can be added after closing, too; then it stays."
        ),
        keeps=_keeps_evidence,
    ),
    actions=(
        Action(
            "soft_close",
            Operation(
                soft_close_period,
                SoftClosePeriod,
                PERIOD_CLOSE,
                _("Soft-close period"),
                initial=_no_reason,
                help=_(
                    "Only those who may post in soft-closed periods still can; each of their"
                    " entries is noted. Drafts may remain."
                ),
                done=_("Period soft-closed."),
            ),
            icon="lock",
            states=(PeriodState.OPEN.value,),
            leads_to=PeriodState.SOFT_CLOSED.value,
            past=_("soft-closed this"),
        ),
        Action(
            "close",
            Operation(
                close_period,
                ClosePeriod,
                PERIOD_CLOSE,
                _("Close period"),
                initial=_no_reason,
                help=_(
                    "Nothing is posted in this period afterwards, unless a second person approves"
                    " an exception. It can be reopened, with a reason."
                ),
                done=_("Period closed."),
            ),
            icon="lock",
            states=(PeriodState.OPEN.value, PeriodState.SOFT_CLOSED.value),
            leads_to=PeriodState.CLOSED.value,
            past=_("closed this"),
            primary=True,
            refuses=_drafts_remain,
        ),
        Action(
            "lock",
            Operation(
                lock_period,
                LockPeriod,
                PERIOD_LOCK,
                _("Lock period for good"),
                initial=_no_reason,
                help=_("There is no exception from a locked period, and it is never reopened."),
                done=_("Period locked for good."),
            ),
            icon="lock",
            states=(PeriodState.CLOSED.value,),
            leads_to=PeriodState.LOCKED.value,
            past=_("locked this for good"),
            danger=True,
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
            states=(PeriodState.SOFT_CLOSED.value, PeriodState.CLOSED.value),
            leads_to=PeriodState.OPEN.value,
            past=_("reopened this"),
        ),
    ),
    panels=(Panel(_("Close cockpit"), "ledger/way.html", _to_cockpit),),
    related=(Related(_("Entries"), "ledger.entry", "period", _entries, "receipt-2"),),
    empty=Empty(
        _("No periods yet"),
        _("Create a fiscal year: its twelve periods come with it."),
        "calendar",
    ),
    picker_label=lambda period: str(period.label),
    buttons=_ways,
)
