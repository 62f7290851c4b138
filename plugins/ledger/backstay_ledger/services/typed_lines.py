"""Lines as people type them, with a debit or a credit, made into signed amounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy.orm import Session

from backstay.contracts.ledger import PostingLine
from backstay.spi import BoolField, DateField, MoneyField, Problem, TextField, lazy
from backstay.spi import gettext as _
from backstay_ledger.dimensions.sets import read_pairs, written_pairs
from backstay_ledger.models import LONGEST_CODE
from backstay_ledger.services.accounts import account_codes
from backstay_ledger.services.content import LineRow


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """A line as it is typed: an account and a debit or a credit.

    Arguments:
        account: the account's id as a number, or its code as text.
        debit / credit: base currency, positive; exactly one of them.
        amount_currency: positive; it takes the side of the base amount.
    """

    account: Annotated[
        int | str,
        TextField(
            label=lazy("Account"),
            help=lazy("Its code in the chart."),
            example="1000",
            min_length=1,
            max_length=LONGEST_CODE,
        ),
    ]
    debit: Annotated[Decimal | None, MoneyField(label=lazy("Debit"))] = None
    credit: Annotated[Decimal | None, MoneyField(label=lazy("Credit"))] = None
    text: Annotated[str, TextField(label=lazy("Text"), max_length=500)] = ""
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
    tax_code: Annotated[
        str,
        TextField(
            label=lazy("Tax code"),
            help=lazy("Lines of tax are added; several codes have + between them."),
            max_length=100,
        ),
    ] = ""
    tax_included: Annotated[
        bool | None,
        BoolField(
            label=lazy("Tax included"),
            help=lazy("Whether the amount contains the tax; left out, as the code says."),
        ),
    ] = None
    tax_line: Annotated[
        bool,
        BoolField(
            label=lazy("Line of tax"),
            help=lazy("This line is itself the tax of the code, as the document has it."),
        ),
    ] = False
    party: Annotated[
        str,
        TextField(
            label=lazy("Party"),
            help=lazy("Who owes it or is owed it, on accounts that are managed by open items."),
            max_length=80,
        ),
    ] = ""
    due_date: Annotated[
        date | None,
        DateField(label=lazy("Due date"), help=lazy("Left out, the accounting date.")),
    ] = None
    dimensions: Annotated[
        str,
        TextField(
            label=lazy("Dimensions"),
            help=lazy("Values of dimensions: cost_centre=100, project=X."),
            max_length=500,
        ),
    ] = ""


def signed_lines(
    session: Session, lines: Sequence[DraftLine]
) -> tuple[tuple[PostingLine, ...], list[Problem]]:
    """Typed lines with signed amounts, and what is wrong with the typed ones."""
    codes = account_codes(
        session, (line.account for line in lines if isinstance(line.account, int))
    )
    problems: list[Problem] = []
    signed: list[PostingLine] = []
    for index, line in enumerate(lines):
        amount = Decimal(0)
        if problem := side_problem(line.debit, line.credit):
            problems.append(Problem(problem, f"lines.{index}.debit"))
        else:
            amount = line.debit or -(line.credit or Decimal(0))
        if isinstance(line.account, int) and line.account not in codes:
            problems.append(
                Problem(_("There is no such account in the chart."), f"lines.{index}.account")
            )
        pairs, problem = read_pairs(line.dimensions)
        if problem:
            problems.append(Problem(problem, f"lines.{index}.dimensions"))
        foreign = line.amount_currency
        signed.append(
            PostingLine(
                account=codes.get(line.account, "")
                if isinstance(line.account, int)
                else line.account,
                amount=amount,
                text=line.text,
                currency=line.currency,
                amount_currency=foreign.copy_sign(amount) if foreign else foreign,
                tax_code=line.tax_code,
                tax_included=line.tax_included,
                tax_line=line.tax_line,
                party=line.party,
                due_date=line.due_date,
                dimensions=pairs,
            )
        )
    return tuple(signed), problems


def typed_again(
    lines: Sequence[LineRow], taxes: Mapping[int, Mapping[str, Any]]
) -> tuple[DraftLine, ...]:
    """Stored lines as they are typed.

    Arguments:
        taxes: what lines say of tax, by line number.
    """
    return tuple(
        DraftLine(
            account=line.account,
            debit=line.amount if line.amount > 0 else None,
            credit=-line.amount if line.amount < 0 else None,
            text=line.text,
            currency=line.currency,
            amount_currency=None if line.amount_currency is None else abs(line.amount_currency),
            party=line.party,
            due_date=line.due_date,
            dimensions=written_pairs(line.dimensions),
            **taxes.get(line_no, {}),
        )
        for line_no, line in enumerate(lines, 1)
    )


def side_problem(debit: Decimal | None, credit: Decimal | None) -> str | None:
    """What is wrong with the pair of amounts of a line, or None."""
    if not all(amount is None or amount.is_finite() for amount in (debit, credit)):
        return _("This is not an amount.")
    if debit and credit:
        return _("A line has a debit or a credit, not both.")
    if not debit and not credit:
        return _("The line has no amount: give a debit or a credit.")
    if (debit or credit or Decimal(0)) < 0:
        return _("The amount is negative: put it on the other side.")
    return None
