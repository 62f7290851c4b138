"""The opening of the books for programs: the steps of the wizard, each all or nothing.

A step answers with what is missing afterwards, so that a program knows whether it may finish.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from sqlalchemy import select

from backstay.contracts.ledger import Posted
from backstay.spi import Conflict, Invalid, LinesField, authorize, company_of, lazy
from backstay_ledger.models import Account
from backstay_ledger.opening_wizard.entering import (
    Ordered,
    PostBalances,
    balances_order,
    clearing_codes,
    item_orders,
    post_balances,
    post_items,
    renamed,
)
from backstay_ledger.opening_wizard.models import Opening, OpeningPart
from backstay_ledger.opening_wizard.opening import (
    UndoOpening,
    finish_opening,
    missing_of,
    open_opening,
    opening_of,
    undo_opening,
)
from backstay_ledger.opening_wizard.state import ItemsOfAccount, OpeningState, opening_state
from backstay_ledger.opening_wizard.typed_items import (
    PostItems,
    TypedItem,
    named_by_item,
    understood,
)
from backstay_ledger.permissions import BOOKS_VIEW, OPENING_POST
from backstay_ledger.services.typed_lines import DraftLine
from backstay_ledger.services.validation import check_orders
from backstay_ledger.tax.rounding import unit_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewOpening:
    """Lists that somebody wants to look at before they are posted; both may be left out."""

    lines: Annotated[
        tuple[DraftLine, ...],
        LinesField(label=lazy("Lines"), help=lazy("Of the trial balance."), line=DraftLine),
    ] = ()
    items: Annotated[
        tuple[TypedItem, ...], LinesField(label=lazy("Open items"), line=TypedItem)
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishOpening:
    """An opening whose clearing accounts stand at zero."""


@dataclass(frozen=True, slots=True)
class ClearingShown:
    """A clearing account and what stands on it, base currency, debit positive.

    Arguments:
        part: the list that it is for.
        account, name: its code and its name.
    """

    part: str
    account: str
    name: str
    balance: Decimal


@dataclass(frozen=True, slots=True)
class AccountShown:
    """What the trial balance says of an account, what its items come to, and what is missing.

    Arguments:
        account, name: its code and its name.
    """

    account: str
    name: str
    balance: Decimal
    items: Decimal
    missing: Decimal


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line that would be posted, base currency.

    Arguments:
        entry: which entry it is a line of, counted from 1.
    """

    entry: int
    account: str
    debit: Decimal | None
    credit: Decimal | None
    party: str
    reference: str


@dataclass(frozen=True, slots=True)
class OpeningShown:
    """How far an opening is.

    Arguments:
        day: on which the books begin.
        finished: it takes no entries any more.
        complete: it could be finished, or is.
        missing: what it lacks, in words.
    """

    day: date
    finished: bool
    complete: bool
    clearing: tuple[ClearingShown, ...]
    accounts: tuple[AccountShown, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpeningPreview:
    """What posting the lists would do; nothing is written.

    Arguments:
        lines: those of every entry that would be made; what is in the books already is left out.
        present: how many documents are in the books already.
        after: how far the opening would be then.
    """

    lines: tuple[PreviewLine, ...]
    present: int
    after: OpeningShown


@dataclass(frozen=True, slots=True)
class OpeningPosted:
    """What was posted.

    Arguments:
        entries: one for a trial balance, one for each open item.
        new, present: how many were made, and how many were in the books already.
        waits: one of them is over a limit and waits for a second person.
        opening: how far it is now.
    """

    entries: tuple[Posted, ...]
    new: int
    present: int
    waits: bool
    opening: OpeningShown


def enter_balances(session: Session, command: PostBalances) -> OpeningPosted:
    """Post a trial balance, or a part of one, to the opening that was begun.

    Raises:
        Invalid: a line is wrong; names it (``lines.0.account``).
        Conflict: no opening was begun, it is finished, or its period is closed.
    """
    return _posted(session, [post_balances(session, command)])


def enter_items(session: Session, command: PostItems) -> OpeningPosted:
    """Post open items, all or none; documents that are in the books already are left as they are.

    Raises:
        Invalid: names each wrong item (``items.0.party``).
        Conflict: no opening was begun, it is finished, or its period is closed.
    """
    authorize(session, OPENING_POST)
    try:
        return _posted(session, post_items(session, understood(command.items)))
    except (Invalid, Conflict) as error:
        raise named_by_item(error, command.items) from error


def preview_opening(session: Session, command: PreviewOpening) -> OpeningPreview:
    """What posting the lists would do, and what is missing then; without lists, as it is now.

    Raises:
        Invalid: names each wrong line (``lines.0.account``, ``items.0.party``).
        Conflict: no opening was begun; or, with a list, it is finished or its period is closed.
    """
    authorize(session, OPENING_POST)
    if not command.lines and not command.items:
        opening = opening_of(session)
        if opening is not None:
            return OpeningPreview((), 0, _shown(session, opening, opening_state(session, opening)))
    opening = open_opening(session)
    made: list[Ordered] = []
    present = 0
    if command.lines:
        one = balances_order(session, opening, PostBalances(lines=command.lines))
        check_orders(session, [one.order], lock=False)
        made.append(one)
    if command.items:
        try:
            orders = item_orders(session, opening, understood(command.items))
            checked = check_orders(session, [one.order for one in orders], lock=False)
        except (Invalid, Conflict) as error:
            raise named_by_item(renamed(error), command.items) from error
        present = sum(one.existing is not None for one in checked)
        made += [one for one, found in zip(orders, checked, strict=True) if found.existing is None]
    after = _with(session, opening, made)
    unit = unit_of(company_of(session).minor_units)
    return OpeningPreview(
        tuple(
            PreviewLine(
                number,
                line.account,
                line.amount.quantize(unit) if line.amount > 0 else None,
                -line.amount.quantize(unit) if line.amount < 0 else None,
                line.party,
                one.order.posting.reference,
            )
            for number, one in enumerate(made, 1)
            for line in one.order.posting.lines
        ),
        present,
        _shown(session, opening, after),
    )


def finish(session: Session, _command: FinishOpening) -> Opening:
    """End the opening: from now on accounts can be claimed by sub-ledgers.

    Raises:
        Conflict: something is missing; each thing is a problem of its own.
    """
    return finish_opening(session)


def undo_list(session: Session, command: UndoOpening) -> Opening:
    """Reverse the entries of one list on their own day.

    Raises:
        Invalid: no reason is given.
        Conflict: none of them is left, or the opening is finished.
    """
    undo_opening(session, command)
    return open_opening(session)


def show_opening(session: Session) -> OpeningShown | None:
    """How far the opening of the company is; None where none was begun."""
    authorize(session, BOOKS_VIEW)
    opening = opening_of(session)
    return None if opening is None else _shown(session, opening, opening_state(session, opening))


def _posted(session: Session, posted: Sequence[Posted]) -> OpeningPosted:
    opening = open_opening(session)
    present = sum(one.existed for one in posted)
    return OpeningPosted(
        tuple(posted),
        len(posted) - present,
        present,
        any(one.waits for one in posted),
        _shown(session, opening, opening_state(session, opening)),
    )


def _shown(session: Session, opening: Opening, state: OpeningState) -> OpeningShown:
    unit = unit_of(company_of(session).minor_units)
    missing = missing_of(session, state)
    return OpeningShown(
        opening.date,
        opening.finished_at is not None,
        not missing,
        tuple(
            ClearingShown(one.part.value, one.code, one.name, one.balance.quantize(unit))
            for one in state.clearing
        ),
        tuple(
            AccountShown(
                one.code,
                one.name,
                one.balance.quantize(unit),
                one.items.quantize(unit),
                one.missing.quantize(unit),
            )
            for one in state.accounts
        ),
        missing,
    )


def _with(session: Session, opening: Opening, made: Sequence[Ordered]) -> OpeningState:
    """How far an opening would be with further entries."""
    state = opening_state(session, opening)
    codes = clearing_codes(session, opening)
    accounts = {one.account_id: one for one in state.accounts}
    stood = [(one, *stands) for one in made for stands in one.stands]
    named = {key for _one, _line, _part, key, _day in stood if key is not None} - accounts.keys()
    for account in session.scalars(select(Account).where(Account.id.in_(named))):
        accounts[account.id] = ItemsOfAccount(
            account.id, account.code, account.name, Decimal(0), Decimal(0)
        )
    for one, line, part, key, _day in stood:
        if key is None:
            continue
        held, amount = accounts[key], one.order.posting.lines[line - 1].amount
        accounts[key] = (
            replace(held, balance=held.balance + amount)
            if part is OpeningPart.BALANCES
            else replace(held, items=held.items - amount)
        )
    lines = [line for one in made for line in one.order.posting.lines]
    return replace(
        state,
        clearing=tuple(
            replace(
                one,
                balance=one.balance
                + sum(
                    (line.amount for line in lines if line.account == codes[one.part]), Decimal(0)
                ),
            )
            for one in state.clearing
        ),
        accounts=tuple(sorted(accounts.values(), key=lambda one: one.code)),
        entries={
            part: n + sum(part in {stands[1] for stands in one.stands} for one in made)
            for part, n in state.entries.items()
        },
    )
