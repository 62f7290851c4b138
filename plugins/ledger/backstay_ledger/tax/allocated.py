"""Taxes on cash basis become due as the open items of their document are settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backstay.spi import Money, company_of
from backstay_ledger.closing.models import Lock, LockScope
from backstay_ledger.open_items.models import OpenItem
from backstay_ledger.tax.models import TaxDetail

if TYPE_CHECKING:
    from backstay.contracts.ledger import Allocated


def release_allocated(session: Session, allocations: Sequence[Allocated]) -> bool:
    """Release what is due of documents whose items were allocated, or take it back after an undo.

    A document is as far paid as its open items are settled in the base currency. Where none of
    them waits with tax, this is one statement. What is settled on days that are locked for tax is
    released on the first day after them: their return is filed, and the next one takes it in.

    Returns:
        whether a release is over a limit and waits for a second person.

    Raises:
        Conflict: no period is open on the day or after it.
    """
    from backstay_ledger.open_items.exchange import first_open_day
    from backstay_ledger.tax.cash_basis import post_release

    made = [one for one in allocations if not one.existed]
    if not made:
        return False
    items = sorted({item for one in made for item in (one.debit, one.credit)})
    documents = session.execute(
        select(
            OpenItem.entry_id,
            func.sum(OpenItem.amount_base, type_=Money()),
            func.sum(OpenItem.residual_base, type_=Money()),
        )
        .where(
            OpenItem.company_id == company_of(session).id,
            OpenItem.entry_id.in_(select(OpenItem.entry_id).where(OpenItem.id.in_(items))),
            select(TaxDetail.id)
            .where(TaxDetail.entry_id == OpenItem.entry_id, TaxDetail.waiting)
            .exists(),
        )
        .group_by(OpenItem.entry_id)
        .order_by(OpenItem.entry_id)
    ).all()
    if not documents:
        return False
    on = _after_filed_days(session, max(one.on for one in made))
    waits = False
    for entry_id, total, left in documents:
        if total:
            day = first_open_day(session, on)
            posted = post_release(session, entry_id, paid=total - left, total=total, on=day)
            waits |= posted is not None and posted.waits
    return waits


def _after_filed_days(session: Session, day: date) -> date:
    """The day itself, or the first day after it that is not locked for tax."""
    up_to = session.scalar(
        select(Lock.up_to).where(
            Lock.company_id == company_of(session).id, Lock.scope == LockScope.TAX
        )
    )
    return day if up_to is None or up_to < day else up_to + timedelta(days=1)
