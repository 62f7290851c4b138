"""How far an opening is: what stands on its clearing accounts, and what each account lacks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from backstay.spi import Money, company_of
from backstay_ledger.models import Account, AccountBalance, Entry, EntryState, Line
from backstay_ledger.opening_wizard.models import Opening, OpeningLine, OpeningPart


@dataclass(frozen=True, slots=True)
class ItemsOfAccount:
    """How far the open items of an account are entered, in base currency, debit positive.

    Arguments:
        account_id: of the account that is managed by open items.
        code, name: of the account.
        balance: what the trial balance says.
        items: what the items come to that were entered.
    """

    account_id: int
    code: str
    name: str
    balance: Decimal
    items: Decimal

    @property
    def account(self) -> str:
        """The account as people read it."""
        return f"{self.code} {self.name}"

    @property
    def missing(self) -> Decimal:
        """What has to be entered yet."""
        return self.balance - self.items


@dataclass(frozen=True, slots=True)
class Clearing:
    """A clearing account and what stands on it, in base currency, debit positive."""

    part: OpeningPart
    account_id: int
    code: str
    name: str
    balance: Decimal

    @property
    def account(self) -> str:
        """The account as people read it."""
        return f"{self.code} {self.name}"


@dataclass(frozen=True, slots=True)
class OpeningState:
    """How far an opening is.

    Arguments:
        entries: how many are in the books, by their list.
        waiting: how many entries and reversals of them are not posted: they wait for a second
            person, or were sent back.
    """

    clearing: tuple[Clearing, ...]
    accounts: tuple[ItemsOfAccount, ...]
    entries: dict[OpeningPart, int]
    waiting: int

    @property
    def complete(self) -> bool:
        """Whether both clearing accounts and every account by itself come to 0.00."""
        return not (
            self.waiting
            or any(one.balance for one in self.clearing)
            or any(one.missing for one in self.accounts)
        )


def standing_on(account_id: Any, company_id: Any) -> ColumnElement[Decimal]:
    """What stands on an account of another table's row, in base currency, debit positive."""
    return func.coalesce(
        select(func.sum(AccountBalance.debit - AccountBalance.credit, type_=Money()))
        .where(
            AccountBalance.account_id == account_id,
            AccountBalance.company_id == company_id,
        )
        .correlate_except(AccountBalance)
        .scalar_subquery(),
        0,
        type_=Money(),
    )


def opening_state(session: Session, opening: Opening) -> OpeningState:
    """What stands on the clearing accounts, and what of each account is missing."""
    entries = entries_of(session)
    chosen = {
        OpeningPart.BALANCES: opening.balances_account_id,
        OpeningPart.ITEMS: opening.items_account_id,
    }
    found = {
        row.id: row
        for row in session.execute(
            select(
                Account.id,
                Account.code,
                Account.name,
                standing_on(Account.id, Account.company_id).label("balance"),
            ).where(Account.company_id == opening.company_id, Account.id.in_(chosen.values()))
        )
    }
    return OpeningState(
        tuple(
            Clearing(part, key, found[key].code, found[key].name, found[key].balance)
            for part, key in chosen.items()
        ),
        _by_account(session, opening),
        {
            part: sum(one.part is part and one.state is EntryState.POSTED for one in entries)
            for part in OpeningPart
        },
        sum(one.state is not EntryState.POSTED or one.being_reversed for one in entries),
    )


@dataclass(frozen=True, slots=True)
class Made:
    """An entry of the opening.

    Arguments:
        being_reversed: its reversal is written, but not posted yet.
    """

    id: int
    part: OpeningPart
    state: EntryState
    being_reversed: bool


def entries_of(session: Session, part: OpeningPart | None = None) -> list[Made]:
    """Opening entries that no posted reversal took back, and such as are not posted yet."""
    reversal = aliased(Entry)
    query = (
        select(Entry.id, OpeningLine.part, Entry.state, reversal.id.is_not(None))
        .join(OpeningLine, OpeningLine.entry_id == Entry.id)
        .outerjoin(reversal, reversal.reverses_id == Entry.id)
        .where(
            OpeningLine.company_id == company_of(session).id,
            or_(reversal.id.is_(None), reversal.state != EntryState.POSTED),
        )
        .distinct()
        .order_by(Entry.id)
    )
    if part is not None:
        query = query.where(OpeningLine.part == part)
    return [Made(*row) for row in session.execute(query)]


def _by_account(session: Session, opening: Opening) -> tuple[ItemsOfAccount, ...]:
    reversal = aliased(Entry)
    found = session.execute(
        select(
            Account.id,
            Account.code,
            Account.name,
            OpeningLine.part,
            func.sum(Line.amount, type_=Money()).label("amount"),
        )
        .join(OpeningLine, OpeningLine.account_id == Account.id)
        .join(
            Line,
            (Line.entry_id == OpeningLine.entry_id) & (Line.line_no == OpeningLine.line_no),
        )
        .join(Entry, Entry.id == OpeningLine.entry_id)
        .outerjoin(
            reversal,
            (reversal.reverses_id == Entry.id) & (reversal.state == EntryState.POSTED),
        )
        .where(
            OpeningLine.company_id == opening.company_id,
            Entry.state == EntryState.POSTED,
            reversal.id.is_(None),
        )
        .group_by(Account.id, Account.code, Account.name, OpeningLine.part)
        .order_by(Account.code)
    )
    sums: dict[int, ItemsOfAccount] = {}
    for key, code, name, part, amount in found:
        held = sums.get(key) or ItemsOfAccount(key, code, name, Decimal(0), Decimal(0))
        if part is OpeningPart.BALANCES:
            sums[key] = replace(held, balance=amount)
        else:
            sums[key] = replace(held, items=-amount)
    return tuple(sums.values())
