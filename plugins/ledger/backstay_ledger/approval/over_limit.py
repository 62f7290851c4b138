"""Whether an order is over a limit, and so waits for a second person."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from backstay.spi import CompanyRef, Problem
from backstay.spi import gettext as _
from backstay_ledger.services.content import LineRow
from backstay_ledger.services.currencies import written

if TYPE_CHECKING:
    from backstay_ledger.services.orders import Order


class Checking(Protocol):
    """The check of a batch, which collects the problems.

    Arguments:
        limits: by the journal's id; 0 is all that have none of their own.
        row: of the file that is imported.
    """

    limits: dict[int, Decimal]
    company: CompanyRef
    drafts: bool
    problems: list[Problem]
    row: int | None


def second_person(check: Checking, order: Order, journal_id: int, lines: Sequence[LineRow]) -> bool:
    """Whether it needs a second person; where it can't wait for one, that is a problem.

    The closing of a year moves what was posted already: nobody has to agree to it.
    """
    limit = check.limits.get(journal_id, check.limits.get(0))
    if limit is None or check.drafts or order.approved or order.in_closing:
        return False
    debit = sum((line.amount for line in lines if line.amount > 0), Decimal(0))
    if debit <= limit:
        return False
    if order.posting.adjustment or order.by_allocation:
        company = check.company
        said = _(
            "%(amount)s is over the limit of %(limit)s in journal %(journal)s, from which on a"
            " second person approves each entry.",
            amount=written(debit, company.currency, company.minor_units),
            limit=written(limit, company.currency, company.minor_units),
            journal=order.posting.journal,
        )
        advice = (
            _(
                "What an allocation posts can't wait for that: allocate smaller amounts, or have"
                " the limit of this journal raised."
            )
            if order.by_allocation
            else _(
                "In the adjustment period none can wait for that: post it in the last month of the"
                " year, where it waits, or have the limit of this journal raised."
            )
        )
        check.problems.append(Problem(f"{said} {advice}", "lines", check.row))
    return True
