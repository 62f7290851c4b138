"""A rule for the demo company: who approves its large entries."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from backstay.spi import DemoData, approvables
from backstay_approvals.services.rules import CreateRule, create_rule

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.spi import Company

_ENTRIES: Final = "ledger.entry.post"


def fill(session: Session, _company: Company) -> None:
    """Make the rule, where there are entries for it."""
    if _ENTRIES not in approvables(session):
        return
    command = CreateRule(
        name="Large entries",
        about=_ENTRIES,
        over_amount=Decimal(15_000),
        role_1="controller",
    )
    create_rule(session, command)


DEMO: Final = (DemoData("approvals", fill),)
