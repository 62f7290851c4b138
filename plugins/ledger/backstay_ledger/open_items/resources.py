"""Open items and their allocations as lists and records, for people who look and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for
from sqlalchemy import case, func, or_, select, type_coerce
from sqlalchemy.orm import aliased

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
    Related,
    Resource,
    Section,
    company_of,
    flash_done,
    redirect_to,
    resource_url,
    today,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.models import Account, Entry
from backstay_ledger.open_items.by_machine import (
    AllocateItems,
    ProposePairs,
    UndoOne,
    allocate_items,
    not_to_be_undone,
    propose_pairs,
    undo_one,
)
from backstay_ledger.open_items.items import HOLDS, HoldItem, hold_item
from backstay_ledger.open_items.models import Allocation, OpenItem
from backstay_ledger.permissions import BOOKS_VIEW, ITEM_ALLOCATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.open_items.by_machine import AllocationUndone

_DEBIT: Final = aliased(OpenItem)
_CREDIT: Final = aliased(OpenItem)
_DEBIT_ENTRY: Final = aliased(Entry)
_CREDIT_ENTRY: Final = aliased(Entry)
_BOOKED: Final = aliased(Entry)
_UNDOING: Final = aliased(Allocation)

_ITEM_STATES: Final = (
    Choice("open", _("Open"), "warn"),
    Choice("settled", _("Settled"), "ok"),
)
_ITEM_STATE: Final = case((OpenItem.residual == 0, "settled"), else_="open")
_STATES: Final = (
    Choice("allocated", _("Allocated"), "ok"),
    Choice("undone", _("Undone"), "neutral"),
    Choice("undoing", _("Undoes another"), "neutral"),
)
_STATE: Final = case(
    (Allocation.undoes_id.is_not(None), "undoing"),
    (_UNDOING.id.is_not(None), "undone"),
    else_="allocated",
)


def _of_item(query: Any) -> Any:
    return query.join(Account, Account.id == OpenItem.account_id).join(
        Entry, Entry.id == OpenItem.entry_id
    )


def _of_allocation(query: Any) -> Any:
    return (
        query.join(_DEBIT, _DEBIT.id == Allocation.debit_id)
        .join(_CREDIT, _CREDIT.id == Allocation.credit_id)
        .join(_DEBIT_ENTRY, _DEBIT_ENTRY.id == _DEBIT.entry_id)
        .join(_CREDIT_ENTRY, _CREDIT_ENTRY.id == _CREDIT.entry_id)
        .outerjoin(_BOOKED, _BOOKED.id == Allocation.exchange_entry_id)
        .outerjoin(_UNDOING, _UNDOING.undoes_id == Allocation.id)
    )


def _takes(value: str) -> Any:
    """Allocations of an item, on whichever side it stands."""
    return or_(Allocation.debit_id == int(value), Allocation.credit_id == int(value))


def _title(item: OpenItem) -> str:
    day = "" if item.date is None else item.date.isoformat()
    return translate("Item of %(day)s %(party)s", day=day, party=item.party).strip()


def _held(_session: Session, item: OpenItem) -> dict[str, Any]:
    return {"hold": item.hold, "reason": item.hold_reason}


def _taken(session: Session, item: OpenItem) -> int:
    return (
        session.scalar(
            select(func.count()).where(
                Allocation.company_id == item.company_id, _takes(str(item.id))
            )
        )
        or 0
    )


def _today(session: Session, _allocation: object) -> dict[str, Any]:
    return {"on": today(company_of(session).time_zone)}


def _undone(_session: Session, undone: AllocationUndone) -> Response:
    waits = " " + translate("The tax that it concerns waits for approval.")
    flash_done(translate("The allocation was undone.") + (waits if undone.tax_waits else ""))
    return redirect_to(resource_url("ledger.allocation", "record", id=undone.undone_by.id))


def _undoing_of(session: Session, allocation: Allocation) -> Sequence[tuple[str, str]]:
    """What took it back, for its timeline."""
    found = session.scalars(select(Allocation.id).where(Allocation.undoes_id == allocation.id))
    return [(Allocation.__tablename__, str(key)) for key in found]


def _settle(_session: Session) -> Sequence[ui.Button]:
    """From the lists to the page where items are allocated."""
    return (ui.Button(translate("Open items"), url_for("ledger.open_items"), "list-details"),)


def _example_pairs(session: Session) -> dict[str, Any]:
    """A debit and a credit of the company that can settle each other."""
    debit, credit = aliased(OpenItem), aliased(OpenItem)
    found = session.execute(
        select(debit.id, credit.id)
        .join(
            credit,
            (credit.company_id == debit.company_id)
            & (credit.account_id == debit.account_id)
            & (credit.party == debit.party)
            & (func.coalesce(credit.currency, "") == func.coalesce(debit.currency, "")),
        )
        .where(
            debit.company_id == company_of(session).id,
            debit.residual > 0,
            credit.residual < 0,
            debit.hold == "none",
            credit.hold == "none",
            debit.date.is_not(None),
            credit.date.is_not(None),
        )
        .limit(1)
    ).first()
    if found is None:
        return {}
    return {"pairs": [{"debit": str(found[0]), "credit": str(found[1]), "amount": "1"}]}


ITEMS: Final = Resource(
    name="ledger.open_item",
    path="items",
    model=OpenItem,
    view=BOOKS_VIEW,
    label=_("Open item"),
    label_many=_("Items"),
    icon="list-details",
    help=_("Lines of accounts that are managed by open items, with what is left of them now."),
    columns=(
        Column("number", _("Entry"), Entry.number_text, Kind.CODE, link=True),
        Column("account", _("Account"), Account.code, Kind.CODE),
        Column("party", _("Party"), OpenItem.party),
        Column("date", _("Date"), OpenItem.date, Kind.DATE),
        Column(
            "due_date",
            _("Due date"),
            func.coalesce(OpenItem.due_date, OpenItem.date, type_=OpenItem.date.type),
            Kind.DATE,
        ),
        Column("currency", _("Currency"), OpenItem.currency, Kind.CODE),
        Column("amount", _("Amount"), OpenItem.amount, Kind.MONEY, total=False),
        Column("residual", _("Left"), OpenItem.residual, Kind.MONEY, total=False),
        Column("residual_base", _("Left in base currency"), OpenItem.residual_base, Kind.MONEY),
        Column("hold", _("Hold"), OpenItem.hold, Kind.STATE, HOLDS, in_list=False),
        Column("hold_reason", _("Reason of the hold"), OpenItem.hold_reason, in_list=False),
        Column("state", _("State"), _ITEM_STATE, Kind.STATE, _ITEM_STATES),
        Column("reference", _("Reference"), Entry.reference, in_list=False),
        Column("entry", _("Id of the entry"), OpenItem.entry_id, in_list=False),
    ),
    filters=(
        Filter("state", _("State"), _ITEM_STATE, _ITEM_STATES),
        Filter("hold", _("Hold"), OpenItem.hold, HOLDS, kind="select"),
        Filter(
            "account", _("Account"), OpenItem.account_id, kind="picker", picker="ledger.account"
        ),
        Filter("party", _("Party"), OpenItem.party, kind="text"),
        Filter("from", _("From"), OpenItem.date, kind="date_from"),
        Filter("to", _("To"), OpenItem.date, kind="date_to"),
    ),
    joins=_of_item,
    criteria=lambda _session: (OpenItem.date.is_not(None),),
    title=_title,
    sections=(
        Section(
            _("Item"),
            (
                "number",
                "account",
                "party",
                "date",
                "due_date",
                "reference",
                "currency",
                "amount",
                "residual",
                "residual_base",
                "state",
                "hold",
                "hold_reason",
            ),
        ),
    ),
    actions=(
        Action(
            "hold",
            Operation(
                hold_item,
                HoldItem,
                ITEM_ALLOCATE,
                _("Hold or release"),
                initial=_held,
                help=_("An item that is blocked or disputed can't be allocated."),
                done=_("Saved."),
            ),
            icon="lock",
            past=_("marked this"),
        ),
    ),
    related=(Related(_("Allocations"), "ledger.allocation", "item", _taken, "link"),),
    buttons=_settle,
    empty=Empty(
        _("Nothing is open"),
        _(
            "No line waits here to be settled. Which accounts are managed by open items is"
            " marked in the chart of accounts."
        ),
        "list-details",
    ),
)

ALLOCATIONS: Final = Resource(
    name="ledger.allocation",
    path="allocations",
    model=Allocation,
    view=BOOKS_VIEW,
    label=_("Allocation"),
    label_many=_("Allocations"),
    icon="link",
    help=_("Which debit and credit settled each other, when and by how much; none is deleted."),
    columns=(
        Column("date", _("Date"), Allocation.date, Kind.DATE, link=True, sortable=True),
        Column("debit_number", _("Debit"), _DEBIT_ENTRY.number_text, Kind.CODE),
        Column("credit_number", _("Credit"), _CREDIT_ENTRY.number_text, Kind.CODE),
        Column("party", _("Party"), _DEBIT.party),
        Column("currency", _("Currency"), _DEBIT.currency, Kind.CODE),
        Column("amount", _("Amount"), Allocation.amount, Kind.MONEY, total=False),
        Column(
            "gain",
            _("Exchange gain"),
            type_coerce(Allocation.base_credit - Allocation.base_debit, Money()),
            Kind.MONEY,
        ),
        Column("entry_number", _("Booked by"), _BOOKED.number_text, Kind.CODE, in_list=False),
        Column("state", _("State"), _STATE, Kind.STATE, _STATES),
        Column("debit", _("Id of the debit item"), Allocation.debit_id, in_list=False),
        Column("credit", _("Id of the credit item"), Allocation.credit_id, in_list=False),
        Column("entry", _("Id of what books it"), Allocation.exchange_entry_id, in_list=False),
        Column("undoes", _("Id of what it undoes"), Allocation.undoes_id, in_list=False),
        Column("made_by", _("Made by"), Allocation.made_by, in_list=False),
        Column("made_at", _("Made at"), Allocation.made_at, Kind.INSTANT, in_list=False),
    ),
    filters=(
        Filter("state", _("State"), _STATE, _STATES),
        Filter(
            "item",
            _("Item"),
            None,
            kind="picker",
            picker="ledger.open_item",
            condition=_takes,
        ),
        Filter("party", _("Party"), _DEBIT.party, kind="text"),
        Filter("from", _("From"), Allocation.date, kind="date_from"),
        Filter("to", _("To"), Allocation.date, kind="date_to"),
    ),
    order=("-date",),
    joins=_of_allocation,
    title=lambda one: translate("Allocation of %(day)s", day=one.date.isoformat()),
    sections=(
        Section(
            _("Allocation"),
            (
                "date",
                "debit_number",
                "credit_number",
                "party",
                "currency",
                "amount",
                "gain",
                "entry_number",
                "state",
            ),
        ),
        Section(_("By whom"), ("made_by", "made_at")),
    ),
    actions=(
        Action(
            "undo",
            Operation(
                undo_one,
                UndoOne,
                ITEM_ALLOCATE,
                _("Undo"),
                initial=_today,
                help=_("Both items are open again from that day, and what it posted is reversed."),
                respond=_undone,
            ),
            icon="arrow-back-up",
            past=_("undid this"),
            danger=True,
            refuses=not_to_be_undone,
        ),
    ),
    history=_undoing_of,
    buttons=_settle,
    empty=Empty(
        _("Nothing was allocated yet"),
        _("Allocate a debit and a credit on the page of open items."),
        "link",
    ),
    api=ApiShape(
        on_list=(
            Action(
                "allocate",
                Operation(
                    allocate_items,
                    AllocateItems,
                    ITEM_ALLOCATE,
                    _("Allocate pairs of open items"),
                    example=_example_pairs,
                    help=_(
                        "All pairs or none, the earlier ones first. Exchange differences that they"
                        " realise are posted at once."
                    ),
                ),
            ),
            Action(
                "propose",
                Operation(
                    propose_pairs,
                    ProposePairs,
                    ITEM_ALLOCATE,
                    _("Propose pairs of open items"),
                    help=_(
                        "Says which pairs plainly belong together, by the same reference or, if"
                        " unambiguous, the same amount. Nothing is changed."
                    ),
                ),
                only_answers=True,
            ),
        )
    ),
)

ITEM_RESOURCES: Final = (ITEMS, ALLOCATIONS)
