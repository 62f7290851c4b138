"""Books that begin in 2026: receivables and payables by open items, two clearing accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from backstay_ledger.models import AccountClass, Opening
from backstay_ledger.opening_wizard.entering import (
    OpeningItem,
    PostBalances,
    post_balances,
    post_items,
)
from backstay_ledger.opening_wizard.opening import (
    BeginOpening,
    begin_opening,
    opening_of,
)
from backstay_ledger.opening_wizard.state import OpeningState, opening_state
from backstay_ledger.services.accounts import (
    CreateAccount,
    account_by_code,
    add_accounts,
)
from backstay_ledger.services.balances import balance
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.typed_lines import DraftLine
from plugins.ledger.tests.managing import manage

FIRST_DAY = date(2026, 1, 1)


@dataclass
class Beginning:
    """Somebody who brings the books in."""

    books: Any

    def begin(self, day: date = FIRST_DAY, balances: str = "9000", items: str = "9010") -> Opening:
        with self.books.write() as session:
            return begin_opening(
                session,
                BeginOpening(
                    day=day,
                    balances_account=account_by_code(session, balances).id,
                    items_account=account_by_code(session, items).id,
                ),
            )

    def balances(self, *lines: tuple[str, str], **values: Any) -> Any:
        """Post a trial balance of (account, signed amount) pairs."""
        typed = tuple(
            DraftLine(
                account=code,
                debit=Decimal(amount) if not amount.startswith("-") else None,
                credit=Decimal(amount[1:]) if amount.startswith("-") else None,
            )
            for code, amount in lines
        )
        with self.books.write() as session:
            return post_balances(session, PostBalances(lines=typed, **values))

    def items(self, *items: OpeningItem) -> Sequence[Any]:
        with self.books.write() as session:
            return post_items(session, items)

    def state(self) -> OpeningState:
        with self.books.read() as session:
            opening = opening_of(session)
            assert opening is not None
            return opening_state(session, opening)

    def balance(self, code: str) -> Decimal:
        with self.books.read() as session:
            return balance(session, code, date(2026, 12, 31))

    def sound(self) -> bool:
        with self.books.read() as session:
            return check_books(session) == []


def beginning_of(books: Any) -> Beginning:
    with books.write() as session:
        add_accounts(
            session,
            [
                CreateAccount(code=code, name=f"Opening {name}", account_class=AccountClass.EQUITY)
                for code, name in (("9000", "trial balance"), ("9010", "open items"))
            ],
        )
        for code in ("1100", "2000"):
            manage(session, code)
    return Beginning(books)


def owed(party: str, amount: str, reference: str = "", **values: Any) -> OpeningItem:
    """An open item, receivable unless an account is named."""
    return OpeningItem(
        account=values.pop("account", "1100"),
        party=party,
        amount=Decimal(amount),
        reference=reference,
        **values,
    )
