"""Which open items settle each other to zero: an invoice, its payments, and what hangs on them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, and_, or_, select, type_coerce
from sqlalchemy.orm import Session, aliased

from backstay.spi import company_of
from backstay_ledger.models import Allocation, OpenItem

if TYPE_CHECKING:
    from sqlalchemy import Select


def settled_items(session: Session, as_of: date) -> dict[int, tuple[int, date]]:
    """The groups of items of which nothing is open at the end of a day.

    Items belong to one group when allocations lead from one to the other; an allocation that was
    undone by then leads nowhere. Groups are numbered from 1, in the order of their oldest items.

    Returns:
        of each item of such a group its id, with the number of the group and the day of its last
        allocation.
    """
    leads: dict[int, int] = {}
    left: dict[int, int] = {}
    last: dict[int, date] = {}

    def head(item: int) -> int:
        while leads[item] != item:
            leads[item] = item = leads[leads[item]]
        return item

    for debit, credit, amount, day, whole_debit, whole_credit in session.execute(
        _standing(company_of(session).id, as_of), execution_options={"yield_per": 2000}
    ):
        for item, whole, taken in ((debit, whole_debit, amount), (credit, whole_credit, -amount)):
            leads.setdefault(item, item)
            left[item] = left.get(item, whole) - taken
        one, other = sorted((head(debit), head(credit)))
        leads[other] = one
        last[one] = max(day, last.get(one, day), last.get(other, day))
    still_open = {head(item) for item, rest in left.items() if rest}
    numbers: dict[int, int] = {}
    found: dict[int, tuple[int, date]] = {}
    for item in sorted(leads):
        group = head(item)
        if group not in still_open:
            found[item] = (numbers.setdefault(group, len(numbers) + 1), last[group])
    return found


def _standing(company_id: int, as_of: date) -> Select[int, int, int, date, int, int]:
    """The allocations that stand at the end of a day, with the amounts of both items in units."""
    undoing = aliased(Allocation)
    debit, credit = aliased(OpenItem), aliased(OpenItem)
    return (
        select(
            Allocation.debit_id,
            Allocation.credit_id,
            type_coerce(Allocation.amount, BigInteger).label("taken"),
            Allocation.date,
            type_coerce(debit.amount, BigInteger).label("debit"),
            type_coerce(credit.amount, BigInteger).label("credit"),
        )
        .join(debit, and_(debit.id == Allocation.debit_id, debit.company_id == company_id))
        .join(credit, and_(credit.id == Allocation.credit_id, credit.company_id == company_id))
        .outerjoin(
            undoing,
            and_(undoing.undoes_id == Allocation.id, undoing.company_id == company_id),
        )
        .where(
            Allocation.company_id == company_id,
            Allocation.date <= as_of,
            Allocation.undoes_id.is_(None),
            or_(undoing.id.is_(None), undoing.date > as_of),
        )
    )
