"""The opening of the books, step by step: first day, trial balance, open items, clearing, end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for
from sqlalchemy import or_, select

from backstay.spi import (
    Conflict,
    Invalid,
    company_of,
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
from backstay_ledger.models import Account, AccountClass, Opening
from backstay_ledger.opening_wizard.models import OpeningPart
from backstay_ledger.opening_wizard.opening import (
    BeginOpening,
    ReopenOpening,
    UndoOpening,
    begin_opening,
    finish_opening,
    opening_of,
    reopen_opening,
    undo_opening,
)
from backstay_ledger.opening_wizard.state import OpeningState, opening_state
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import company_today, read_day, year_to_date
from backstay_ledger.permissions import OPENING_POST
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.resources.import_links import import_link

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session

TEMPLATE: Final = "ledger/opening_wizard.html"
_MOST_CHOICES: Final = 500


@dataclass(frozen=True, slots=True)
class Step:
    """A list to bring in: how far it is, and the ways to enter it."""

    part: str
    title: str
    text: str
    done: bool
    entries: str
    ways: tuple[ui.Button, ...]
    undo: str = ""
    """What is asked before all its entries are reversed; empty where there are none."""


@dataclass(frozen=True, slots=True)
class Wizard:
    """What ``ledger/opening_wizard.html`` shows."""

    title: str
    help: str
    subtitle: str
    action: str
    day: str
    fixed: bool
    accounts: tuple[tuple[str, str], ...]
    balances_account: str
    items_account: str
    begun: bool
    finished: str
    steps: tuple[Step, ...]
    clearing_heads: tuple[ui.Head, ...]
    clearing: tuple[ui.Row, ...]
    item_heads: tuple[ui.Head, ...]
    items: tuple[ui.Row, ...]
    complete: bool
    notes: tuple[ui.Note, ...] = ()


@blueprint.get("/opening", endpoint="opening_wizard")
@requires(OPENING_POST)
def show_wizard() -> Response:
    """The steps, and what is missing."""
    return page(TEMPLATE, page=_shown(session()))


@blueprint.post("/opening", endpoint="opening_wizard_step")
@requires(OPENING_POST)
def take_step() -> Response:
    """Begin, finish, reopen or undo, as the button says that was pressed."""
    db = session()
    step = _STEPS.get(request.form.get("step", ""))
    if step is None:
        raise Invalid(_("Nothing was chosen."))
    try:
        flash_done(step(db))
    except (Invalid, Conflict) as error:
        db.rollback()
        flash_problem(" ".join(dict.fromkeys(one.message for one in error.problems)))
    return redirect_to(url_for("ledger.opening_wizard"))


def _begin(db: Session) -> str:
    day, notes = read_day(request.form, "day", company_today(db))
    if notes or not request.form.get("day"):
        raise Invalid(_("Enter the day on which the books begin."), field="day")
    begin_opening(
        db,
        BeginOpening(
            day=day,
            balances_account=_id("balances_account"),
            items_account=_id("items_account"),
        ),
    )
    return _("Saved. Enter the trial balance now.")


def _finish(db: Session) -> str:
    finish_opening(db)
    return _("The opening is finished.")


def _reopen(db: Session) -> str:
    reopen_opening(db, ReopenOpening(reason=request.form.get("reason", "")[:300]))
    return _("The opening takes entries again.")


def _undo(db: Session) -> str:
    part = request.form.get("part", "")
    if part not in {one.value for one in OpeningPart}:
        raise Invalid(_("Nothing was chosen."))
    count = undo_opening(
        db, UndoOpening(part=OpeningPart(part), reason=request.form.get("reason", "")[:300])
    )
    return ngettext("%(n)s entry was reversed.", "%(n)s entries were reversed.", count)


_STEPS: Final[dict[str, Callable[[Session], str]]] = {
    "begin": _begin,
    "finish": _finish,
    "reopen": _reopen,
    "undo": _undo,
}


def _id(name: str) -> int:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0  # noqa: PLR2004


def _shown(db: Session) -> Wizard:
    company = company_of(db)
    opening = opening_of(db)
    figures = Figures(db)
    state = None if opening is None else opening_state(db, opening)
    finished = "" if opening is None else opening.finished_by or ""
    first = year_to_date(db, company_today(db))
    return Wizard(
        title=_("Opening of the books"),
        help=_(
            "Brings in what the old system says. Each list is posted against a clearing account of"
            " its own; when both stand at 0.00, everything is in the books exactly once."
        ),
        subtitle=company.name
        if opening is None
        else _("%(company)s · %(day)s", company=company.name, day=figures.day(opening.date)),
        action=url_for("ledger.opening_wizard_step"),
        day=(first if opening is None else opening.date).isoformat(),
        fixed=state is not None and bool(sum(state.entries.values()) or state.waiting or finished),
        accounts=_choices(db, opening),
        balances_account="" if opening is None else str(opening.balances_account_id),
        items_account="" if opening is None else str(opening.items_account_id),
        begun=opening is not None,
        finished=finished,
        steps=() if state is None or finished else _steps(state),
        clearing_heads=heads(("account", _("Account"), False), ("balance", _("Balance"), True)),
        clearing=() if state is None else _clearing(state, figures),
        item_heads=heads(
            ("account", _("Account"), False),
            ("balance", _("Trial balance"), True),
            ("items", _("Open items"), True),
            ("missing", _("Missing"), True),
        ),
        items=() if state is None else _items(state, figures),
        complete=state is not None and state.complete and bool(sum(state.entries.values())),
        notes=_notes(state, finished),
    )


def _notes(state: OpeningState | None, finished: str) -> tuple[ui.Note, ...]:
    notes: list[ui.Note] = []
    if finished:
        message = _(
            "Finished by %(who)s. Accounts can be claimed by their sub-ledgers now.", who=finished
        )
        notes.append(ui.Note(message, "ok"))
    if state is not None and state.waiting:
        message = ngettext(
            "%(n)s entry or reversal is not posted yet and counts once it is.",
            "%(n)s entries or reversals are not posted yet and count once they are.",
            state.waiting,
        )
        notes.append(ui.Note(message, "warn"))
    return tuple(notes)


def _steps(state: OpeningState) -> tuple[Step, ...]:
    def counted(part: OpeningPart) -> str:
        n = state.entries[part]
        return ngettext("%(n)s entry", "%(n)s entries", n) if n else _("Nothing yet")

    def undo(part: OpeningPart) -> str:
        if not state.entries[part]:
            return ""
        return _("Reverse all %(n)s entries of this step?", n=state.entries[part])

    balances, items = OpeningPart.BALANCES, OpeningPart.ITEMS
    return (
        Step(
            balances.value,
            _("2. Trial balance"),
            _(
                "All accounts with what they stood at. Accounts that are managed by open items"
                " stand on the clearing account until their items are entered."
            ),
            bool(state.entries[balances]) and not state.clearing[0].balance,
            counted(balances),
            (
                ui.Button(_("Type or paste"), url_for("ledger.opening"), "pencil"),
                ui.Button(_("From a file"), import_link("ledger.opening_balances"), "file-import"),
            ),
            undo(balances),
        ),
        Step(
            items.value,
            _("3. Open items"),
            _(
                "Every document that is not settled yet, with its party, reference and due date;"
                " each becomes an entry of its own."
            ),
            bool(state.accounts) and not any(one.missing for one in state.accounts),
            counted(items),
            (
                ui.Button(_("Type or paste"), url_for("ledger.opening_items"), "pencil"),
                ui.Button(_("From a file"), import_link("ledger.opening_items"), "file-import"),
            ),
            undo(items),
        ),
    )


def _clearing(state: OpeningState, figures: Figures) -> tuple[ui.Row, ...]:
    return tuple(
        ui.Row(
            (
                ui.Cell(
                    one.account, href=resource_url("ledger.account", "record", id=one.account_id)
                ),
                figures.cell(one.balance),
            ),
            tone="warn" if one.balance else None,
        )
        for one in state.clearing
    )


def _items(state: OpeningState, figures: Figures) -> tuple[ui.Row, ...]:
    return tuple(
        ui.Row(
            (
                ui.Cell(one.account, href=url_for("ledger.ageing", account=one.code)),
                figures.cell(one.balance),
                figures.cell(one.items),
                figures.cell(one.missing),
            ),
            tone="warn" if one.missing else None,
        )
        for one in state.accounts
    )


def _choices(db: Session, opening: Opening | None) -> tuple[tuple[str, str], ...]:
    """Accounts that can be used for clearing: equity and such without a class, and the chosen."""
    wanted: list[Any] = [
        Account.account_class.in_((AccountClass.EQUITY, AccountClass.LIABILITY, AccountClass.UNSET))
    ]
    if opening is not None:
        wanted.append(Account.id.in_((opening.balances_account_id, opening.items_account_id)))
    found = db.execute(
        select(Account.id, Account.code, Account.name)
        .where(Account.active, Account.open_item_managed.is_(False), or_(*wanted))
        .order_by(Account.code)
        .limit(_MOST_CHOICES)
    )
    return tuple((str(key), f"{code} {name}") for key, code, name in found)
