"""What does not agree in the statements of a group: rules, and accounts that shares name."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from backstay.spi import gettext as _
from backstay.spi import plain_money
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.costs import Cost
from backstay_ledger.statements.drafting import write_accounts
from backstay_ledger.statements.group_shares import Holding
from backstay_ledger.statements.groups import Elimination

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Two sides that should be equal and are not; amounts are debit positive.

    Arguments:
        why: set where the rule can't be applied as it is.
    """

    rule: Elimination
    first: Decimal
    second: Decimal
    why: str = ""

    @property
    def difference(self) -> Decimal:
        """What one side has and the other has not."""
        return self.first + self.second


def faults_of_shares(
    column: Column, holdings: Mapping[str, Holding], costs: Mapping[str, Cost], minor_units: int
) -> list[Mismatch]:
    """What can't be right of accounts that the shares of a group name, and what is done about it.

    Arguments:
        costs: of the companies that are, or were, in the group by the end of the days.
    """
    found = list(_named_twice(column, holdings, costs))
    for code, cost in costs.items():
        holding = holdings[code]
        if not holding.within(column.start, column.end):
            continue
        for fault in cost.faults:
            named = f"{code}: {fault.company} {fault.accounts}"
            found.append(_fault(named, fault.company, code, fault.why))
        if not holding.investment:
            continue
        named = "; ".join(
            f"{one.company} {write_accounts(one.accounts)}" for one in holding.investment
        )
        said = ""
        if not cost.first:
            said = _(
                "Nothing stands there on %(day)s, its first day in the group: no equity is set"
                " off.",
                day=holding.first.isoformat(),
            )
        elif cost.moved:
            said = _(
                "It changed by %(amount)s on days on which the share did not, as by a capital"
                " increase or a write-down: that stands in “Changes of shares in companies” and"
                " its other side in the figures of the group.",
                amount=plain_money(cost.moved, minor_units),
            )
        if said:
            found.append(_fault(f"{code}: {named}", holding.investment[0].company, code, said))
    return found


def _named_twice(
    column: Column, holdings: Mapping[str, Holding], costs: Mapping[str, Cost]
) -> Iterator[Mismatch]:
    days = (column.start, column.end)
    for code, other in itertools.combinations(costs, 2):
        one, two = holdings[code], holdings[other]
        if not (one.within(*days) or two.within(*days)) or not one.within(two.first, two.last):
            continue
        said = _("Shares in two companies name it: what is on it is taken away for each of them.")
        for company, account in sorted(costs[code].named & costs[other].named):
            yield _fault(f"{code}, {other}: {company} {account}", company, other, said)


def _fault(text: str, first: str, second: str, why: str) -> Mismatch:
    return Mismatch(Elimination(text, first, (), second, ()), ZERO, ZERO, why)
