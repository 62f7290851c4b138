"""Books whose receivables and payables are managed by open items, and whose currency is free."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from backstay.contracts.ledger import Allocated, Pair, Posted, Posting, PostingLine
from backstay_ledger.models import Account, AccountClass, ExchangeSettings
from backstay_ledger.open_items.allocations import Allocate, allocate
from backstay_ledger.open_items.items import open_items
from backstay_ledger.open_items.undoing import UndoAllocation, undo_allocation
from backstay_ledger.services.accounts import (
    CreateAccount,
    add_accounts,
)
from backstay_ledger.services.balances import balance
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.posting import post
from plugins.ledger.tests.managing import manage

DAY = date(2026, 3, 15)


@dataclass
class Desk:
    """A clerk who posts items and lets them settle each other."""

    books: Any
    ids: dict[str, int] = field(default_factory=dict)

    def item(
        self,
        name: str,
        amount: str,
        *,
        day: date = DAY,
        account: str = "1100",
        party: str = "ACME",
        abroad: str = "",
        currency: str = "USD",
        due: date | None = None,
    ) -> Posted:
        """Post an item, debit positive, against account 4000, and remember its id by a name.

        Arguments:
            abroad: the amount in the foreign currency.
        """
        foreign = (currency, Decimal(abroad)) if abroad else (None, None)
        against = (currency, -Decimal(abroad)) if abroad else (None, None)
        posting = Posting(
            key="",
            journal="GEN",
            date=day,
            memo=name,
            lines=(
                PostingLine(account, Decimal(amount), "", *foreign, party=party, due_date=due),
                PostingLine("4000", -Decimal(amount), "", *against),
            ),
        )
        with self.books.write() as session:
            posted = post(session, posting)
        self.ids[name] = self.books.value(
            "SELECT id FROM ledger_open_item WHERE entry_id = :entry", entry=posted.id
        )
        return posted

    def allocate(
        self, *pairs: tuple[str, str, str | None], on: date | None = None, key: str = ""
    ) -> list[Allocated]:
        wanted = tuple(
            Pair(self.ids[debit], self.ids[credit], None if amount is None else Decimal(amount))
            for debit, credit, amount in pairs
        )
        with self.books.write() as session:
            return allocate(session, Allocate(pairs=wanted, on=on, key=key))

    def undo(self, allocation: Allocated, on: date | None = None, key: str = "") -> Allocated:
        with self.books.write() as session:
            return undo_allocation(
                session, UndoAllocation(id=allocation.id, on=on or allocation.on, key=key)
            )

    def left(self, name: str, as_of: date = date(2026, 12, 31)) -> tuple[Decimal, Decimal]:
        """What is left of an item at the end of a day: in its currency and in the base."""
        with self.books.read() as session:
            found = [one for one in open_items(session, as_of) if one.id == self.ids[name]]
        return (found[0].residual, found[0].residual_base) if found else (Decimal(0), Decimal(0))

    def balance(self, code: str, as_of: date = date(2026, 12, 31)) -> Decimal:
        with self.books.read() as session:
            return balance(session, code, as_of)

    def sound(self) -> bool:
        with self.books.read() as session:
            return check_books(session) == []


def desk_of(books: Any) -> Desk:
    with books.write() as session:
        for code in ("1100", "2000"):
            manage(session, code)
        add_accounts(
            session,
            [
                CreateAccount(code="7000", name="Gains", account_class=AccountClass.INCOME),
                CreateAccount(code="7100", name="Losses", account_class=AccountClass.EXPENSE),
            ],
        )
        ids = dict(session.execute(select(Account.code, Account.id)).all())
        session.add(
            ExchangeSettings(
                company_id=books.company.id,
                realised_gain_id=ids["7000"],
                realised_loss_id=ids["7100"],
            )
        )
    return Desk(books)


@pytest.fixture
def desk(books: Any) -> Desk:
    """ALPHA's books, in EUR."""
    return desk_of(books)
