"""Accounts that are managed by open items, and those that a sub-ledger has claimed."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backstay.spi import Conflict, Invalid, authorize, company_of
from backstay.spi import gettext as _
from backstay_ledger.models import Account
from backstay_ledger.open_items.models import OpenItem
from backstay_ledger.open_items.switching import switch_problem
from backstay_ledger.opening_wizard.opening import opening_of
from backstay_ledger.permissions import ACCOUNT_EDIT
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.posting import guarded, writable_company

_SUB_LEDGER: Final = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_LONGEST: Final = 80


def has_managed_accounts(session: Session) -> bool:
    """Whether a line of the company may have a party and a due date."""
    found = session.scalar(
        select(Account.id)
        .where(Account.company_id == company_of(session).id, Account.open_item_managed)
        .limit(1)
    )
    return found is not None


def claim_control_account(session: Session, code: str, sub_ledger: str) -> Account:
    """Let lines get to an account only through a sub-ledger from now on.

    Arguments:
        code: the account's code.
        sub_ledger: the plugin and its sub-ledger, such as ``invoicing.receivables``.

    Raises:
        Invalid: the sub-ledger is not named like that.
        Conflict: another one has claimed the account, lines without open items stand on it, or
            the opening of the books is not finished.
        NotFound: the company has no such account.
    """
    authorize(session, ACCOUNT_EDIT)
    writable_company(session)
    if not _SUB_LEDGER.fullmatch(sub_ledger) or len(sub_ledger) > _LONGEST:
        raise Invalid(
            _("A sub-ledger is named by its plugin and itself, such as invoicing.receivables."),
            field="sub_ledger",
        )
    account = account_by_code(session, code)
    if account.sub_ledger == sub_ledger:
        return account
    if account.sub_ledger is not None:
        raise Conflict(
            _(
                "%(account)s is the control account of %(sub_ledger)s already.",
                account=account.label,
                sub_ledger=account.sub_ledger,
            )
        )
    opening = opening_of(session)
    if opening is not None and opening.finished_at is None:
        raise Conflict(
            _("The opening of the books is not finished: its clearing accounts come to zero first.")
        )
    if not account.open_item_managed and (problem := switch_problem(session, account)):
        raise Conflict(problem.message, problems=(problem,))
    if account.open_item_managed:
        _refuse_items_without_party(session, account)
    account.open_item_managed = True
    account.sub_ledger = sub_ledger
    with guarded():
        session.flush()
    return account


def _refuse_items_without_party(session: Session, account: Account) -> None:
    without = session.scalar(
        select(func.count())
        .select_from(OpenItem)
        .where(
            OpenItem.company_id == company_of(session).id,
            OpenItem.account_id == account.id,
            OpenItem.residual != 0,
            OpenItem.party == "",
        )
    )
    if without:
        raise Conflict(
            _(
                "%(n)s open items of %(account)s have no party: allocate or reverse them first.",
                n=without,
                account=account.label,
            )
        )
