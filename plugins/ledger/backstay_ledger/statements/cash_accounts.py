"""Which accounts are cash: the cash flow statement explains how their balance changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import Invalid, NotFound, PickerField, authorize, company_of, lazy
from backstay.spi import gettext as _
from backstay_ledger.models import Account, AccountClass
from backstay_ledger.permissions import STATEMENT_EDIT
from backstay_ledger.services.accounts import load_account
from backstay_ledger.services.posting import writable_company
from backstay_ledger.statements.models import CashAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class NameCashAccount:
    """An account that is cash: a till, a bank account, money on its way."""

    account_id: Annotated[
        int,
        PickerField(
            label=lazy("Account"),
            help=lazy("A till, a bank account, or money on its way between them."),
            resource="ledger.account",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetCashAccount:
    """An account that is not cash after all."""

    id: int


def name_cash_account(session: Session, command: NameCashAccount) -> CashAccount:
    """Count an account as cash.

    Raises:
        Invalid: it is one already, or an account of income or expenses.
    """
    authorize(session, STATEMENT_EDIT)
    writable_company(session)
    account = load_account(session, command.account_id)
    if account.account_class in (AccountClass.INCOME, AccountClass.EXPENSE):
        raise Invalid(
            _(
                "%(account)s is an account of income or expenses; cash stands in the balance"
                " sheet.",
                account=account.label,
            ),
            field="account_id",
        )
    if account.id in cash_account_ids(session):
        raise Invalid(
            _("%(account)s counts as cash already.", account=account.label), field="account_id"
        )
    return mark_as_cash(session, [account])[0]


def mark_as_cash(session: Session, accounts: Sequence[Account]) -> list[CashAccount]:
    """Count accounts as cash, for charts; the caller has checked the permission."""
    rows = [CashAccount(company_id=one.company_id, account_id=one.id) for one in accounts]
    session.add_all(rows)
    session.flush()
    return rows


def forget_cash_account(session: Session, command: ForgetCashAccount) -> None:
    """Count an account as cash no longer.

    Raises:
        NotFound: the company has no such cash account.
    """
    authorize(session, STATEMENT_EDIT)
    company = writable_company(session)
    found = session.scalars(
        select(CashAccount).where(
            CashAccount.id == command.id, CashAccount.company_id == company.id
        )
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such cash account in this company."))
    session.delete(found)
    session.flush()


def cash_account_ids(session: Session) -> frozenset[int]:
    """The accounts that count as cash."""
    found = select(CashAccount.account_id).where(CashAccount.company_id == company_of(session).id)
    return frozenset(session.scalars(found))
