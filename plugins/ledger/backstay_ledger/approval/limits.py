"""Limits: from which amount on an entry needs a second person."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    Invalid,
    MoneyField,
    NotFound,
    PickerField,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.models import ApprovalLimit
from backstay_ledger.permissions import APPROVAL_LIMIT_EDIT

_AMOUNT = MoneyField(
    label=lazy("Limit"),
    help=lazy("An entry whose debits are more than this waits for a second person. 0: each entry."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimit:
    """A limit for entries.

    Arguments:
        journal_id: the journal that it is for, or None for all that have none of their own.
        amount: in the base currency of the company.
    """

    amount: Annotated[Decimal, _AMOUNT]
    journal_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Journal"),
            help=lazy("Empty: all journals that have no limit of their own."),
            resource="ledger.journal",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLimit:
    """Another amount for a limit."""

    id: int
    version: int | None = None
    amount: Annotated[Decimal, _AMOUNT]


@dataclass(frozen=True, slots=True, kw_only=True)
class DropLimit:
    """A limit that holds no longer."""

    id: int
    version: int | None = None


def set_limit(session: Session, command: SetLimit) -> ApprovalLimit:
    """Set a limit; from then on entries over it wait when somebody posts them.

    Raises:
        Invalid: the amount is negative, or the journal (or all of them) has a limit already.
    """
    authorize(session, APPROVAL_LIMIT_EDIT)
    company = company_of(session)
    _check(command.amount)
    taken = select(ApprovalLimit.id).where(
        ApprovalLimit.company_id == company.id,
        ApprovalLimit.journal_id.is_(None)
        if command.journal_id is None
        else ApprovalLimit.journal_id == command.journal_id,
    )
    if session.scalar(taken) is not None:
        raise Invalid(
            _("There is a limit for all journals already. Change that one.")
            if command.journal_id is None
            else _("This journal has a limit already. Change that one."),
            field="journal_id",
        )
    row = ApprovalLimit(company_id=company.id, journal_id=command.journal_id, amount=command.amount)
    session.add(row)
    session.flush()
    return row


def change_limit(session: Session, command: ChangeLimit) -> ApprovalLimit:
    """Change a limit. What waits already goes on waiting.

    Raises:
        Invalid: the amount is negative.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, APPROVAL_LIMIT_EDIT)
    row = _get(session, command.id)
    check_version(row, command.version)
    _check(command.amount)
    row.amount = command.amount
    session.flush()
    return row


def drop_limit(session: Session, command: DropLimit) -> None:
    """Take a limit away. What waits already goes on waiting.

    Raises:
        Stale: somebody else saved in the meantime.
    """
    authorize(session, APPROVAL_LIMIT_EDIT)
    row = _get(session, command.id)
    check_version(row, command.version)
    session.delete(row)
    session.flush()


def _get(session: Session, limit_id: int) -> ApprovalLimit:
    found = session.scalar(
        select(ApprovalLimit).where(
            ApprovalLimit.id == limit_id, ApprovalLimit.company_id == company_of(session).id
        )
    )
    if found is None:
        raise NotFound(_("There is no such limit in this company."))
    return found


def _check(amount: Decimal) -> None:
    if amount < 0:
        raise Invalid(_("A limit is not negative."), field="amount")
