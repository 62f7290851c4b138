"""The close cockpit of a period, and the year-end closing of a fiscal year."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from flask import request, url_for
from sqlalchemy import select

from backstay.contracts.closing import Blocker
from backstay.spi import (
    Conflict,
    Invalid,
    NotFound,
    company_of,
    context,
    flash_done,
    flash_problem,
    ngettext,
    page,
    redirect_to,
    requires,
    resource_url,
    session,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.closing.services.carrying import result_balances
from backstay_ledger.closing.services.checklist import (
    AddTask,
    AssignTask,
    FinishTask,
    Item,
    WaiveTask,
    add_task,
    agree_waiver,
    ask_waiver,
    assign_task,
    checklist,
    finish_task,
    period_of,
)
from backstay_ledger.closing.services.making import MakeDue, make_due
from backstay_ledger.closing.services.plans import due
from backstay_ledger.closing.services.years import (
    CloseYear,
    ReopenYear,
    close_year,
    closing_of,
    not_to_be_closed,
    proposed_account,
    reopen_year,
)
from backstay_ledger.models import Account, AccountClass, Entry, FiscalYear, PeriodState
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.permissions import (
    BOOKS_VIEW,
    ENTRY_POST,
    PERIOD_CLOSE,
    PERIOD_REOPEN,
    YEAR_CLOSE,
    YEAR_REOPEN,
)
from backstay_ledger.resources.choices import PERIOD_STATES
from backstay_ledger.resources.figures import Figures, heads

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.models import Period


_MOST_FOUND: Final = 10
"""So many findings of a task are shown."""


@dataclass(frozen=True, slots=True)
class Cockpit:
    """What ``ledger/close_cockpit.html`` shows."""

    title: str
    help: str
    state: str
    tone: ui.Tone
    items: tuple[tuple[Item, tuple[tuple[str, str], ...]], ...]
    action: str
    me: str
    may_work: bool
    actions: tuple[ui.Button, ...] = ()
    primary: ui.Button | None = None


@dataclass(frozen=True, slots=True)
class YearEnd:
    """What ``ledger/year_end.html`` shows."""

    title: str
    help: str
    closed: bool
    problem: str | None
    action: str
    accounts: tuple[tuple[str, str, bool], ...]
    heads: tuple[ui.Head, ...]
    rows: tuple[ui.Row, ...]
    result: str
    may: bool
    notes: tuple[ui.Note, ...] = ()


@blueprint.get("/periods/<int:id>/closing", endpoint="close_cockpit")
@requires(BOOKS_VIEW)
def show_cockpit(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """The checklist of a period."""
    db = session()
    period = period_of(db, id)
    items = tuple(checklist(db, period))
    blocking = sum(item.blocks for item in items)
    state = next(one for one in PERIOD_STATES if one.value == period.state.value)
    return page(
        "ledger/close_cockpit.html",
        page=Cockpit(
            title=_("Close %(period)s", period=period.label),
            help=_(
                "What the machine found, and what people have to do. The period is closed once"
                " nothing blocks any more; a task is waived by two persons, with a reason."
            ),
            state=str(state.label),
            tone=state.tone,
            items=tuple((item, _shown(item)) for item in items),
            action=url_for("ledger.close_task", id=id),
            me=context().actor.label,
            may_work=context().may(PERIOD_CLOSE) and period.state is not PeriodState.LOCKED,
            actions=_ways(db, period),
            primary=_close_button(period, blocking),
        ),
        crumbs=_crumbs(_("Periods"), resource_url("ledger.period"), period.label),
    )


def _shown(item: Item) -> tuple[tuple[str, str], ...]:
    """The first of what was found, what no waiver is for before the rest, and how many more."""
    ordered = (*item.since, *(one for one in item.found if one not in item.since))
    shown = [_found(one) for one in ordered[:_MOST_FOUND]]
    if more := len(ordered) - len(shown):
        shown.append((ngettext("and %(n)s more", "and %(n)s more", more), ""))
    return tuple(shown)


def _found(one: Blocker) -> tuple[str, str]:
    """What was found, and the address of its record."""
    href = resource_url(one.resource, "record", id=one.record) if one.resource else ""
    return one.text, href


def _crumbs(label: str, href: str, *here: str) -> tuple[ui.Crumb, ...]:
    return (ui.Crumb(_("Money")), ui.Crumb(label, href), *(ui.Crumb(one) for one in here))


def _close_button(period: Period, blocking: int) -> ui.Button | None:
    if period.state not in {PeriodState.OPEN, PeriodState.SOFT_CLOSED}:
        return None
    if not context().may(PERIOD_CLOSE):
        return None
    return ui.Button(
        _("Close period"),
        resource_url("ledger.period", "action", id=period.id, action="close"),
        "lock",
        "primary",
        disabled_reason=_("%(n)s tasks block it.", n=blocking) if blocking else None,
    )


def _ways(db: Session, period: Period) -> tuple[ui.Button, ...]:
    may = context().may
    buttons = [ui.Button(_("Period"), resource_url("ledger.period", "record", id=period.id))]
    if may(ENTRY_POST) and due(db, period.ends_on, period.starts_on):
        buttons.append(
            ui.Button(
                _("Make what is due"),
                url_for("ledger.close_run", id=period.id),
                "player-play",
                method="post",
            )
        )
    if may(PERIOD_CLOSE) and period.state is PeriodState.OPEN:
        href = resource_url("ledger.period", "action", id=period.id, action="soft_close")
        buttons.append(ui.Button(_("Soft-close"), href, "lock"))
    if may(PERIOD_REOPEN) and period.state in {PeriodState.SOFT_CLOSED, PeriodState.CLOSED}:
        href = resource_url("ledger.period", "action", id=period.id, action="reopen")
        buttons.append(ui.Button(_("Reopen"), href, "rotate"))
    return tuple(buttons)


@blueprint.post("/periods/<int:id>/closing/run", endpoint="close_run")
@requires(ENTRY_POST)
def run_due(id: int) -> Response:  # noqa: A002
    """Make the recurring entries, releases and reversals of the period that are missing."""
    db = session()
    period = period_of(db, id)
    done = make_due(db, MakeDue(up_to=period.ends_on, since=period.starts_on))
    for one in done.left_out:
        flash_problem(f"{one.day} {one.label}: {one.why}")
    flash_done(ngettext("%(n)s entry made.", "%(n)s entries made.", len(done.made)))
    return redirect_to(url_for("ledger.close_cockpit", id=id))


@blueprint.post("/periods/<int:id>/closing/tasks", endpoint="close_task")
@requires(PERIOD_CLOSE)
def work_on_task(id: int) -> Response:  # noqa: A002
    """Add, assign, finish or waive a task, as the button says that was pressed."""
    db = session()
    period = period_of(db, id)
    step = _STEPS.get(request.form.get("step", ""))
    if step is None:
        raise Invalid(_("Nothing was chosen."))
    name = request.form.get("name", "").strip()
    words = request.form.get("words", "").strip()
    try:
        done = step(db, period.id, name, words)
    except (Invalid, Conflict) as error:
        db.rollback()
        flash_problem(str(error))
    else:
        flash_done(done)
    return redirect_to(url_for("ledger.close_cockpit", id=id))


def _add_step(db: Session, period: int, _name: str, words: str) -> str:
    add_task(db, AddTask(period_id=period, title=words))
    return _("Task added.")


def _assign_step(db: Session, period: int, name: str, words: str) -> str:
    assign_task(db, AssignTask(period_id=period, name=name, owner=words))
    return _("Task assigned.")


def _done_step(db: Session, period: int, name: str, _words: str) -> str:
    finish_task(db, FinishTask(period_id=period, name=name))
    return _("Task done.")


def _open_step(db: Session, period: int, name: str, _words: str) -> str:
    finish_task(db, FinishTask(period_id=period, name=name, done=False))
    return _("Task open again.")


def _ask_step(db: Session, period: int, name: str, words: str) -> str:
    ask_waiver(db, WaiveTask(period_id=period, name=name, reason=words))
    return _("Asked. A second person has to agree.")


def _agree_step(db: Session, period: int, name: str, _words: str) -> str:
    agree_waiver(db, WaiveTask(period_id=period, name=name))
    return _("Task waived.")


_STEPS: Final[dict[str, Callable[[Session, int, str, str], str]]] = {
    "add": _add_step,
    "assign": _assign_step,
    "done": _done_step,
    "open": _open_step,
    "ask": _ask_step,
    "agree": _agree_step,
}


@blueprint.get("/fiscal-years/<int:id>/closing", endpoint="year_end")
@requires(BOOKS_VIEW)
def show_year_end(id: int) -> Response:  # noqa: A002
    """What the closing of a fiscal year will post, or posted."""
    db = session()
    year = _year(db, id)
    closing = closing_of(db, id)
    figures = Figures(db)
    nets = [] if closing else result_balances(db, year)
    names = {row.code: row.name for row in db.execute(select(Account.code, Account.name))}
    result = sum((amount for _code, amount in nets), start=Decimal(0))
    return page(
        "ledger/year_end.html",
        page=YearEnd(
            title=_("Year-end closing %(code)s", code=year.code),
            help=_(
                "Carries income and expenses to retained earnings, in an entry of its own that"
                " reports of the year leave out."
            ),
            closed=closing is not None,
            problem=None if closing else not_to_be_closed(db, year),
            action=url_for("ledger.year_end_post", id=id),
            accounts=_equity(db),
            heads=heads(
                ("account", _("Account"), False),
                ("debit", _("Debit"), True),
                ("credit", _("Credit"), True),
            ),
            rows=tuple(
                ui.Row((ui.Cell(f"{code} {names.get(code, '')}"), *figures.sides(-amount)))
                for code, amount in nets
            ),
            result=figures.text(abs(result))
            + " "
            + (_("loss") if result > 0 else _("profit") if result else ""),
            may=context().may(YEAR_REOPEN if closing else YEAR_CLOSE),
            notes=_closed_note(db, closing.entry_id) if closing else (),
        ),
        crumbs=_crumbs(_("Fiscal years"), resource_url("ledger.fiscal_year"), year.code),
    )


@blueprint.post("/fiscal-years/<int:id>/closing", endpoint="year_end_post")
@requires(BOOKS_VIEW)
def post_year_end(id: int) -> Response:  # noqa: A002
    """Close the year, or cancel its closing; the services ask for the permission."""
    db = session()
    year = _year(db, id)
    reason = request.form.get("reason", "").strip()
    account = request.form.get("account", "")
    try:
        if request.form.get("step") == "reopen":
            reopen_year(db, ReopenYear(id=year.id, reason=reason))
            flash_done(_("Closing cancelled."))
        else:
            chosen = int(account) if account.isdigit() else 0
            close_year(db, CloseYear(id=year.id, account=chosen, reason=reason))
            flash_done(_("Fiscal year closed."))
    except (Invalid, Conflict, NotFound) as error:
        db.rollback()
        flash_problem(str(error))
    return redirect_to(url_for("ledger.year_end", id=id))


def _year(db: Session, year_id: int) -> FiscalYear:
    found = db.scalars(
        select(FiscalYear).where(
            FiscalYear.id == year_id, FiscalYear.company_id == company_of(db).id
        )
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such fiscal year in this company."))
    return found


def _equity(db: Session) -> tuple[tuple[str, str, bool], ...]:
    """Accounts that can take the result: id, label, whether it is proposed."""
    proposed = proposed_account(db)
    found = db.execute(
        select(Account.id, Account.code, Account.name)
        .where(Account.account_class == AccountClass.EQUITY, Account.active)
        .order_by(Account.code)
        .limit(500)
    )
    return tuple((str(key), f"{code} {name}", key == proposed) for key, code, name in found)


def _closed_note(db: Session, entry_id: int | None) -> tuple[ui.Note, ...]:
    number = None if entry_id is None else db.get_one(Entry, entry_id).number_text
    if number is None:
        return (ui.Note(_("The year is closed; there was nothing to carry.")),)
    return (ui.Note(_("The year is closed by %(number)s.", number=number)),)
