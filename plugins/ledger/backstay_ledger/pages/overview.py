"""The ledger's own home: what waits, where the books stand, and the first steps while empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for
from sqlalchemy import func, select

from backstay.spi import company_of, context, ngettext, page, requires, resource_url, session
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.models import (
    IS_DRAFT,
    Account,
    Entry,
    EntryState,
    FiscalYear,
    Journal,
    Line,
    Period,
    PeriodKind,
    PeriodState,
)
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import company_today
from backstay_ledger.permissions import (
    ACCOUNT_EDIT,
    BOOKS_VIEW,
    CHART_IMPORT,
    ENTRY_DRAFT,
    ENTRY_IMPORT,
    FISCAL_YEAR_CREATE,
    OPENING_POST,
)
from backstay_ledger.resources.choices import ENTRY_STATES
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.resources.import_links import import_link

if TYPE_CHECKING:
    from datetime import date

    from flask import Response
    from sqlalchemy.orm import Session

_LATEST = 6
_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the books of a company stand today."""

    accounts: int
    journals: int
    years: int
    drafts: int
    posted: bool
    period: Period | None
    open_periods_past: int


@blueprint.get("/", endpoint="overview")
@requires(BOOKS_VIEW)
def overview() -> Response:
    """Show it."""
    db = session()
    day = company_today(db)
    standing = look(db, day)
    return page(
        "ledger/overview.html",
        page=ui.HomePage(
            title=_("Ledger"),
            subtitle=company_of(db).name,
            checklist_title=_("Set up the books"),
            checklist=_first_steps(standing),
            figures=_figures(db, standing, day),
        ),
        latest=_latest(db),
        ways=_shortcuts(),
    )


def home_part(db: Session) -> ui.HomePart:
    """What the company's start page says of the books."""
    day = company_today(db)
    standing = look(db, day)
    return ui.HomePart(_figures(db, standing, day), _first_steps(standing))


def look(db: Session, day: date) -> Standing:
    """Count what the page shows; every count is capped or over a small table."""
    period = db.scalars(
        select(Period).where(
            Period.kind == PeriodKind.MONTH, Period.starts_on <= day, Period.ends_on >= day
        )
    ).one_or_none()
    past = select(func.count()).where(Period.ends_on < day, Period.state == PeriodState.OPEN)
    some_drafts = select(Entry.id).where(IS_DRAFT).limit(_MANY).subquery()
    return Standing(
        accounts=db.scalar(select(func.count(Account.id))) or 0,
        journals=db.scalar(select(func.count(Journal.id))) or 0,
        years=db.scalar(select(func.count(FiscalYear.id))) or 0,
        drafts=db.scalar(select(func.count()).select_from(some_drafts)) or 0,
        posted=_any_posted(db),
        period=period,
        open_periods_past=db.scalar(past.select_from(Period)) or 0,
    )


def _any_posted(db: Session) -> bool:
    found = select(Entry.id).where(Entry.state == EntryState.POSTED).limit(1)
    return db.scalar(found) is not None


def _first_steps(standing: Standing) -> tuple[ui.ChecklistItem, ...]:
    """What a new company does first; gone once the books run."""
    if standing.accounts and standing.years and standing.posted:
        return ()
    may = context().may
    chart = (
        import_link("ledger.chart")
        if may(CHART_IMPORT)
        else resource_url("ledger.account")
        if may(ACCOUNT_EDIT)
        else None
    )
    journal = import_link("ledger.journal") if may(ENTRY_IMPORT) else None
    return (
        ui.ChecklistItem(
            _("A chart of accounts"),
            _("Import yours from a CSV file, or add accounts one by one."),
            chart,
            done=standing.accounts > 0,
        ),
        ui.ChecklistItem(
            _("A fiscal year"),
            _("Twelve periods to post in. An import of entries makes missing years by itself."),
            resource_url("ledger.fiscal_year", "create") if may(FISCAL_YEAR_CREATE) else None,
            done=standing.years > 0,
        ),
        ui.ChecklistItem(
            _("Opening balances"),
            _("What the accounts stood at before the first entry here. Skip it for a new company."),
            url_for("ledger.opening")
            if may(OPENING_POST) and standing.accounts and standing.years
            else None,
        ),
        ui.ChecklistItem(
            _("The first entries"),
            _("Bring in a journal from a CSV file, or write the first entry."),
            journal
            or (url_for("ledger.entry_new") if may(ENTRY_DRAFT) and standing.accounts else None),
            done=standing.posted,
        ),
    )


def _figures(db: Session, standing: Standing, day: date) -> tuple[ui.Figure, ...]:
    figures = Figures(db)
    drafts = figures.count(standing.drafts) + ("+" if standing.drafts >= _MANY else "")
    period = standing.period
    past = standing.open_periods_past
    return (
        ui.Figure(
            _("Drafts to post"),
            drafts,
            _("not in any report yet") if standing.drafts else _("nothing waits"),
            resource_url("ledger.entry", state=EntryState.DRAFT.value),
            tone="warn" if standing.drafts else "ok",
            icon="receipt-2",
        ),
        ui.Figure(
            _("Current period"),
            period.label if period else _("none"),
            _("no fiscal year covers %(day)s", day=figures.day(day))
            if period is None
            else _("open for posting")
            if period.state is PeriodState.OPEN
            else _("soft-closed: only some may post today")
            if period.state is PeriodState.SOFT_CLOSED
            else _("closed: nothing can be posted today"),
            resource_url("ledger.period"),
            tone="bad" if period is None else "ok" if period.state is PeriodState.OPEN else "warn",
            icon="calendar",
        ),
        ui.Figure(
            _("Earlier periods still open"),
            figures.count(past),
            _("close them when their figures are final") if past else _("all closed"),
            resource_url("ledger.period", state=PeriodState.OPEN.value),
            icon="lock",
        ),
        ui.Figure(
            _("Accounts"),
            figures.count(standing.accounts),
            ngettext("%(n)s journal", "%(n)s journals", standing.journals),
            resource_url("ledger.account"),
            icon="sitemap",
        ),
    )


def _shortcuts() -> tuple[ui.Button, ...]:
    may = context().may
    wanted = (
        (ENTRY_DRAFT, _("New journal entry"), url_for("ledger.entry_new"), "plus"),
        (BOOKS_VIEW, _("Trial balance"), url_for("ledger.trial_balance"), "scale"),
        (BOOKS_VIEW, _("General ledger"), url_for("ledger.general_ledger"), "report-analytics"),
        (BOOKS_VIEW, _("Journals"), resource_url("ledger.journal"), "notebook"),
        (BOOKS_VIEW, _("Fiscal years"), resource_url("ledger.fiscal_year"), "calendar"),
        (ENTRY_IMPORT, _("Import a journal"), import_link("ledger.journal"), "file-import"),
        (CHART_IMPORT, _("Import a chart of accounts"), import_link("ledger.chart"), "file-import"),
        (OPENING_POST, _("Opening balances"), url_for("ledger.opening"), "table-import"),
    )
    return tuple(
        ui.Button(label, href, icon) for permission, label, href, icon in wanted if may(permission)
    )


def _latest(db: Session) -> tuple[tuple[ui.Head, ...], tuple[ui.Row, ...]]:
    """The entries that were written last, drafts included."""
    figures = Figures(db)
    amount = (
        select(func.sum(Line.amount))
        .where(Line.entry_id == Entry.id, Line.amount > 0)
        .correlate(Entry)
        .scalar_subquery()
    )
    found = db.execute(
        select(Entry.id, Entry.number_text, Entry.date, Entry.memo, Entry.state, amount)
        .order_by(Entry.id.desc())
        .limit(_LATEST)
    )
    states = {choice.value: choice for choice in ENTRY_STATES}
    rows = tuple(
        ui.Row(
            (
                ui.Cell(number or _("Draft"), "code"),
                ui.Cell(figures.day(day), "date"),
                ui.Cell(memo),
                figures.cell(total),
                ui.Cell(states[state.value].label, "state", tone=states[state.value].tone),
            ),
            href=resource_url("ledger.entry", "record", id=entry_id),
        )
        for entry_id, number, day, memo, state, total in found
    )
    return heads(
        ("number", _("Number"), False),
        ("date", _("Date"), False),
        ("memo", _("Memo"), False),
        ("amount", _("Amount"), True),
        ("state", _("State"), False),
    ), rows
