"""Sample items and allocations for the tests that attack every plugin."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.contracts.ledger import Pair, Posting, PostingLine
from backstay.spi import company_of, today
from backstay.testing.attack import Sample
from backstay_ledger.models import AccountClass
from backstay_ledger.open_items.allocations import Allocate, allocate
from backstay_ledger.open_items.by_machine import AllocateItems, ProposePairs, TypedPair
from backstay_ledger.open_items.models import Allocation, OpenItem
from backstay_ledger.services.accounts import CreateAccount, create_account
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.posting import post

if TYPE_CHECKING:
    from backstay.testing.attack import Making


def items(making: Making) -> tuple[OpenItem, OpenItem]:
    """A debit and a credit of a party that can settle each other, on an account of their own."""
    session = making.session
    day = today(company_of(session).time_zone)
    ensure_fiscal_years(session, [day])
    account = create_account(
        session,
        CreateAccount(
            code=f"I{making.number}",
            name=f"Sample {making.number}",
            account_class=AccountClass.ASSET,
            open_item_managed=True,
        ),
    )
    against = making.record("ledger.account").code
    journal = making.record("ledger.journal").code
    party = f"Sample {making.number}"
    found = []
    for sign in (1, -1):
        amount = Decimal(10 * sign)
        lines = (
            PostingLine(account.code, amount, party=party),
            PostingLine(against, -amount),
        )
        posted = post(session, Posting("", journal, day, lines))
        found.append(session.scalars(select(OpenItem).where(OpenItem.entry_id == posted.id)).one())
    return found[0], found[1]


def item(making: Making) -> OpenItem:
    """A debit that waits to be settled."""
    return items(making)[0]


def allocation(making: Making) -> Allocation:
    """A part of both was allocated."""
    debit, credit = items(making)
    done = allocate(making.session, Allocate(pairs=(Pair(debit.id, credit.id, Decimal(4)),)))
    return making.session.get_one(Allocation, done[0].id)


def to_allocate(making: Making) -> AllocateItems:
    """Two items that nobody allocated yet."""
    debit, credit = items(making)
    return AllocateItems(pairs=(TypedPair(debit=debit.id, credit=credit.id, amount=Decimal(4)),))


def to_propose(making: Making) -> ProposePairs:
    """The party of two such items."""
    return ProposePairs(party=items(making)[0].party)


_NAME: Final = "ledger.allocation"
ITEM_SAMPLES: Final = (
    Sample(resource="ledger.open_item", make=item),
    Sample(resource=_NAME, make=allocation),
    Sample(resource=_NAME, make=to_allocate, action="allocate"),
    Sample(resource=_NAME, make=to_propose, action="propose"),
)
