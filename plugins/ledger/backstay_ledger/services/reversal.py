"""Reversing posted entries: the mirror image is posted; the old entry stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from backstay.contracts.ledger import Posted, Posting, PostingLine, Source
from backstay.spi import (
    Conflict,
    DateField,
    Invalid,
    NotFound,
    Problem,
    TextField,
    authorize,
    company_of,
    give_reason,
    lazy,
    ngettext,
)
from backstay.spi import gettext as _
from backstay_ledger.models import Entry, EntryKind, EntryState
from backstay_ledger.open_items.mirrors import lock_items_of, settle_with_mirrors
from backstay_ledger.permissions import ENTRY_REVERSE
from backstay_ledger.services.bulk_rows import among, pieces
from backstay_ledger.services.orders import Order
from backstay_ledger.services.posting import post_orders, writable_company
from backstay_ledger.services.stored import StoredEntry, stored_entries
from backstay_ledger.services.validation import LENGTHS
from backstay_ledger.tax.rows import mirrored


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseEntry:
    """A posted entry that has to be taken back.

    Arguments:
        key: idempotency key of the reversal; empty for none.
    """

    id: int
    on: Annotated[
        date,
        DateField(
            label=lazy("Date of the reversal"),
            help=lazy("Not before the entry's own date, in an open period."),
        ),
    ]
    reason: Annotated[
        str,
        TextField(
            label=lazy("Reason"),
            help=lazy("Stands in the memo of the reversal and in the audit trail."),
            min_length=1,
            max_length=300,
        ),
    ]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Reversals:
    """How an entry is tied to its reversal; None where there is none.

    Arguments:
        reversed_by: id and number of the entry that reverses it.
        reverses: id and number of the entry that it reverses.
    """

    reversed_by: tuple[int, str] | None = None
    reverses: tuple[int, str] | None = None


def reverse_entry(session: Session, command: ReverseEntry) -> Posted:
    """Post the mirror image of an entry.

    Raises:
        Invalid: no reason is given, or the date lies before the entry's.
        Conflict: it is no posted entry, was reversed before, or the period is closed.
        NotFound: the company has no such entry.
    """
    authorize(session, ENTRY_REVERSE)
    return reverse_entries(session, [command])[0]


def reverse_entries(
    session: Session,
    commands: Sequence[ReverseEntry],
    *,
    by_allocation: bool = False,
) -> list[Posted]:
    """Reverse many entries for one reason, all or none; the caller has checked the permission.

    Open items of an entry are settled by those of its mirror image, as far as they are open.

    Arguments:
        by_allocation: an allocation is undone, which alone may take back what it posted.

    Raises:
        Invalid, Conflict, NotFound: as :func:`reverse_entry`.
    """
    writable_company(session)
    originals = stored_entries(session, [command.id for command in commands])
    done = _reversed_by_key(session, commands)
    reversed_before = reversal_numbers(session, [command.id for command in commands])
    problems: list[Problem] = []
    orders: list[Order] = []
    for command in commands:
        original = originals.get(command.id)
        if original is None:
            raise NotFound(_("There is no such entry in this company."))
        if not (command.key and command.key in done):
            _refuse(original, reversed_before.get(command.id))
        problems += _problems(command, original)
        orders.append(replace(mirror(command, original), by_allocation=by_allocation))
    if problems:
        raise Invalid(
            problems[0].message
            if len(problems) == 1
            else ngettext(
                "%(n)s problem: nothing was reversed.",
                "%(n)s problems: nothing was reversed.",
                len(problems),
            ),
            problems=tuple(problems),
        )
    if commands:
        give_reason(session, commands[0].reason)
    items = lock_items_of(session, originals.values())
    posted = post_orders(session, orders)
    if items:
        settle_with_mirrors(session, commands, posted)
    return posted


def reversals_of(session: Session, entry_id: int) -> Reversals:
    """The entries that an entry is tied to by reversal, for links on its page."""
    company = company_of(session)
    by = session.execute(
        select(Entry.id, Entry.number_text).where(
            Entry.company_id == company.id, Entry.reverses_id == entry_id
        )
    ).one_or_none()
    reversal = aliased(Entry)
    of = session.execute(
        select(Entry.id, Entry.number_text)
        .join(reversal, reversal.reverses_id == Entry.id)
        .where(Entry.company_id == company.id, reversal.id == entry_id)
    ).one_or_none()
    return Reversals(
        None if by is None else (by.id, by.number_text or _("a reversal that is not posted yet")),
        None if of is None else (of.id, of.number_text or ""),
    )


def _refuse(original: StoredEntry, reversal: str | None) -> None:
    if original.row.state is EntryState.WAITING:
        raise Conflict(
            _("Only a posted entry can be reversed; this one waits for approval: take it back.")
        )
    if original.row.state is not EntryState.POSTED:
        raise Conflict(
            _("Only a posted entry can be reversed; this one is a draft: change or delete it.")
        )
    if original.row.kind is EntryKind.CLOSING:
        raise Conflict(
            _(
                "%(number)s is a closing entry: cancel the closing of its fiscal year instead.",
                number=original.row.number_text,
            )
        )
    if reversal is not None:
        raise Conflict(
            _(
                "%(number)s was reversed already by %(reversal)s.",
                number=original.row.number_text,
                reversal=reversal,
            )
        )


def _problems(command: ReverseEntry, original: StoredEntry) -> list[Problem]:
    problems: list[Problem] = []
    if not command.reason.strip():
        problems.append(Problem(_("Say why the entry is reversed."), "reason"))
    if command.on < original.row.date:
        problems.append(
            Problem(
                _(
                    "A reversal is not dated before its entry (%(day)s).",
                    day=original.row.date,
                ),
                "on",
            )
        )
    return problems


def mirror(command: ReverseEntry, original: StoredEntry) -> Order:
    """The order that posts the mirror image of an entry; nothing is checked."""
    row = original.row
    memo = _(
        "Reversal of %(number)s: %(reason)s",
        number=row.number_text,
        reason=command.reason.strip(),
    )
    return Order(
        Posting(
            key=command.key,
            journal=original.journal,
            date=command.on,
            lines=tuple(
                PostingLine(
                    line.account,
                    -line.amount,
                    line.text,
                    line.currency,
                    None if line.amount_currency is None else -line.amount_currency,
                    party=line.party,
                    due_date=line.due_date,
                    dimensions=line.dimensions,
                )
                for line in original.lines
            ),
            memo=memo[: LENGTHS["memo"]],
            reference=row.reference,
            source=Source(row.source_plugin, row.source_type or "", row.source_id or "")
            if row.source_plugin
            else None,
        ),
        kind=EntryKind.REVERSAL,
        reverses_id=row.id,
        taxes=mirrored(original.taxes),
    )


def reversal_numbers(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """The numbers of the reversals of entries, by the entry's id; in words where one waits."""
    found: dict[int, str] = {}
    for some in pieces(sorted(set(ids))):
        rows = session.execute(
            select(Entry.reverses_id, Entry.number_text).where(
                Entry.company_id == company_of(session).id,
                among(session, Entry.reverses_id, some),
            )
        )
        unposted = _("a reversal that is not posted yet")
        found.update((int(row.reverses_id or 0), row.number_text or unposted) for row in rows)
    return found


def _reversed_by_key(session: Session, commands: Sequence[ReverseEntry]) -> set[str]:
    """Keys of reversals that were posted before: asking again is answered, not refused."""
    keys = [command.key for command in commands if command.key]
    found: set[str] = set()
    for some in pieces(keys):
        rows = session.scalars(
            select(Entry.idempotency_key).where(
                Entry.company_id == company_of(session).id,
                among(session, Entry.idempotency_key, some),
                Entry.kind == EntryKind.REVERSAL,
            )
        )
        found.update(str(key) for key in rows)
    return found
