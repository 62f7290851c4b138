"""The latest allocations of an account or a party, for the page where they are undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from backstay.spi import authorize, company_of
from backstay_ledger.models import Entry
from backstay_ledger.open_items.models import Allocation, OpenItem
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.accounts import account_by_code

MOST: Final = 50


@dataclass(frozen=True, slots=True)
class PastAllocation:
    """An allocation with the numbers of its entries.

    Arguments:
        amount: in the currency of its items; negative for one that undoes another.
        gain: realised, base currency.
        undone: another one undoes it.
    """

    id: int
    on: date
    debit: str
    credit: str
    party: str
    currency: str | None
    amount: Decimal
    gain: Decimal
    undone: bool


def allocations_of(
    session: Session, as_of: date, *, account: str = "", party: str = ""
) -> list[PastAllocation]:
    """The latest allocations up to a day, newest first.

    Raises:
        NotFound: the company has no such account.
    """
    authorize(session, BOOKS_VIEW)
    debit, credit = aliased(OpenItem), aliased(OpenItem)
    debit_entry, credit_entry = aliased(Entry), aliased(Entry)
    undoing = aliased(Allocation)
    query = (
        select(
            Allocation.id,
            Allocation.date,
            debit_entry.number_text.label("debit"),
            credit_entry.number_text.label("credit"),
            debit.party,
            debit.currency,
            Allocation.amount,
            Allocation.base_debit,
            Allocation.base_credit,
            undoing.id.label("undoing"),
        )
        .join(debit, debit.id == Allocation.debit_id)
        .join(credit, credit.id == Allocation.credit_id)
        .join(debit_entry, debit_entry.id == debit.entry_id)
        .join(credit_entry, credit_entry.id == credit.entry_id)
        .outerjoin(undoing, undoing.undoes_id == Allocation.id)
        .where(Allocation.company_id == company_of(session).id, Allocation.date <= as_of)
        .order_by(Allocation.date.desc(), Allocation.id.desc())
        .limit(MOST)
    )
    if account:
        only = account_by_code(session, account).id
        query = query.where((debit.account_id == only) | (credit.account_id == only))
    if party:
        query = query.where(debit.party == party)
    rows: Any = session.execute(query)
    return [
        PastAllocation(
            row.id,
            row.date,
            row.debit or "",
            row.credit or "",
            row.party,
            row.currency,
            row.amount,
            row.base_credit - row.base_debit,
            row.undoing is not None,
        )
        for row in rows
    ]
