"""Open items of an account or a party: what is left as of a day, settled by keyboard, and undone.

Debits stand on the left, credits on the right; one of each is chosen with the arrow keys, and
Ctrl+Enter allocates. What plainly belongs together is proposed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for

from backstay.contracts.ledger import Pair
from backstay.spi import (
    Conflict,
    Invalid,
    company_of,
    context,
    flash_done,
    flash_problem,
    money_formatter,
    page,
    read_decimal,
    redirect_to,
    requires,
    resource_url,
    session,
)
from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.open_items.ageing_pages import (
    account_control,
    chosen_account,
    chosen_party,
    party_control,
)
from backstay_ledger.open_items.allocations import Allocate, allocate
from backstay_ledger.open_items.history import PastAllocation, allocations_of
from backstay_ledger.open_items.items import HOLDS, HoldItem, hold_item, open_items
from backstay_ledger.open_items.models import ItemHold
from backstay_ledger.open_items.proposals import proposals
from backstay_ledger.open_items.undoing import UndoAllocation, undo_allocation
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.report_dates import company_today, day_control, read_day
from backstay_ledger.permissions import BOOKS_VIEW, ITEM_ALLOCATE
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.services.currencies import minor_units_of

if TYPE_CHECKING:
    from datetime import date

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay.contracts.ledger import Allocated, OpenItem

TEMPLATE: Final = "ledger/open_items.html"
MOST: Final = 200
_LONGEST_NUMBER: Final = 18


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An open item as a row to choose."""

    id: int
    number: str
    href: str
    party: str
    account: str
    about: str
    due: str
    overdue: bool
    left: str
    original: str
    held: bool


@dataclass(frozen=True, slots=True)
class Proposed:
    """Two items that plainly belong together."""

    debit: int
    credit: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What ``ledger/open_items.html`` shows."""

    title: str
    subtitle: str
    help: str
    url: str
    params: tuple[ui.FilterControl, ...]
    debits: tuple[ShownItem, ...]
    credits: tuple[ShownItem, ...]
    proposals: tuple[Proposed, ...]
    heads: tuple[ui.Head, ...]
    history: tuple[tuple[ui.Row, ui.Button | None], ...]
    query: dict[str, str]
    day: str
    holds: tuple[tuple[str, str], ...]
    may_allocate: bool
    nothing: ui.EmptyState
    notes: tuple[ui.Note, ...] = ()
    ways: tuple[ui.Button, ...] = ()


@blueprint.get("/open-items", endpoint="open_items")
@requires(BOOKS_VIEW)
def show_open_items() -> Response:
    """The items that are open at the end of a day, with the latest allocations."""
    db = session()
    return page(TEMPLATE, page=_shown(db))


@blueprint.post("/open-items/allocate", endpoint="open_items_allocate")
@requires(ITEM_ALLOCATE)
def allocate_items() -> Response:
    """Let the chosen debit and credit settle each other."""
    db = session()
    try:
        pair = Pair(_number("debit"), _number("credit"), _amount())
        on = read_day(request.form, "on", company_today(db))[0] if request.form.get("on") else None
        done = allocate(db, Allocate(pairs=(pair,), on=on))[0]
    except (Invalid, Conflict) as error:
        return _refused(db, error)
    if done.entry is not None:
        said = _("Allocated; %(number)s books the difference.", number=done.entry.number)
    else:
        said = _("Allocated.")
    flash_done(said + _waiting_tax(done))
    return _back()


@blueprint.post("/open-items/undo", endpoint="open_items_undo")
@requires(ITEM_ALLOCATE)
def undo_items() -> Response:
    """Take an allocation back as of a day."""
    db = session()
    try:
        on, _notes = read_day(request.form, "on", company_today(db))
        undone = undo_allocation(db, UndoAllocation(id=_number("allocation"), on=on))
    except (Invalid, Conflict) as error:
        return _refused(db, error)
    flash_done(_("The allocation was undone.") + _waiting_tax(undone))
    return _back()


def _waiting_tax(done: Allocated) -> str:
    return " " + _("The tax that it concerns waits for approval.") if done.tax_waits else ""


@blueprint.post("/open-items/hold", endpoint="open_items_hold")
@requires(ITEM_ALLOCATE)
def hold_items() -> Response:
    """Block an item, mark it as disputed, or lift that."""
    db = session()
    try:
        item = _number("credit" if request.form.get("credit") else "debit")
        reason = request.form.get("reason", "")[:200]
        hold_item(db, HoldItem(id=item, hold=_wanted_hold(), reason=reason))
    except (Invalid, Conflict) as error:
        return _refused(db, error)
    flash_done(_("Saved."))
    return _back()


def _refused(db: Session, error: Invalid | Conflict) -> Response:
    db.rollback()
    flash_problem("; ".join(problem.message for problem in error.problems))
    return _back()


def _back() -> Response:
    account, party, as_of = (
        request.form.get(name, "")[:200] for name in ("account", "party", "as_of")
    )
    return redirect_to(url_for("ledger.open_items", account=account, party=party, as_of=as_of))


def _number(name: str) -> int:
    text = request.form.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
        raise Invalid(_("Choose a debit and a credit that settle each other."), field=name)
    return int(text)


def _wanted_hold() -> ItemHold:
    wanted = request.form.get("hold", "")
    if wanted not in {one.value for one in ItemHold}:
        raise Invalid(_("Choose what to mark the item with."), field="hold")
    return ItemHold(wanted)


def _amount() -> Decimal | None:
    text = request.form.get("amount", "").strip()
    if not text:
        return None
    amount = read_decimal(text[:40], context().locale)
    if amount is None:
        raise Invalid(_("“%(text)s” is not an amount.", text=text[:40]), field="amount")
    return amount


def _shown(db: Session) -> Desk:
    as_of, notes = read_day(request.args, "as_of", company_today(db))
    account = chosen_account(db, request.args.get("account", ""))
    party = chosen_party()
    found = open_items(db, as_of, account=account, party=party, limit=MOST + 1)
    if len(found) > MOST:
        message = _("Only the first %(n)s items are shown: choose an account or a party.", n=MOST)
        notes.append(ui.Note(message, "info"))
    items = found[:MOST]
    figures = Figures(db)
    company = company_of(db)
    may = context().may(ITEM_ALLOCATE)
    shown = [(one, _row(one, figures, company.currency, as_of)) for one in items]
    query = {"account": account, "party": party, "as_of": as_of.isoformat()}
    return Desk(
        title=_("Open items"),
        subtitle=_("%(company)s · as of %(day)s", company=company.name, day=figures.day(as_of)),
        help=_(
            "Choose a debit with the arrow keys, go on with Tab, choose a credit: Ctrl+Enter lets"
            " them settle each other by the smaller of both, or by the amount that is typed."
        ),
        url=url_for("ledger.open_items"),
        params=(
            account_control(db, account),
            party_control(party),
            day_control("as_of", _("As of"), as_of),
        ),
        debits=tuple(row for one, row in shown if one.residual > 0),
        credits=tuple(row for one, row in shown if one.residual < 0),
        proposals=_proposed(items, figures, company.currency) if may else (),
        heads=heads(
            ("date", _("Date"), False),
            ("debit", _("Debit"), False),
            ("credit", _("Credit"), False),
            ("party", _("Party"), False),
            ("amount", _("Amount"), True),
            ("gain", _("Exchange gain"), True),
        ),
        history=tuple(
            _past(one, figures, company.currency, query if may else None)
            for one in allocations_of(db, as_of, account=account, party=party)
        ),
        query=query,
        day=company_today(db).isoformat(),
        holds=tuple((str(one.value), str(one.label)) for one in HOLDS),
        may_allocate=may,
        nothing=ui.EmptyState(
            _("Nothing is open"),
            _(
                "No line waits here to be settled. Which accounts are managed by open items is"
                " marked in the chart of accounts."
            ),
            icon="list-details",
        ),
        notes=tuple(notes),
        ways=(
            ui.Button(
                _("Ageing"),
                url_for("ledger.ageing", as_of=as_of.isoformat(), account=account),
                "clock",
                "ghost",
            ),
            ui.Button(_("Items"), resource_url("ledger.open_item"), "list-details", "ghost"),
            ui.Button(_("Allocations"), resource_url("ledger.allocation"), "link", "ghost"),
        ),
    )


def _row(one: OpenItem, figures: Figures, base: str, as_of: date) -> ShownItem:
    return ShownItem(
        one.id,
        one.number,
        resource_url("ledger.entry", "record", id=one.entry_id),
        one.party,
        one.account,
        " · ".join(text for text in (one.reference, one.text) if text),
        figures.day(one.due_date),
        one.due_date < as_of,
        _money(one.residual, one.currency, figures, base),
        _money(one.amount, one.currency, figures, base) if one.amount != one.residual else "",
        one.held,
    )


def _money(amount: Decimal, currency: str | None, figures: Figures, base: str) -> str:
    if currency is None:
        return f"{figures.text(abs(amount))} {base}"
    units = minor_units_of(currency) or 0
    return f"{money_formatter(context().locale, units)(abs(amount))} {currency}"


def _proposed(items: list[OpenItem], figures: Figures, base: str) -> tuple[Proposed, ...]:
    return tuple(
        Proposed(
            one.debit.id,
            one.credit.id,
            _(
                "%(debit)s and %(credit)s: %(amount)s",
                debit=one.debit.number,
                credit=one.credit.number,
                amount=_money(one.amount, one.debit.currency, figures, base),
            ),
            one.reason,
        )
        for one in proposals(items)
    )


def _past(
    one: PastAllocation, figures: Figures, base: str, query: dict[str, Any] | None
) -> tuple[ui.Row, ui.Button | None]:
    row = ui.Row(
        (
            ui.Cell(figures.day(one.on), "date"),
            ui.Cell(one.debit, "code"),
            ui.Cell(one.credit, "code"),
            ui.Cell(one.party),
            ui.Cell(
                _money(one.amount, one.currency, figures, base)
                if one.amount > 0
                else f"\u2212{_money(one.amount, one.currency, figures, base)}",
                "money",
            ),
            figures.cell(one.gain or None),
        )
    )
    if query is None or one.undone or one.amount < 0:
        return row, None
    return row, ui.Button(_("Undo"), icon="arrow-back-up", name="allocation", value=str(one.id))
