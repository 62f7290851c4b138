"""Writing, with new entries, why their figures are what they are: tax details and account rules."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from backstay_ledger.determination.resolve import insert_roles
from backstay_ledger.services.content import EntryRow
from backstay_ledger.services.orders import Order
from backstay_ledger.tax.rows import insert_taxes


def write_reasons(session: Session, made: Sequence[tuple[EntryRow, Order]]) -> None:
    """Write what new entries of one company say of tax and roles; their lines are there."""
    taxed = [(row.id, order.taxes) for row, order in made if order.taxes]
    if taxed:
        insert_taxes(session, made[0][0].company_id, taxed)
    by_role = [(row.id, order.roles) for row, order in made if order.roles]
    if by_role:
        insert_roles(session, made[0][0].company_id, by_role)
