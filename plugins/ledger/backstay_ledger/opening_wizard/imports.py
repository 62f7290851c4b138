"""Importing a trial balance and open items into the opening of the books, as a whole or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posted
from backstay.spi import (
    BackstayError,
    Conflict,
    ImportColumn,
    ImportKind,
    Invalid,
    Outcome,
    Problem,
    StagedRow,
    Validation,
    authorize,
    lazy,
    ngettext,
)
from backstay.spi import gettext as _
from backstay_ledger.imports.cells import BadCell, read_amount, read_date
from backstay_ledger.imports.undoing import undo_entries
from backstay_ledger.opening_wizard.entering import (
    OpeningItem,
    PostBalances,
    check_balances,
    check_items,
    post_balances,
    post_items,
)
from backstay_ledger.opening_wizard.opening import UNDO, open_opening
from backstay_ledger.permissions import OPENING_POST
from backstay_ledger.services.typed_lines import DraftLine, side_problem

_LINE_FIELDS: Final = {"amount": "debit", "amount_currency": "amount_currency"}


def validate_balances(session: Session, rows: Sequence[StagedRow]) -> Validation:
    """What importing a trial balance would do."""
    authorize(session, OPENING_POST)
    lines, problems = _lines(rows)
    if not problems:
        try:
            check_balances(session, PostBalances(lines=lines))
        except (Invalid, Conflict) as error:
            problems = _placed(rows, error)
    return Validation(tuple(problems), 0 if problems else 1, 0)


def commit_balances(session: Session, rows: Sequence[StagedRow]) -> Outcome:
    """Post the trial balance as one entry.

    Raises:
        Invalid: lists every row that can't be imported.
    """
    authorize(session, OPENING_POST)
    lines, problems = _lines(rows)
    if problems:
        raise Invalid(_("The trial balance can't be imported."), problems=tuple(problems))
    try:
        posted = post_balances(session, PostBalances(lines=lines))
    except (Invalid, Conflict) as error:
        raise type(error)(error.message, problems=tuple(_placed(rows, error))) from error
    return Outcome(1, 0, notes=_waiting([posted]), references=(str(posted.id),))


def validate_items(session: Session, rows: Sequence[StagedRow]) -> Validation:
    """What importing open items would do."""
    authorize(session, OPENING_POST)
    items, problems = _items(rows)
    present = 0
    if not problems:
        try:
            present = sum(one.existing is not None for one in check_items(session, items))
        except (Invalid, Conflict) as error:
            problems = list(error.problems)
    return Validation(tuple(problems), 0 if problems else len(items) - present, present)


def commit_items(session: Session, rows: Sequence[StagedRow]) -> Outcome:
    """Post the open items that are not in the books yet, each as an entry.

    Raises:
        Invalid: lists every row that can't be imported.
    """
    authorize(session, OPENING_POST)
    items, problems = _items(rows)
    if problems:
        raise Invalid(_("The open items can't be imported."), problems=tuple(problems))
    posted = post_items(session, items)
    return Outcome(
        sum(not one.existed for one in posted),
        sum(one.existed for one in posted),
        notes=_waiting(posted),
        references=tuple(str(one.id) for one in posted if not one.existed),
    )


def undo(session: Session, references: Sequence[str]) -> str:
    """Reverse what an import posted; what nobody has approved yet is deleted instead.

    Raises:
        Conflict: the opening is finished, or its period is closed.
    """
    authorize(session, OPENING_POST)
    open_opening(session)
    return undo_entries(session, references, UNDO)


def _waiting(posted: Sequence[Posted]) -> tuple[str, ...]:
    """What is said of entries that a second person has to approve first."""
    n = sum(one.waits for one in posted)
    if not n:
        return ()
    return (ngettext("%(n)s entry waits for approval.", "%(n)s entries wait for approval.", n),)


def _lines(rows: Sequence[StagedRow]) -> tuple[tuple[DraftLine, ...], list[Problem]]:
    lines: list[DraftLine] = []
    problems: list[Problem] = []
    for row in rows:
        cells = {name: text.strip() for name, text in row.values.items()}
        debit, credit = _side(cells, row.number, problems)
        foreign = _amount(cells, "amount_currency", row.number, problems)
        if not debit and not credit:
            continue  # accounts at zero stand in a trial balance too
        lines.append(
            DraftLine(
                account=cells.get("account", ""),
                debit=debit,
                credit=credit,
                currency=cells.get("currency", "").upper() or None,
                amount_currency=None if foreign is None else abs(foreign),
            )
        )
    return tuple(lines), problems


def _items(rows: Sequence[StagedRow]) -> tuple[list[OpeningItem], list[Problem]]:
    items: list[OpeningItem] = []
    problems: list[Problem] = []
    for row in rows:
        cells = {name: text.strip() for name, text in row.values.items()}
        debit, credit = _side(cells, row.number, problems)
        amount = debit or -(credit or Decimal(0))
        foreign = _amount(cells, "amount_currency", row.number, problems)
        items.append(
            OpeningItem(
                account=cells.get("account", ""),
                party=cells.get("party", ""),
                amount=amount,
                reference=cells.get("reference", ""),
                document_date=_day(cells, "document_date", row.number, problems),
                due_date=_day(cells, "due_date", row.number, problems),
                currency=cells.get("currency", "").upper() or None,
                amount_currency=None if foreign is None else abs(foreign).copy_sign(amount),
                row=row.number,
            )
        )
    return items, problems


def _side(
    cells: dict[str, str], row: int, problems: list[Problem]
) -> tuple[Decimal | None, Decimal | None]:
    """Debit and credit, both positive; a negative one is on the other side."""
    debit = _amount(cells, "debit", row, problems)
    credit = _amount(cells, "credit", row, problems)
    if debit and credit:
        problems.append(Problem(str(side_problem(abs(debit), abs(credit))), "debit", row))
        return None, None
    net = (debit or Decimal(0)) - (credit or Decimal(0))
    return (net, None) if net > 0 else (None, -net) if net < 0 else (None, None)


def _amount(cells: dict[str, str], name: str, row: int, problems: list[Problem]) -> Decimal | None:
    try:
        return read_amount(cells.get(name, ""))
    except BadCell as problem:
        problems.append(Problem(str(problem), name, row))
        return None


def _day(cells: dict[str, str], name: str, row: int, problems: list[Problem]) -> date | None:
    text = cells.get(name, "")
    if not text:
        return None
    try:
        return read_date(text)
    except BadCell as problem:
        problems.append(Problem(str(problem), name, row))
        return None


def _placed(rows: Sequence[StagedRow], error: BackstayError) -> list[Problem]:
    """Problems of lines at the rows that they come from; rows at zero made no line."""
    used = [row.number for row in rows if any(_side(dict(row.values), 0, []))]
    placed: list[Problem] = []
    for one in error.problems:
        parts = (one.field or "").split(".")
        if len(parts) == 3 and parts[1].isdecimal() and int(parts[1]) < len(used):  # noqa: PLR2004
            field = _LINE_FIELDS.get(parts[2], parts[2])
            placed.append(Problem(one.message, field, used[int(parts[1])]))
        else:
            placed.append(Problem(one.message))
    # What is wrong with the line of the difference comes of what is wrong with others.
    return [one for one in placed if one.row is not None] or placed


_ACCOUNT: Final = ImportColumn(
    "account",
    lazy("Account"),
    help=lazy("A code of the chart."),
    example="1000",
    aliases=("account code",),
)
_FOREIGN: Final = (
    ImportColumn(
        "currency",
        lazy("Currency"),
        required=False,
        help=lazy("Where it is in a foreign currency (ISO 4217)."),
        example="USD",
    ),
    ImportColumn(
        "amount_currency",
        lazy("Amount in it"),
        required=False,
        example="400.00",
        is_number=True,
        aliases=("foreign amount", "amount in currency"),
    ),
)
_SIDES: Final = (
    ImportColumn(
        "debit",
        lazy("Debit"),
        help=lazy("In the company's currency; a negative amount is on the other side."),
        example="1200.00",
        is_number=True,
        aliases=("amount", "balance"),
    ),
    ImportColumn("credit", lazy("Credit"), required=False, example="1200.00", is_number=True),
)

OPENING_IMPORTS: Final = (
    ImportKind(
        name="ledger.opening_balances",
        label=lazy("Opening trial balance"),
        noun=lazy("entry"),
        noun_many=lazy("entries"),
        permission=OPENING_POST,
        columns=(_ACCOUNT, *_SIDES, *_FOREIGN),
        validate=validate_balances,
        commit=commit_balances,
        undo=undo,
        sample="account,debit,credit,currency,amount_currency\n1000,700.00,,,\n3000,,700.00,,\n",
        icon="scale",
        help=lazy("All rows are one entry on the day of the opening; begin the opening first."),
        opens="ledger.entry.list",
    ),
    ImportKind(
        name="ledger.opening_items",
        label=lazy("Open items of the opening"),
        noun=lazy("open item"),
        noun_many=lazy("open items"),
        permission=OPENING_POST,
        columns=(
            _ACCOUNT,
            ImportColumn(
                "party",
                lazy("Party"),
                help=lazy("Who owes it or is owed it."),
                example="ACME Ltd",
                aliases=("customer", "vendor", "supplier", "name"),
            ),
            ImportColumn(
                "reference",
                lazy("Reference"),
                required=False,
                help=lazy("The document's own number."),
                example="INV-113",
                aliases=("document", "document number", "invoice", "ref"),
            ),
            ImportColumn(
                "document_date",
                lazy("Document date"),
                required=False,
                is_date=True,
                example="2025-11-03",
                aliases=("invoice date", "date"),
            ),
            ImportColumn(
                "due_date",
                lazy("Due date"),
                required=False,
                is_date=True,
                example="2025-12-03",
                aliases=("due",),
            ),
            *_SIDES,
            *_FOREIGN,
        ),
        validate=validate_items,
        commit=commit_items,
        undo=undo,
        sample=(
            "account,party,reference,document_date,due_date,debit,credit,currency,amount_currency\n"
            "1100,ACME Ltd,INV-113,2025-11-03,2025-12-03,300.00,,,\n"
        ),
        icon="file-import",
        help=lazy(
            "Each row is an entry of its own on the day of the opening; begin the opening first."
            " A document that is in the books already with the same content is left alone."
        ),
        opens="ledger.entry.list",
    ),
)
