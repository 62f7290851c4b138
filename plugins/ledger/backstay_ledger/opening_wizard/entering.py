"""Posting what the old system says: the trial balance in one entry, each open item in its own.

A line of the trial balance on an account that is managed by open items stands on the clearing
account of the items instead. The items take it from there, one entry for each document, so that
each keeps its reference and can be taken back by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posted, Posting, PostingLine
from backstay.spi import (
    Conflict,
    Invalid,
    LinesField,
    Problem,
    TextField,
    authorize,
    company_of,
    lazy,
    ngettext,
)
from backstay.spi import gettext as _
from backstay_ledger.imports.keys import usable_keys
from backstay_ledger.models import Account, Entry, EntryKind, EntryState, JournalKind
from backstay_ledger.opening_wizard.models import Opening, OpeningLine, OpeningPart
from backstay_ledger.opening_wizard.opening import open_opening
from backstay_ledger.permissions import OPENING_POST
from backstay_ledger.services.bulk_rows import among, insert_rows, pieces, table_of
from backstay_ledger.services.journals import active_journal
from backstay_ledger.services.orders import Checked, Order
from backstay_ledger.services.posting import post_orders
from backstay_ledger.services.typed_lines import DraftLine, signed_lines
from backstay_ledger.services.validation import check_orders

_TABLE: Final = table_of(OpeningLine)
_COLUMNS: Final = ("entry_id", "line_no", "company_id", "part", "account_id", "document_date")
_LONGEST_REFERENCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PostBalances:
    """A trial balance, or a part of one.

    Arguments:
        lines: one for each account with a balance.
        key: idempotency key; empty for none.
    """

    lines: Annotated[
        tuple[DraftLine, ...],
        LinesField(
            label=lazy("Lines"),
            help=lazy("One for each account with a balance: a debit or a credit."),
            line=DraftLine,
        ),
    ]
    reference: Annotated[
        str,
        TextField(
            label=lazy("Reference"),
            help=lazy("Where the figures come from, such as the old system's closing balance."),
            max_length=100,
        ),
    ] = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningItem:
    """An open item of the old system.

    Arguments:
        account: the code of an account that is managed by open items.
        amount: what is left of it, base currency, debit positive.
        currency, amount_currency: where it is in a foreign currency; the amount with its sign.
        row: where it stands in the file or the grid, counted from 1.
    """

    account: str
    party: str
    amount: Decimal
    reference: str = ""
    document_date: date | None = None
    due_date: date | None = None
    currency: str | None = None
    amount_currency: Decimal | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order with what its lines on clearing accounts stand for.

    Arguments:
        stands: number of the line, the list, id of the account that it stands for, if any, and
            the day on the document.
    """

    order: Order
    stands: tuple[tuple[int, OpeningPart, int | None, date | None], ...]


def post_balances(session: Session, command: PostBalances) -> Posted:
    """Post a trial balance to the opening that was begun.

    Raises:
        Invalid: a line is wrong; names it.
        Conflict: no opening was begun, it is finished, or its period is closed.
    """
    authorize(session, OPENING_POST)
    opening = open_opening(session)
    made = balances_order(session, opening, command)
    return _post(session, [made])[0]


def check_balances(session: Session, command: PostBalances) -> Checked:
    """What posting a trial balance would do; raises as :func:`post_balances`."""
    authorize(session, OPENING_POST)
    made = balances_order(session, open_opening(session), command)
    return check_orders(session, [made.order], lock=False)[0]


def post_items(session: Session, items: Sequence[OpeningItem]) -> list[Posted]:
    """Post open items, all or none, each as an entry of its own.

    Raises:
        Invalid: lists what is wrong by ``row`` and the item's field.
        Conflict: no opening was begun, it is finished, or its period is closed.
    """
    authorize(session, OPENING_POST)
    opening = open_opening(session)
    made = item_orders(session, opening, items)
    try:
        return _post(session, made)
    except (Invalid, Conflict) as error:
        raise renamed(error) from error


def check_items(session: Session, items: Sequence[OpeningItem]) -> list[Checked]:
    """What posting open items would do; raises as :func:`post_items`."""
    authorize(session, OPENING_POST)
    made = item_orders(session, open_opening(session), items)
    try:
        return check_orders(session, [one.order for one in made], lock=False)
    except (Invalid, Conflict) as error:
        raise renamed(error) from error


def opening_journal(session: Session) -> str:
    """The code of the journal for opening balances.

    Raises:
        Invalid: there is no active one.
    """
    return active_journal(
        session,
        JournalKind.OPENING,
        _("There is no active journal for opening balances; create one."),
    )


def balances_order(session: Session, opening: Opening, command: PostBalances) -> Ordered:
    """The entry that a trial balance becomes; raises as :func:`post_balances`."""
    lines, problems = signed_lines(session, command.lines)
    if problems:
        raise Invalid(_("The opening balances can't be posted."), problems=tuple(problems))
    accounts = _accounts(session, {line.account for line in lines})
    clearing = clearing_codes(session, opening)
    by_items: list[PostingLine] = []
    stands: list[tuple[int, OpeningPart, int | None, date | None]] = []
    for number, line in enumerate(lines, 1):
        account = accounts.get(line.account)
        if account is not None and account.open_item_managed:
            stands.append((number, OpeningPart.BALANCES, account.id, None))
            by_items.append(PostingLine(clearing[OpeningPart.ITEMS], line.amount, account.label))
        else:
            by_items.append(line)
    difference = sum((line.amount for line in lines), Decimal(0))
    if difference:
        by_items.append(PostingLine(clearing[OpeningPart.BALANCES], -difference))
        stands.append((len(by_items), OpeningPart.BALANCES, None, None))
    if not stands:
        # The entry belongs to the opening all the same, so that undoing finds it.
        stands.append((1, OpeningPart.BALANCES, None, None))
    posting = Posting(
        key=command.key,
        journal=opening_journal(session),
        date=opening.date,
        lines=tuple(by_items),
        memo=_("Opening balances %(day)s", day=opening.date.isoformat()),
        reference=command.reference,
    )
    order = Order(posting, kind=EntryKind.OPENING)
    return Ordered(order, tuple(stands))


def item_orders(session: Session, opening: Opening, items: Sequence[OpeningItem]) -> list[Ordered]:
    """The entries that open items become; raises as :func:`post_items`."""
    accounts = _accounts(session, {item.account for item in items})
    problems = list(_item_problems(opening, items, accounts))
    if not items:
        problems.append(Problem(_("Enter at least one open item.")))
    if problems:
        raise Invalid(
            ngettext(
                "%(n)s problem: nothing was posted.",
                "%(n)s problems: nothing was posted.",
                len(problems),
            ),
            problems=tuple(problems),
        )
    clearing = clearing_codes(session, opening)[OpeningPart.ITEMS]
    journal = opening_journal(session)
    names = _names(items)
    keys = usable_keys(session, names, prefix="opening:", freed_by=_taken_back)
    return [
        Ordered(
            Order(
                Posting(
                    key=keys[name],
                    journal=journal,
                    date=opening.date,
                    lines=(
                        PostingLine(
                            item.account,
                            item.amount,
                            _text(item),
                            item.currency,
                            item.amount_currency,
                            party=item.party.strip(),
                            due_date=item.due_date or item.document_date,
                        ),
                        PostingLine(clearing, -item.amount, accounts[item.account].label),
                    ),
                    memo=_("Open item of %(party)s", party=item.party.strip()),
                    reference=item.reference.strip(),
                    row=item.row,
                ),
                kind=EntryKind.OPENING,
            ),
            ((2, OpeningPart.ITEMS, accounts[item.account].id, item.document_date),),
        )
        for item, name in zip(items, names, strict=True)
    ]


def _text(item: OpeningItem) -> str:
    if item.document_date is None:
        return ""
    return _("Document of %(day)s", day=item.document_date.isoformat())


def _item_problems(
    opening: Opening, items: Sequence[OpeningItem], accounts: dict[str, Account]
) -> Iterable[Problem]:
    first: dict[tuple[str, str, str], int | None] = {}
    for item in items:
        row = item.row
        account = accounts.get(item.account)
        if account is None:
            message = _("There is no account “%(code)s” in the chart.", code=item.account[:60])
            yield Problem(message if item.account else _("Choose an account."), "account", row)
        elif not account.open_item_managed:
            message = _(
                "%(account)s is not managed by open items: its balance belongs into the trial"
                " balance.",
                account=account.label,
            )
            yield Problem(message, "account", row)
        if not item.party.strip():
            yield Problem(_("Say whom it is owed by or to."), "party", row)
        if not item.amount:
            yield Problem(_("The amount is missing."), "amount", row)
        if len(item.reference) > _LONGEST_REFERENCE:
            yield Problem(_("It is longer than 100 characters."), "reference", row)
        if item.document_date is not None and item.document_date > opening.date:
            message = _(
                "The document is later than the opening (%(day)s): enter it as an ordinary entry.",
                day=opening.date,
            )
            yield Problem(message, "document_date", row)
        if item.reference.strip():
            key = (item.account, item.party.strip(), item.reference.strip())
            if key in first:
                message = _("The same document stands in row %(row)s already.", row=first[key] or 0)
                yield Problem(message, "reference", row)
            first.setdefault(key, row)


def _names(items: Sequence[OpeningItem]) -> list[str]:
    """What each item is called: by its reference, or by its content and how often that came."""
    seen: dict[str, int] = {}
    names = []
    for item in items:
        what = [item.account, item.party.strip(), item.reference.strip()]
        if not what[2]:
            what += [str(item.document_date), str(item.due_date), f"{item.amount.normalize():f}"]
        digest = hashlib.sha256("\0".join(what).encode()).hexdigest()[:40]
        seen[digest] = seen.get(digest, 0) + 1
        names.append(digest + (f"/{seen[digest]}" if seen[digest] > 1 else ""))
    return names


def _taken_back(reversal: type[Entry]) -> ColumnElement[bool]:
    """That a reversal has taken its entry out of the books; one that waits has not."""
    return reversal.state == EntryState.POSTED


def _post(session: Session, made: Sequence[Ordered]) -> list[Posted]:
    posted = post_orders(session, [one.order for one in made])
    company_id = company_of(session).id
    rows = [
        (entry.id, number, company_id, part, account_id, document_date)
        for one, entry in zip(made, posted, strict=True)
        if not entry.existed
        for number, part, account_id, document_date in one.stands
    ]
    insert_rows(session, _TABLE, _COLUMNS, rows)
    return posted


def renamed(error: Invalid | Conflict) -> Invalid | Conflict:
    """The same error with the fields of items in place of those of the lines they become.

    What is wrong with the day on which the books begin is no item's fault, and is said once.
    """
    fields: dict[str, str | None] = {"key": "reference", "lines": None}
    # Both lines of an item have the same amount: what is wrong with it is said once.
    problems: dict[tuple[int | None, str | None], Problem] = {}
    for one in error.problems:
        name = (one.field or "").rpartition(".")[2]
        row, field = one.row, fields.get(name, name)
        if name == "date":
            row = field = None
        problems.setdefault((row, field), replace(one, row=row, field=field))
    return type(error)(error.message, problems=tuple(problems.values()))


def _accounts(session: Session, codes: set[str]) -> dict[str, Account]:
    found: dict[str, Account] = {}
    for some in pieces(sorted(codes)):
        for one in session.scalars(
            select(Account).where(
                Account.company_id == company_of(session).id, among(session, Account.code, some)
            )
        ):
            found[one.code] = one
    return found


def clearing_codes(session: Session, opening: Opening) -> dict[OpeningPart, str]:
    """The codes of the clearing accounts, by the list that each is for."""
    found = session.execute(
        select(Account.id, Account.code).where(
            Account.id.in_([opening.balances_account_id, opening.items_account_id])
        )
    )
    codes = {row.id: row.code for row in found}
    return {
        OpeningPart.BALANCES: codes[opening.balances_account_id],
        OpeningPart.ITEMS: codes[opening.items_account_id],
    }
