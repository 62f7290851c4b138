"""What people type to make and change presentation trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from backstay.spi import (
    BoolField,
    Choice,
    ChoiceField,
    NumberField,
    PickerField,
    TextField,
    lazy,
)
from backstay_ledger.statements.drafting import CODE
from backstay_ledger.statements.kinds import Activity, NodeKind, Part, Purpose, Side

PURPOSES: Final = (
    Choice("statutory", lazy("Statutory"), help=lazy("As the law asks for it")),
    Choice("management", lazy("Management"), help=lazy("As those who decide look at it")),
    Choice("tax", lazy("Tax"), help=lazy("As the tax office asks for it")),
)
PARTS: Final = (
    Choice("balance_sheet", lazy("Balance sheet")),
    Choice("profit_loss", lazy("Profit and loss")),
)
SIDES: Final = (
    Choice("debit", lazy("Debit"), help=lazy("Assets and expenses")),
    Choice("credit", lazy("Credit"), help=lazy("Liabilities, equity and income")),
)
KINDS: Final = (
    Choice("accounts", lazy("Accounts"), help=lazy("Its accounts and the nodes below it")),
    Choice("formula", lazy("Formula"), help=lazy("Other nodes, added and subtracted")),
    Choice("result", lazy("Result"), help=lazy("Of the fiscal year, or of the days shown")),
    Choice(
        "prior_results", lazy("Prior results"), help=lazy("Of earlier years, not yet distributed")
    ),
)
ACTIVITIES: Final = (
    Choice("operating", lazy("Operating")),
    Choice("investing", lazy("Investing")),
    Choice("financing", lazy("Financing")),
)
_CODE_HELP: Final = lazy("1 to 20 letters, digits, points and _.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTree:
    """A new tree."""

    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            help=lazy("How commands and files call it."),
            example="statutory",
            min_length=1,
            max_length=20,
            pattern=CODE,
            pattern_help=_CODE_HELP,
        ),
    ]
    name: Annotated[
        str, TextField(label=lazy("Name"), example="Annual accounts", min_length=1, max_length=100)
    ]
    purpose: Annotated[Purpose, ChoiceField(label=lazy("Purpose"), choices=PURPOSES)] = (
        Purpose.STATUTORY
    )
    copied: Annotated[
        bool,
        BoolField(
            label=lazy("Begin with the built-in tree"),
            help=lazy("Its nodes are copied, to be divided further; otherwise it is empty."),
        ),
    ] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTree:
    """A tree that gets another code, name or purpose."""

    id: int
    version: int | None = None
    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            min_length=1,
            max_length=20,
            pattern=CODE,
            pattern_help=_CODE_HELP,
        ),
    ]
    name: Annotated[str, TextField(label=lazy("Name"), min_length=1, max_length=100)]
    purpose: Annotated[Purpose, ChoiceField(label=lazy("Purpose"), choices=PURPOSES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTree:
    """A tree that is not needed any more, with its nodes."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFields:
    """What is typed of a node."""

    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            help=lazy("How formulas and files call it."),
            example="current_assets",
            min_length=1,
            max_length=20,
            pattern=CODE,
            pattern_help=_CODE_HELP,
        ),
    ]
    heading: Annotated[
        str,
        TextField(label=lazy("Heading"), example="Current assets", min_length=1, max_length=200),
    ]
    part: Annotated[Part, ChoiceField(label=lazy("Statement"), choices=PARTS)]
    parent: Annotated[
        str,
        TextField(
            label=lazy("Below"),
            help=lazy("Code of the node above; empty at the top."),
            example="assets",
            max_length=20,
        ),
    ] = ""
    position: Annotated[
        int,
        NumberField(
            label=lazy("Position"),
            help=lazy("Nodes are shown in this order, each below its own node; 0 for the end."),
            minimum=0,
            maximum=1_000_000,
        ),
    ] = 0
    kind: Annotated[NodeKind, ChoiceField(label=lazy("Figure"), choices=KINDS)] = NodeKind.ACCOUNTS
    side: Annotated[
        Side,
        ChoiceField(
            label=lazy("Sign"), help=lazy("The side that is shown as positive."), choices=SIDES
        ),
    ] = Side.DEBIT
    accounts: Annotated[
        str,
        TextField(
            label=lazy("Accounts"),
            help=lazy(
                "Codes, ranges (1000..1999), beginnings (10*) and what is left of a class"
                " (class:asset), with semicolons between."
            ),
            example="1000..1199; 1300; 15*",
            max_length=1000,
            wide=True,
        ),
    ] = ""
    formula: Annotated[
        str,
        TextField(
            label=lazy("Formula"),
            help=lazy("Codes of nodes with + and - between; each as it is shown."),
            example="income - expenses",
            max_length=500,
            wide=True,
        ),
    ] = ""
    activity: Annotated[
        Activity | None,
        ChoiceField(
            label=lazy("Cash flow"),
            help=lazy("Where the cash flow statement shows its changes."),
            choices=ACTIVITIES,
            blank=lazy("as the node above"),
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateNode(NodeFields):
    """A new line of a tree."""

    tree_id: Annotated[int, PickerField(label=lazy("Tree"), resource="ledger.statement_tree")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditNode(NodeFields):
    """A changed line of a tree."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteNode:
    """A line that is not needed any more."""

    id: int
