"""Allocating open items to each other.

An allocation takes a part of a debit item and of a credit item. Where the two parts were worth
different amounts in the base currency, the difference is realised, and posted in the same
transaction (IAS 21.28). Allocations are dated facts: none is changed, so what was open on a past
day stays what it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Allocated, Pair, Posted
from backstay.spi import (
    Conflict,
    Invalid,
    Problem,
    authorize,
    company_of,
    context_of,
    new_ids,
    now,
    to_units,
)
from backstay.spi import gettext as _
from backstay_ledger.models import Entry
from backstay_ledger.open_items.exchange import Share, exchange_order, on_first_day, share_of
from backstay_ledger.open_items.models import Allocation, OpenItem
from backstay_ledger.open_items.pairs import Item, check_pair, lock_items, with_taken
from backstay_ledger.permissions import ITEM_ALLOCATE
from backstay_ledger.services.posting import guarded, post_orders, writable_company
from backstay_ledger.tax.allocated import release_allocated

MOST_PAIRS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocate:
    """Pairs of open items that are to settle each other.

    Arguments:
        on: the day of the allocation; None for the later date of the two items of each pair, or
            the first after it on which that much was left of both.
        key: idempotency key; empty for none.
    """

    pairs: tuple[Pair, ...]
    on: date | None = None
    key: str = ""


def allocate(session: Session, command: Allocate) -> list[Allocated]:
    """Let open items settle each other, all pairs or none.

    Raises:
        Invalid: names the pair (``pairs.0.amount``) and what is wrong with it.
        Conflict: an item is on hold, or the key was used for other pairs.
    """
    authorize(session, ITEM_ALLOCATE)
    done = settle(session, command)
    waits = release_allocated(session, done)
    return [replace(one, tax_waits=True) for one in done] if waits else done


def settle(session: Session, command: Allocate) -> list[Allocated]:
    """Allocate; the caller has checked the permission (see :func:`allocate`)."""
    writable_company(session)
    if not command.pairs:
        raise Invalid(_("Choose a debit and a credit that settle each other."), field="pairs")
    if len(command.pairs) > MOST_PAIRS:
        raise Invalid(
            _("At most %(most)s pairs are allocated at once.", most=MOST_PAIRS), field="pairs"
        )
    digest = _digest(command)
    if command.key and (done := done_by_key(session, command.key, digest)):
        return done
    items = lock_items(
        session, {one for pair in command.pairs for one in (pair.debit, pair.credit)}
    )
    # While we waited for the items, a twin may have done it.
    if command.key and (done := done_by_key(session, command.key, digest)):
        return done
    planned = _plan(session, command, with_taken(session, items))
    ids = new_ids(len(planned))
    orders = {
        item_id: order
        for item_id, one in zip(ids, planned, strict=True)
        if (order := exchange_order(session, item_id, one)) is not None
    }
    posted = dict(zip(orders, post_orders(session, list(orders.values())), strict=True))
    rows = [
        _row(session, allocation_id, one, posted.get(allocation_id))
        for allocation_id, one in zip(ids, planned, strict=True)
    ]
    for place, row in enumerate(rows):
        row.payload_hash = digest
        row.idempotency_key = command.key or None
        row.key_position = place if command.key else None
    add_allocations(session, rows)
    return [as_allocated(row, entry=posted.get(row.id)) for row in rows]


def _plan(session: Session, command: Allocate, items: dict[int, Item]) -> list[Share]:
    """What each pair takes, the earlier pairs first; nothing is written yet."""
    minor_units = company_of(session).minor_units
    left = dict(items)
    planned: list[Share] = []
    problems: list[Problem] = []
    held = 0
    for place, pair in enumerate(command.pairs):
        found = list(check_pair(pair, left, command.on))
        if found:
            problems += [
                Problem(one.message, f"pairs.{place}.{one.field}" if one.field else "pairs")
                for one in found
            ]
            held += all(one.field == "hold" for one in found)
            continue
        debit, credit = left[pair.debit], left[pair.credit]
        amount = pair.amount
        if amount is None:
            amount = min(debit.residual, -credit.residual)
        asked = share_of(debit, credit, amount, command.on, minor_units)
        one = on_first_day(asked)
        if command.on is not None and one.on != command.on:
            message = _(
                "So much was not left on that day: an allocation was undone later. Allocate from"
                " %(day)s on.",
                day=one.on,
            )
            problems.append(Problem(message, f"pairs.{place}.on"))
            continue
        planned.append(one)
        left[debit.id] = replace(
            debit,
            residual=debit.residual - amount,
            residual_base=debit.residual_base - one.base_debit,
            taken=debit.taken and (*debit.taken, (one.on, amount, one.base_debit)),
        )
        left[credit.id] = replace(
            credit,
            residual=credit.residual + amount,
            residual_base=credit.residual_base + one.base_credit,
            taken=credit.taken and (*credit.taken, (one.on, amount, one.base_credit)),
        )
    if problems:
        error = Conflict if held == len(problems) else Invalid
        raise error(problems[0].message, problems=tuple(problems))
    return planned


def _row(session: Session, allocation_id: int, one: Share, entry: Posted | None) -> Allocation:
    return Allocation(
        id=allocation_id,
        company_id=company_of(session).id,
        debit_id=one.debit.id,
        credit_id=one.credit.id,
        amount=one.amount,
        base_debit=one.base_debit,
        base_credit=one.base_credit,
        date=one.on,
        exchange_entry_id=entry.id if entry else None,
        made_by=context_of(session).actor.label,
        made_at=now(),
    )


def done_by_key(session: Session, key: str, digest: str) -> list[Allocated]:
    """What was done under a key.

    Raises:
        Conflict: it was something else.
    """
    rows: Sequence[Any] = session.execute(
        select(Allocation, Entry.number_text)
        .outerjoin(Entry, Entry.id == Allocation.exchange_entry_id)
        .where(Allocation.company_id == company_of(session).id, Allocation.idempotency_key == key)
        .order_by(Allocation.key_position)
    ).all()
    if any(row.payload_hash != digest for row, _number in rows):
        raise Conflict(
            _("The key “%(key)s” was used for another allocation already.", key=key), field="key"
        )
    return [
        as_allocated(
            row,
            entry=None
            if row.exchange_entry_id is None
            else Posted(row.exchange_entry_id, number or "", existed=True),
            existed=True,
        )
        for row, number in rows
    ]


def as_allocated(row: Allocation, *, entry: Posted | None, existed: bool = False) -> Allocated:
    """An allocation as the contract shows it."""
    return Allocated(
        row.id,
        row.debit_id,
        row.credit_id,
        row.amount,
        row.date,
        row.base_credit - row.base_debit,
        entry,
        existed=existed,
    )


def _digest(command: Allocate) -> str:
    content = [
        command.on.isoformat() if command.on else None,
        [
            [pair.debit, pair.credit, None if pair.amount is None else to_units(pair.amount)]
            for pair in command.pairs
        ],
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def add_allocations(session: Session, rows: Sequence[Allocation]) -> None:
    """Write allocations one by one, as the database looks at what the one before took."""
    with _said_clearly():
        for row in rows:
            session.add(row)
            session.flush()
    ids = sorted({one for row in rows for one in (row.debit_id, row.credit_id)})
    for item in session.identity_map.values():
        if isinstance(item, OpenItem) and item.id in ids:
            session.expire(item)


@contextmanager
def _said_clearly() -> Iterator[None]:
    """Turn what the database refuses into what happened meanwhile."""
    try:
        with guarded():
            yield
    except Conflict as error:
        said = str(error.__cause__.orig if isinstance(error.__cause__, IntegrityError) else error)
        if "undoes_id" in said:
            raise Conflict(_("The allocation was undone a moment ago.")) from error
        if "key_position" in said:
            raise Conflict(
                _("The same key was used for another allocation at this moment.")
            ) from error
        raise
