"""Open items for programs: pairs settle each other all or none, allocations are undone, proposed.

Amounts are exact texts in the currency of the items; ids are those of the items' own list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from sqlalchemy import select

from backstay.contracts.ledger import Allocated, Pair
from backstay.spi import (
    DateField,
    LinesField,
    MoneyField,
    PickerField,
    TextField,
    authorize,
    company_of,
    lazy,
    plain_money,
    today,
)
from backstay.spi import gettext as _
from backstay_ledger.models import LONGEST_CODE
from backstay_ledger.open_items.allocations import MOST_PAIRS, Allocate, allocate
from backstay_ledger.open_items.items import open_items
from backstay_ledger.open_items.models import Allocation, OpenItem
from backstay_ledger.open_items.proposals import proposals
from backstay_ledger.open_items.undoing import UndoAllocation, undo_allocation
from backstay_ledger.permissions import ITEM_ALLOCATE
from backstay_ledger.services.currencies import minor_units_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_MOST_LOOKED_AT = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedPair:
    """Two open items that are to settle each other.

    Arguments:
        amount: in the currency of both, > 0; None for as much as both have left.
    """

    debit: Annotated[int, PickerField(label=lazy("Debit item"), resource="ledger.open_item")]
    credit: Annotated[int, PickerField(label=lazy("Credit item"), resource="ledger.open_item")]
    amount: Annotated[
        Decimal | None,
        MoneyField(
            label=lazy("Amount"),
            help=lazy("In the currency of both items; left out, as much as both have left."),
            any_currency=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocateItems:
    """Pairs of open items, the earlier ones first.

    Arguments:
        on: the day of the allocations; None for the later date of the two items of each pair.
    """

    pairs: Annotated[
        tuple[TypedPair, ...],
        LinesField(label=lazy("Pairs"), line=TypedPair, most=MOST_PAIRS),
    ]
    on: Annotated[
        date | None,
        DateField(
            label=lazy("Date"), help=lazy("Left out, the later date of the two items of each pair.")
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoOne:
    """An allocation that is to be taken back.

    Arguments:
        on: the day from which the items are open again; None for today.
    """

    id: int
    on: Annotated[
        date | None,
        DateField(
            label=lazy("Date"), help=lazy("From when the items are open again; left out, today.")
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposePairs:
    """Whose items are looked at.

    Arguments:
        account: the code of an account; empty for all.
        party: exactly; empty for all.
        as_of: as they stood at the end of this day; None for today.
    """

    account: Annotated[str, TextField(label=lazy("Account"), max_length=LONGEST_CODE)] = ""
    party: Annotated[str, TextField(label=lazy("Party"), max_length=80)] = ""
    as_of: Annotated[date | None, DateField(label=lazy("As of"))] = None


@dataclass(frozen=True, slots=True)
class AllocationShown:
    """An allocation as it was made.

    Arguments:
        debit, credit: ids of the items.
        amount: in the currency of the items; negative for one that undoes another.
        gain: the realised exchange difference in base currency; negative for a loss.
        entry, entry_number: the entry that books it, if there is one.
        existed: the same was done before under the same key.
    """

    id: int
    debit: str
    credit: str
    amount: str
    currency: str
    date: date
    gain: str
    entry: str | None
    entry_number: str | None
    existed: bool


@dataclass(frozen=True, slots=True)
class ItemsAllocated:
    """What was allocated, in the order of the pairs.

    Arguments:
        tax_waits: the tax that falls due by it is over a limit and waits for a second person.
    """

    allocations: tuple[AllocationShown, ...]
    tax_waits: bool


@dataclass(frozen=True, slots=True)
class AllocationUndone:
    """The allocation that takes another one back.

    Arguments:
        tax_waits: as for :class:`ItemsAllocated`.
    """

    undone_by: AllocationShown
    tax_waits: bool


@dataclass(frozen=True, slots=True)
class ProposedPair:
    """Two items that plainly belong together, as a pair that can be sent back."""

    debit: str
    credit: str
    amount: str
    currency: str
    debit_number: str
    credit_number: str
    party: str
    reason: str


@dataclass(frozen=True, slots=True)
class PairsProposed:
    """Pairs by the same reference or, if unambiguous, the same amount."""

    pairs: tuple[ProposedPair, ...]


def allocate_items(session: Session, command: AllocateItems) -> ItemsAllocated:
    """Let open items settle each other, all pairs or none.

    Raises:
        Invalid: names the pair (``pairs.0.amount``) and what is wrong with it.
        Conflict: an item is on hold.
    """
    pairs = tuple(Pair(one.debit, one.credit, one.amount) for one in command.pairs)
    return shown(session, allocate(session, Allocate(pairs=pairs, on=command.on)))


def undo_one(session: Session, command: UndoOne) -> AllocationUndone:
    """Take an allocation back as of a day, and reverse what it posted.

    Raises:
        Invalid: the day lies before the allocation's.
        Conflict: it was undone before, or is itself the undoing of another.
        NotFound: the company has no such allocation.
    """
    on = command.on or today(company_of(session).time_zone)
    undone = undo_allocation(session, UndoAllocation(id=command.id, on=on))
    done = shown(session, [undone])
    return AllocationUndone(done.allocations[0], done.tax_waits)


def propose_pairs(session: Session, command: ProposePairs) -> PairsProposed:
    """Pairs among the open items that plainly belong together; nothing is changed.

    Raises:
        NotFound: the company has no such account.
    """
    authorize(session, ITEM_ALLOCATE)
    company = company_of(session)
    found = open_items(
        session,
        command.as_of or today(company.time_zone),
        account=command.account,
        party=command.party,
        limit=_MOST_LOOKED_AT,
    )
    return PairsProposed(
        tuple(
            ProposedPair(
                str(one.debit.id),
                str(one.credit.id),
                in_currency(session, one.amount, one.debit.currency),
                one.debit.currency or company.currency,
                one.debit.number,
                one.credit.number,
                one.debit.party,
                one.reason,
            )
            for one in proposals(found)
        )
    )


def shown(session: Session, done: Sequence[Allocated]) -> ItemsAllocated:
    """Allocations as programs read them."""
    company = company_of(session)
    rows = session.execute(
        select(OpenItem.id, OpenItem.currency).where(
            OpenItem.company_id == company.id, OpenItem.id.in_({one.debit for one in done})
        )
    )
    currencies = {row.id: row.currency for row in rows}
    return ItemsAllocated(
        tuple(
            AllocationShown(
                one.id,
                str(one.debit),
                str(one.credit),
                in_currency(session, one.amount, currencies[one.debit]),
                currencies[one.debit] or company.currency,
                one.on,
                plain_money(one.gain, company.minor_units),
                None if one.entry is None else str(one.entry.id),
                None if one.entry is None else one.entry.number,
                one.existed,
            )
            for one in done
        ),
        any(one.tax_waits for one in done),
    )


def in_currency(session: Session, amount: Decimal, currency: str | None) -> str:
    """An exact amount with the decimals of its currency; None is the base currency."""
    units = company_of(session).minor_units if currency is None else minor_units_of(currency)
    return plain_money(amount, units or 0)


def not_to_be_undone(session: Session, allocation: Allocation) -> str | None:
    """Why an allocation can't be undone, or None."""
    if allocation.undoes_id is not None:
        return _("This undoes another allocation; allocate the items again instead.")
    day = session.scalar(select(Allocation.date).where(Allocation.undoes_id == allocation.id))
    return None if day is None else _("The allocation was undone on %(day)s already.", day=day)
