"""Whether an account may begin, or cease, to be managed by open items."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backstay.spi import Money, Problem, company_of
from backstay.spi import gettext as _
from backstay_ledger.models import Account, AccountBalance
from backstay_ledger.open_items.models import OpenItem
from backstay_ledger.services.currencies import written


def switch_problem(session: Session, account: Account) -> Problem | None:
    """What keeps an account from beginning, or ceasing, to be managed by open items."""
    company = company_of(session)
    if account.sub_ledger is not None:
        message = _(
            "%(account)s is the control account of %(sub_ledger)s and stays managed by open items.",
            account=account.label,
            sub_ledger=account.sub_ledger,
        )
        return Problem(message, "open_item_managed")
    balances = session.execute(
        select(
            AccountBalance.currency,
            func.sum(AccountBalance.debit - AccountBalance.credit, type_=Money()).label("base"),
            func.sum(
                AccountBalance.debit_currency - AccountBalance.credit_currency, type_=Money()
            ).label("own"),
        )
        .where(AccountBalance.company_id == company.id, AccountBalance.account_id == account.id)
        .group_by(AccountBalance.currency)
    ).all()
    if any(row.base or row.own for row in balances):
        base = sum((row.base for row in balances), Decimal(0))
        message = _(
            "%(account)s stands at %(balance)s. Move its balance to another account first, or open"
            " a new account: open items are complete only from zero on.",
            account=account.label,
            balance=written(base, company.currency, company.minor_units),
        )
        return Problem(message, "open_item_managed")
    open_ones = session.scalar(
        select(func.count())
        .select_from(OpenItem)
        .where(
            OpenItem.company_id == company.id,
            OpenItem.account_id == account.id,
            OpenItem.residual != 0,
        )
    )
    if open_ones:
        message = _(
            "%(n)s items of %(account)s are open or in drafts: allocate them first.",
            n=open_ones,
            account=account.label,
        )
        return Problem(message, "open_item_managed")
    return None
