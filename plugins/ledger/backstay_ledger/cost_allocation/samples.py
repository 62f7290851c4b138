"""Sample rules for the tests that attack every plugin: accounts, values and an amount that fit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from backstay.contracts.ledger import Posting, PostingLine
from backstay.spi import company_of, today
from backstay.testing.attack import Sample
from backstay_ledger.cost_allocation.models import Basis
from backstay_ledger.cost_allocation.rules import AddAllocationRule, add_rule
from backstay_ledger.dimensions.samples import value
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, create_account
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.posting import post

if TYPE_CHECKING:
    from backstay.testing.attack import Making
    from backstay_ledger.cost_allocation.models import AllocationRule


_ANY: Final = "0-zzzz"
"""A range that has each account of a sample."""


def rule(making: Making) -> AllocationRule:
    """A rule by shares whose account took something this month."""
    session = making.session
    day = today(company_of(session).time_zone)
    ensure_fiscal_years(session, [day])
    codes = []
    for kind in (AccountClass.EXPENSE, AccountClass.ASSET):
        code = f"A{making.number}{kind.value[0]}"
        command = CreateAccount(code=code, name=f"Sample {making.number}", account_class=kind)
        codes.append(create_account(session, command).code)
    journal = making.record("ledger.journal").code
    lines = (PostingLine(codes[0], Decimal(100)), PostingLine(codes[1], Decimal(-100)))
    post(session, Posting(key="", journal=journal, date=day, lines=lines))
    target = value(making)
    return add_rule(
        session,
        AddAllocationRule(
            name=f"Sample {making.number}",
            sources=codes[0],
            dimension_id=target.dimension_id,
            basis=Basis.SHARES,
            shares=f"{target.code}=1",
            valid_from=date(2000, 1, 1),
        ),
    )


def _nothing(_number: int) -> Any:
    return ""


ALLOCATION_SAMPLES: Final = (
    Sample(
        resource="ledger.allocation_rule",
        make=rule,
        values={
            "source_values": _nothing,
            "sources": lambda _number: _ANY,
            "shares": _nothing,
            "basis": lambda _number: Basis.BALANCES,
            "basis_accounts": lambda _number: _ANY,
            "relief_account_id": lambda _number: None,
            "valid_from": lambda _number: date(2000, 1, 1),
            "valid_to": lambda _number: None,
        },
    ),
)
