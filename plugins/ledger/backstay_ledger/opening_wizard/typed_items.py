"""Open items of the old system as programs send them: with a debit or a credit, like lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Annotated

from backstay.spi import (
    Conflict,
    DateField,
    Invalid,
    LinesField,
    MoneyField,
    Problem,
    TextField,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.models import LONGEST_CODE
from backstay_ledger.opening_wizard.entering import OpeningItem
from backstay_ledger.services.typed_lines import side_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedItem:
    """A document that is not settled yet.

    Arguments:
        debit / credit: what is left of it in base currency, positive; exactly one of them.
        amount_currency: positive; it takes the side of the amount in base currency.
    """

    account: Annotated[
        str,
        TextField(
            label=lazy("Account"),
            help=lazy("The code of one that is managed by open items."),
            example="1100",
            min_length=1,
            max_length=LONGEST_CODE,
        ),
    ]
    party: Annotated[
        str,
        TextField(
            label=lazy("Party"),
            help=lazy("Who owes it or is owed it."),
            example="ACME Ltd",
            min_length=1,
            max_length=80,
        ),
    ]
    debit: Annotated[Decimal | None, MoneyField(label=lazy("Debit"))] = None
    credit: Annotated[Decimal | None, MoneyField(label=lazy("Credit"))] = None
    reference: Annotated[
        str,
        TextField(label=lazy("Reference"), help=lazy("The document's own number."), max_length=100),
    ] = ""
    document_date: Annotated[
        date | None,
        DateField(label=lazy("Document date"), help=lazy("Not after the first day.")),
    ] = None
    due_date: Annotated[
        date | None,
        DateField(label=lazy("Due date"), help=lazy("Left out, the day on the document.")),
    ] = None
    currency: Annotated[
        str | None,
        TextField(
            label=lazy("Foreign currency"), help=lazy("ISO 4217."), pattern="[A-Z]{3}", max_length=3
        ),
    ] = None
    amount_currency: Annotated[
        Decimal | None,
        MoneyField(
            label=lazy("Amount in it"),
            help=lazy("Positive; it takes the side of the amount in base currency."),
            any_currency=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostItems:
    """Open items, each of which becomes an entry of its own."""

    items: Annotated[
        tuple[TypedItem, ...],
        LinesField(
            label=lazy("Open items"),
            help=lazy("All of them are posted, or none."),
            line=TypedItem,
        ),
    ]


def understood(items: Sequence[TypedItem]) -> list[OpeningItem]:
    """Items with signed amounts, numbered from 1.

    Raises:
        Invalid: an item has no amount, or both sides; names it (``items.0.debit``).
    """
    problems = [
        Problem(said, f"items.{index}.debit")
        for index, item in enumerate(items)
        if (said := side_problem(item.debit, item.credit))
    ]
    if problems:
        raise Invalid(_("The open items can't be posted."), problems=tuple(problems))
    return [_signed(item, row) for row, item in enumerate(items, 1)]


def named_by_item(error: Invalid | Conflict, items: Sequence[TypedItem]) -> Invalid | Conflict:
    """The same error, each problem named by its item in place of a row of a file.

    What is wrong with an amount is named at the side that was sent.
    """
    problems: list[Problem] = []
    for one in error.problems:
        if one.row is None:
            problems.append(one)
            continue
        place, field = one.row - 1, one.field
        if field == "amount":
            field = "credit" if items[place].credit else "debit"
        name = f"items.{place}.{field}" if field else f"items.{place}"
        problems.append(replace(one, row=None, field=name))
    return type(error)(error.message, problems=tuple(problems))


def _signed(item: TypedItem, row: int) -> OpeningItem:
    amount = item.debit or -(item.credit or Decimal(0))
    foreign = item.amount_currency
    return OpeningItem(
        account=item.account,
        party=item.party,
        amount=amount,
        reference=item.reference,
        document_date=item.document_date,
        due_date=item.due_date,
        currency=item.currency,
        amount_currency=None if foreign is None else abs(foreign).copy_sign(amount),
        row=row,
    )
