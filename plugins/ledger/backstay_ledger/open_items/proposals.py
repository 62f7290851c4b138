"""Pairs of open items that plainly belong together: the same reference, or the same amount."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from backstay.contracts.ledger import OpenItem
from backstay.spi import gettext as _

MOST: Final = 9


@dataclass(frozen=True, slots=True)
class Proposal:
    """A debit and a credit, why they are proposed, and how much they would settle.

    Arguments:
        amount: in the currency of both.
    """

    debit: OpenItem
    credit: OpenItem
    amount: Decimal
    reason: str


def proposals(items: Sequence[OpenItem]) -> list[Proposal]:
    """Pairs among open items, each item once: by reference first, then by unambiguous amount.

    Arguments:
        items: oldest first; those on hold are left out.
    """
    free = {one.id: one for one in items if not one.held}
    found: list[Proposal] = []
    for reason, key in (
        (_("same reference"), lambda one: one.reference.strip().casefold()),
        (_("same amount"), lambda one: abs(one.residual)),
    ):
        for debit, credit in _pairs(free.values(), key):
            amount = min(debit.residual, -credit.residual)
            found.append(Proposal(debit, credit, amount, reason))
            del free[debit.id], free[credit.id]
    return found[:MOST]


def _pairs(items: Iterable[OpenItem], key: Any) -> list[tuple[OpenItem, OpenItem]]:
    """The groups of one debit and one credit of a party; two candidates are none."""
    groups: dict[Any, list[OpenItem]] = defaultdict(list)
    for one in items:
        if same := key(one):
            groups[one.account, one.party, one.currency, same].append(one)
    return [
        (debit, credit)
        for group in groups.values()
        if len(group) == 2  # noqa: PLR2004
        for debit, credit in [sorted(group, key=lambda one: -one.residual)]
        if debit.residual > 0 > credit.residual
    ]
