"""Letting accounts be managed by open items, as their edit form does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay_ledger.services.accounts import EditAccount, account_by_code, edit_account

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def manage(session: Session, code: str, *, on: bool = True) -> None:
    """Set the mark of an account, and leave the rest of it as it is."""
    account = account_by_code(session, code)
    edit_account(
        session,
        EditAccount(
            id=account.id,
            code=account.code,
            name=account.name,
            account_class=account.account_class,
            active=account.active,
            open_item_managed=on,
        ),
    )
