"""Recurring entries and deferrals: lists, records, forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from backstay.spi import (
    Action,
    ApiShape,
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Money,
    Operation,
    Panel,
    Resource,
    Section,
    flash_done,
    redirect_to,
    resource_url,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.closing.plan_models import Deferral, PlannedEntry, PlanState, Recurring
from backstay_ledger.closing.services.deferrals import (
    RELEASES,
    CancelDeferral,
    Defer,
    cancel_deferral,
    defer,
    said_of_deferral,
)
from backstay_ledger.closing.services.making import MakeDue, make_due
from backstay_ledger.closing.services.recurring import (
    EVERY,
    MAKE_AS,
    EndRecurring,
    PlanRecurring,
    end_recurring,
    plan_recurring,
)
from backstay_ledger.models import Entry, EntryState
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_POST, ENTRY_REVERSE
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.resources.template_table import lines_table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session

_STATES: Final = (
    Choice(PlanState.ACTIVE.value, _("Active"), "ok"),
    Choice(PlanState.ENDED.value, _("Ended"), "neutral"),
)
_LEFT: Final = (
    select(func.coalesce(func.sum(PlannedEntry.amount, type_=Money()), 0))
    .where(
        PlannedEntry.deferral_id == Deferral.id,
        PlannedEntry.company_id == Deferral.company_id,
        PlannedEntry.entry_id.is_(None),
        PlannedEntry.cancelled.is_(False),
    )
    .correlate(Deferral)
    .scalar_subquery()
)
_MOST: Final = 400


def _no_reason(_session: Session, _record: object) -> dict[str, Any]:
    return {"reason": ""}


def _plan(session: Session, condition: Any, *, amounts: bool) -> dict[str, Any]:
    """The entries of a plan, each with its day, its amount and what became of it.

    Arguments:
        amounts: each has one of its own.
    """
    figures = Figures(session)
    found = session.execute(
        select(
            PlannedEntry.due_on,
            PlannedEntry.amount,
            PlannedEntry.cancelled,
            Entry.id,
            Entry.number_text,
            Entry.state,
        )
        .outerjoin(Entry, Entry.id == PlannedEntry.entry_id)
        .where(condition)
        .order_by(PlannedEntry.due_on)
        .limit(_MOST)
    )
    return {
        "heads": heads(
            ("day", translate("Day"), False),
            *((("amount", translate("Amount"), True),) * amounts),
            ("entry", translate("Entry"), False),
        ),
        "rows": tuple(
            ui.Row(
                (
                    ui.Cell(figures.day(day), "date"),
                    *((figures.cell(amount),) * amounts),
                    ui.Cell(
                        number
                        or (
                            _unposted(state)
                            if entry is not None
                            else translate("cancelled")
                            if cancelled
                            else translate("not yet")
                        ),
                        "code" if number else "muted",
                    ),
                ),
                href=None if entry is None else resource_url("ledger.entry", "record", id=entry),
            )
            for day, amount, cancelled, entry, number, state in found
        ),
        "label": translate("Entries of the plan"),
    }


def _unposted(state: EntryState) -> str:
    if state is EntryState.WAITING:
        return translate("Waits for approval")
    return translate("Draft")


def _releases(session: Session, deferral: Deferral) -> dict[str, Any]:
    return _plan(session, PlannedEntry.deferral_id == deferral.id, amounts=True)


def _made(session: Session, recurring: Recurring) -> dict[str, Any]:
    return _plan(session, PlannedEntry.recurring_id == recurring.id, amounts=False)


def _lines(session: Session, recurring: Recurring) -> dict[str, Any]:
    """What each of the entries says."""
    label = translate("Lines of each entry")
    return {**lines_table(session, recurring.content), "label": label}


def _deferred(session: Session, deferral: Deferral) -> Response:
    """To the deferral, with whether it is in the books."""
    flash_done(said_of_deferral(session, deferral))
    return redirect_to(resource_url("ledger.deferral", "record", id=deferral.id))


RECURRING: Final = Resource(
    name="ledger.recurring",
    path="recurring-entries",
    model=Recurring,
    view=BOOKS_VIEW,
    label=_("Recurring entry"),
    label_many=_("Recurring entries"),
    icon="rotate",
    help=_("Entries that come again and again: rent, leases, loans. Made on their day by a job."),
    columns=(
        Column("name", _("Name"), Recurring.name, link=True, sortable=True),
        Column("every", _("How often"), Recurring.every, Kind.STATE, EVERY),
        Column("day", _("Day"), Recurring.day, Kind.NUMBER),
        Column("starts_on", _("From"), Recurring.starts_on, Kind.DATE),
        Column("until", _("Until"), Recurring.until, Kind.DATE),
        Column("make_as", _("Made"), Recurring.make_as, Kind.STATE, MAKE_AS),
        Column("state", _("State"), Recurring.state, Kind.STATE, _STATES),
    ),
    filters=(Filter("state", _("State"), Recurring.state, _STATES),),
    order=("name",),
    title=lambda recurring: str(recurring.name),
    state="state",
    steps=tuple(choice.value for choice in _STATES),
    sections=(
        Section(_("Plan"), ("name", "every", "day", "starts_on", "until", "make_as", "state")),
    ),
    panels=(
        Panel(_("Lines"), "ledger/plan.html", _lines, flush=True),
        Panel(_("Entries"), "ledger/plan.html", _made, flush=True),
    ),
    create=Operation(
        plan_recurring,
        PlanRecurring,
        ENTRY_POST,
        _("New recurring entry"),
        sections=(
            Section(_("What"), ("name", "template")),
            Section(_("When"), ("every", "day", "starts_on", "until", "make_as")),
        ),
        help=_("It begins with a template, whose lines all have their amounts."),
        done=_("Planned."),
    ),
    actions=(
        Action(
            "end",
            Operation(
                end_recurring, EndRecurring, ENTRY_POST, _("End it"), done=_("It has ended.")
            ),
            icon="x",
            states=(PlanState.ACTIVE.value,),
            leads_to=PlanState.ENDED.value,
            past=_("ended this"),
            danger=True,
            confirm=_("No more entries are made. Those that were made stay."),
        ),
    ),
    empty=Empty(
        _("No recurring entries yet"),
        _("Save an entry as a template, then plan it here: how often and on which day."),
        "rotate",
    ),
    api=ApiShape(
        on_list=(
            Action(
                "make_due",
                Operation(
                    make_due,
                    MakeDue,
                    ENTRY_POST,
                    _("Make what is due"),
                    help=_(
                        "Makes the recurring entries, releases of deferrals and planned reversals"
                        " that are missing. What was made is not made again; one that is refused"
                        " is named and holds up no other."
                    ),
                ),
            ),
        )
    ),
)

DEFERRALS: Final = Resource(
    name="ledger.deferral",
    path="deferrals",
    model=Deferral,
    view=BOOKS_VIEW,
    label=_("Deferral"),
    label_many=_("Deferrals"),
    icon="calendar",
    help=_(
        "A bill or invoice for many months: the amount waits in the balance sheet and is released"
        " month by month."
    ),
    columns=(
        Column("name", _("What it is"), Deferral.name, link=True),
        Column("starts_on", _("First day"), Deferral.starts_on, Kind.DATE, sortable=True),
        Column("ends_on", _("Last day"), Deferral.ends_on, Kind.DATE),
        Column("amount", _("Amount"), Deferral.amount, Kind.MONEY),
        Column("left", _("Not released yet"), _LEFT, Kind.MONEY),
        Column(
            "release_by",
            _("Released"),
            Deferral.release_by,
            Kind.STATE,
            RELEASES,
            in_list=False,
        ),
        Column("state", _("State"), Deferral.state, Kind.STATE, _STATES),
    ),
    filters=(Filter("state", _("State"), Deferral.state, _STATES),),
    order=("-starts_on",),
    title=lambda deferral: str(deferral.name),
    state="state",
    steps=tuple(choice.value for choice in _STATES),
    sections=(
        Section(
            _("Deferral"),
            ("name", "starts_on", "ends_on", "amount", "left", "release_by", "state"),
        ),
    ),
    panels=(Panel(_("Release plan"), "ledger/plan.html", _releases, flush=True),),
    create=Operation(
        defer,
        Defer,
        ENTRY_POST,
        _("New deferral"),
        sections=(
            Section(
                _("What"),
                ("name", "amount", "account", "deferral_account", "journal", "dimensions"),
            ),
            Section(_("When"), ("starts_on", "ends_on", "release_by")),
        ),
        help=_(
            "The deferring entry is posted on the first day; the releases follow by themselves."
        ),
        respond=_deferred,
    ),
    actions=(
        Action(
            "cancel",
            Operation(
                cancel_deferral,
                CancelDeferral,
                ENTRY_REVERSE,
                _("Cancel deferral"),
                initial=_no_reason,
                help=_("All its entries are reversed, and no more are made."),
                done=_("Deferral cancelled."),
            ),
            icon="x",
            states=(PlanState.ACTIVE.value,),
            leads_to=PlanState.ENDED.value,
            past=_("cancelled this"),
            danger=True,
        ),
    ),
    empty=Empty(
        _("No deferrals yet"),
        _("Insurance, rent or subscriptions paid ahead are deferred here."),
        "calendar",
    ),
)

PLAN_RESOURCES: Final = (RECURRING, DEFERRALS)
