"""Reading open items as they stood at the end of any day, and putting them on hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from backstay.contracts.ledger import OpenItem as OpenItemView
from backstay.spi import (
    Choice,
    ChoiceField,
    Event,
    Invalid,
    Money,
    NotFound,
    TextField,
    authorize,
    company_of,
    lazy,
    record_event,
)
from backstay.spi import gettext as _
from backstay_ledger.models import Account, Entry, Line
from backstay_ledger.open_items.models import Allocation, ItemHold, OpenItem
from backstay_ledger.permissions import BOOKS_VIEW, ITEM_ALLOCATE
from backstay_ledger.services.accounts import account_by_code

HOLDS: Final = (
    Choice("none", lazy("None")),
    Choice("blocked", lazy("Blocked"), "warn"),
    Choice("disputed", lazy("Disputed"), "bad"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldItem:
    """An open item that is not to be allocated for the time being, or is again."""

    id: int
    hold: Annotated[ItemHold, ChoiceField(label=lazy("Hold"), choices=HOLDS)]
    reason: Annotated[str, TextField(label=lazy("Reason"), max_length=200)] = ""


def open_items(
    session: Session,
    as_of: date,
    *,
    account: str = "",
    party: str = "",
    limit: int | None = None,
) -> list[OpenItemView]:
    """The items that were open at the end of a day, oldest due first.

    Arguments:
        account: the code of their account; empty for all.
        party: their party, exactly; empty for all.
        limit: how many at most; None for all.

    Raises:
        NotFound: the company has no such account.
    """
    authorize(session, BOOKS_VIEW)
    only: list[ColumnElement[bool]] = []
    if account:
        only.append(OpenItem.account_id == account_by_code(session, account).id)
    if party:
        only.append(OpenItem.party == party)
    query = items_as_of(company_of(session).id, as_of, *only)
    if limit is not None:
        query = query.limit(limit)
    return [
        OpenItemView(
            row.id,
            row.entry_id,
            row.number_text or "",
            row.code,
            row.party,
            row.due_date or row.date,
            row.date,
            row.currency,
            row.amount,
            row.left,
            row.left_base,
            row.reference,
            row.text or row.memo,
            held=row.hold is not ItemHold.NONE,
        )
        for row in session.execute(query)
    ]


def items_as_of(company_id: int, as_of: date, *only: ColumnElement[bool]) -> Select[Any]:
    """Items of a company that were open at the end of a day, with what was left of them then.

    What was allocated after that day is added to what is left now, so the work grows with what
    happened since and not with the whole past.
    """

    def later(of: Any, item: Any) -> ColumnElement[Any]:
        return func.coalesce(
            select(func.sum(of, type_=Money()))
            .where(item == OpenItem.id, Allocation.date > as_of)
            .correlate(OpenItem)
            .scalar_subquery(),
            0,
            type_=Money(),
        )

    left = (
        OpenItem.residual
        + later(Allocation.amount, Allocation.debit_id)
        - later(Allocation.amount, Allocation.credit_id)
    )
    left_base = (
        OpenItem.residual_base
        + later(Allocation.base_debit, Allocation.debit_id)
        - later(Allocation.base_credit, Allocation.credit_id)
    )
    moved = [
        OpenItem.id.in_(
            select(item).where(Allocation.company_id == company_id, Allocation.date > as_of)
        )
        for item in (Allocation.debit_id, Allocation.credit_id)
    ]
    shown: tuple[Any, ...] = (
        OpenItem.id,
        OpenItem.entry_id,
        Entry.number_text,
        Entry.reference,
        Entry.memo,
        Line.text,
        Account.code,
        OpenItem.account_id,
        OpenItem.party,
        OpenItem.date,
        OpenItem.due_date,
        OpenItem.currency,
        OpenItem.amount,
        OpenItem.hold,
        OpenItem.hold_reason,
        type_coerce(left, Money()).label("left"),
        type_coerce(left_base, Money()).label("left_base"),
    )
    return (
        select(*shown)
        .join(Account, Account.id == OpenItem.account_id)
        .join(Entry, Entry.id == OpenItem.entry_id)
        .join(Line, and_(Line.entry_id == OpenItem.entry_id, Line.line_no == OpenItem.line_no))
        .where(
            OpenItem.company_id == company_id,
            OpenItem.date <= as_of,
            or_(OpenItem.residual != 0, *moved),
            left != 0,
            *only,
        )
        .order_by(func.coalesce(OpenItem.due_date, OpenItem.date), OpenItem.id)
    )


def hold_item(session: Session, command: HoldItem) -> OpenItem:
    """Block an open item, mark it as disputed, or lift that.

    Raises:
        Invalid: it is put on hold without a reason.
        NotFound: the company has no such item.
    """
    authorize(session, ITEM_ALLOCATE)
    item = load_item(session, command.id)
    reason = "" if command.hold is ItemHold.NONE else command.reason.strip()
    if command.hold is not ItemHold.NONE and not reason:
        raise Invalid(_("Say why it is not to be allocated."), field="reason")
    if (item.hold, item.hold_reason) == (command.hold, reason):
        return item
    record_event(
        session,
        Event(
            action="hold",
            entity="ledger_open_item",
            entity_id=str(item.id),
            label=item.audit_label(),
            plugin="ledger",
            company_id=item.company_id,
            before={"hold": item.hold.value, "reason": item.hold_reason},
            after={"hold": command.hold.value, "reason": reason},
        ),
    )
    item.hold = command.hold
    item.hold_reason = reason
    session.flush()
    return item


def load_item(session: Session, item_id: int) -> OpenItem:
    """A posted item of the company.

    Raises:
        NotFound: there is none.
    """
    item = session.scalars(
        select(OpenItem).where(
            OpenItem.id == item_id,
            OpenItem.company_id == company_of(session).id,
            OpenItem.date.is_not(None),
        )
    ).one_or_none()
    if item is None:
        raise NotFound(_("There is no such open item in this company."))
    return item
