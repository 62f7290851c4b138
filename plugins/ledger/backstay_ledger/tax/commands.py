"""What people say when they make and change tax codes: the forms of their pages and of the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

from backstay.spi import (
    BoolField,
    Choice,
    ChoiceField,
    DateField,
    MoneyField,
    PickerField,
    TextField,
    account_roles,
    lazy,
)
from backstay_ledger.tax.boxes import CODE_HELP, CODE_PATTERN
from backstay_ledger.tax.models import TaxUse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

TAX_USES: Final = (
    Choice("sale", lazy("Sales"), help=lazy("On what the company sells")),
    Choice("purchase", lazy("Purchases"), help=lazy("On what the company buys")),
)


def role_choices(session: Session) -> Sequence[Choice]:
    """The account roles that the running modules declare."""
    return [
        Choice(role.name, role.label, help=role.help)
        for _name, role in sorted(account_roles(session).items())
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTaxCode:
    """A new tax code with its first rate.

    Arguments:
        rate: percent as text, at most four decimals; negative for a withholding tax.
        fed: None for what is usual, see :func:`~backstay_ledger.tax.codes.add_tax_code`.
        deductible: percent of the tax that goes to the account, as text; the rest stays on the
            account of the line.
    """

    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            help=lazy("What is typed on a line; unique."),
            example="S20",
            min_length=1,
            max_length=20,
            pattern=CODE_PATTERN,
            pattern_help=CODE_HELP,
        ),
    ]
    name: Annotated[
        str,
        TextField(label=lazy("Name"), example="Standard rate", min_length=1, max_length=100),
    ]
    use: Annotated[
        TaxUse,
        ChoiceField(label=lazy("On"), choices=TAX_USES, help=lazy("Whose document carries it.")),
    ]
    rate: Annotated[
        str,
        TextField(
            label=lazy("Rate in percent"),
            help=lazy("Negative for a tax that is withheld."),
            example="20",
            min_length=1,
            max_length=10,
        ),
    ]
    valid_from: Annotated[
        date, DateField(label=lazy("From"), help=lazy("The first day of this rate."))
    ]
    account_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Account"), help=lazy("Where the tax goes."), resource="ledger.account"
        ),
    ] = None
    role: Annotated[
        str,
        ChoiceField(
            label=lazy("Role"),
            help=lazy("In place of an account: account rules say which one it is."),
            choices=role_choices,
            blank=lazy("none"),
        ),
    ] = ""
    box_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Box"),
            help=lazy("Where base and tax count in the return."),
            resource="ledger.tax_box",
        ),
    ] = None
    included: Annotated[
        bool,
        BoolField(
            label=lazy("Amounts contain the tax"),
            help=lazy("A line may say otherwise."),
        ),
    ] = False
    feeds: Annotated[
        bool,
        BoolField(
            label=lazy("In the base of later taxes"),
            help=lazy("Taxes after it on the same line are computed on it too."),
        ),
    ] = False
    fed: Annotated[
        bool | None,
        BoolField(
            label=lazy("Earlier taxes in its base"),
            help=lazy(
                "Those before it that are in the base of later taxes. As usual: yes, but not for a"
                " tax that is withheld, which is computed on net amounts."
            ),
            blank=lazy("As usual"),
        ),
    ] = None
    deductible: Annotated[
        str,
        TextField(
            label=lazy("Deductible in percent"),
            help=lazy("The rest of the tax stays on the line's own account; empty for all of it."),
            max_length=6,
        ),
    ] = ""
    single_threshold: Annotated[
        Decimal | None,
        MoneyField(
            label=lazy("Withheld from a bill of"),
            help=lazy("Smaller bills are not taxed by themselves; empty for no such limit."),
        ),
    ] = None
    cumulative_threshold: Annotated[
        Decimal | None,
        MoneyField(
            label=lazy("Withheld from bills of a year of"),
            help=lazy(
                "Once the bills of a party in a fiscal year reach it, all of them are taxed; the"
                " bill that reaches it makes up for those before."
            ),
        ),
    ] = None
    other_account_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Reverse charge: other account"),
            help=lazy("The same tax goes here with the other sign, so that nothing is paid."),
            resource="ledger.account",
        ),
    ] = None
    other_box_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Reverse charge: other box"),
            help=lazy("Where the other side counts."),
            resource="ledger.tax_box",
        ),
    ] = None
    waiting_account_id: Annotated[
        int | None,
        PickerField(
            label=lazy("Cash basis: account until paid"),
            help=lazy("The tax waits here and is in no return until the document is paid."),
            resource="ledger.account",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTaxCode:
    """A changed tax code. Accounts and boxes stay: another account is another code."""

    id: int
    version: int | None = None
    name: Annotated[str, TextField(label=lazy("Name"), min_length=1, max_length=100)]
    included: Annotated[
        bool,
        BoolField(label=lazy("Amounts contain the tax"), help=lazy("A line may say otherwise.")),
    ] = False
    feeds: Annotated[bool, BoolField(label=lazy("In the base of later taxes"))] = False
    fed: Annotated[bool, BoolField(label=lazy("Earlier taxes in its base"))] = True
    active: Annotated[
        bool,
        BoolField(
            label=lazy("Active"), help=lazy("An inactive code stays in returns of the past.")
        ),
    ] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRate:
    """Another rate of a code; the one before holds until the day before."""

    id: int
    rate: Annotated[
        str,
        TextField(label=lazy("Rate in percent"), example="19", min_length=1, max_length=10),
    ]
    valid_from: Annotated[
        date, DateField(label=lazy("From"), help=lazy("The first day of this rate."))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTaxCode:
    """A code that no entry has."""

    id: int
