"""Draft entries: written, changed, posted, copied and deleted as often as needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Annotated

from sqlalchemy import delete
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posted, Posting, PostingLine
from backstay.spi import (
    BoolField,
    Conflict,
    DateField,
    Invalid,
    LinesField,
    Problem,
    Stale,
    TextField,
    authorize,
    context_of,
    forget_attachments,
    lazy,
    new_id,
    record_event,
    record_many,
)
from backstay.spi import gettext as _
from backstay_ledger.models import Entry, EntryKind, EntryState, Line
from backstay_ledger.open_items.lines import ITEM_COLUMNS, ITEMS, item_values
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_DRAFT, ENTRY_POST
from backstay_ledger.services.bulk_rows import insert_rows, update_rows
from backstay_ledger.services.content import (
    ENTRY_COLUMNS,
    LINE_COLUMNS,
    EntryRow,
    entry_event,
    entry_values,
    line_values,
)
from backstay_ledger.services.orders import Checked, Order, order_of
from backstay_ledger.services.posting import (
    ENTRIES,
    LINES,
    guarded,
    new_entry,
    post_orders,
    writable_company,
)
from backstay_ledger.services.resting_parts import before_change, before_removal
from backstay_ledger.services.stored import StoredEntry, draft_order, stored_entry
from backstay_ledger.services.typed_lines import DraftLine, signed_lines, typed_again
from backstay_ledger.services.validation import check_orders
from backstay_ledger.tax.drafts import codes_by_line, without_taxes
from backstay_ledger.tax.entries import completed
from backstay_ledger.tax.rows import insert_taxes

_CHANGED = ("journal_id", "kind", "date", "memo", "reference", "payload_hash", "version")

__all__ = [
    "CopyEntry",
    "DeleteDraft",
    "DraftLine",
    "PostDraft",
    "SaveDraft",
    "as_typed",
    "copy_entry",
    "delete_draft",
    "draft_from",
    "load_draft",
    "post_draft",
    "post_entry",
    "save_draft",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDraft:
    """An entry as it stands in the editor.

    Arguments:
        id: the draft that is changed, or None for a new one.
        version: the version of the draft that was on the screen.
        journal: the journal's code.
        at_rate: the rate of the date says what foreign amounts are worth, not debit or credit.
    """

    journal: Annotated[
        str,
        TextField(
            label=lazy("Journal"),
            help=lazy("Its code."),
            example="GEN",
            min_length=1,
            max_length=20,
        ),
    ]
    date: Annotated[
        date, DateField(label=lazy("Date"), help=lazy("The accounting date, in an open period."))
    ]
    lines: Annotated[
        tuple[DraftLine, ...],
        LinesField(
            label=lazy("Lines"),
            help=lazy("Each with an account and a debit or a credit."),
            line=DraftLine,
        ),
    ]
    memo: Annotated[str, TextField(label=lazy("Memo"), max_length=500)] = ""
    reference: Annotated[
        str,
        TextField(label=lazy("Reference"), help=lazy("The document's own number."), max_length=100),
    ] = ""
    exchange: Annotated[
        bool,
        BoolField(
            label=lazy("Exchange of currencies"),
            help=lazy("Amounts of one currency are given for another, as at a bank."),
        ),
    ] = False
    id: int | None = None
    version: int | None = None
    at_rate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDraft:
    """A saved draft that is to be posted as it is."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDraft:
    """A draft that is not needed any more."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyEntry:
    """An entry that a new draft is made from; without a date it keeps the old one."""

    id: int
    date: date | None = None


def save_draft(session: Session, command: SaveDraft) -> Entry:
    """Save a draft; it needs known accounts and amounts, but need not balance yet.

    Raises:
        Invalid: names the fields (``lines.0.debit`` is in the first line).
        Conflict: it lies in a closed period, or was posted meanwhile.
        Stale: somebody else saved the draft in the meantime.
    """
    authorize(session, ENTRY_DRAFT)
    return session.get_one(Entry, _save(session, command), populate_existing=True)


def post_entry(session: Session, command: SaveDraft) -> Posted:
    """Post what stands in the editor, saved before or not.

    Raises:
        Invalid, Conflict: as for posting.
        Stale: somebody else saved the draft in the meantime.
    """
    authorize(session, ENTRY_POST)
    if command.id is None:
        return post_orders(session, [order_as_typed(session, command)])[0]
    check_orders(session, [order_as_typed(session, command)], lock=False)
    _save(session, command)
    return post_stored(session, stored_entry(session, command.id, lock=True))


def post_draft(session: Session, command: PostDraft) -> Posted:
    """Post a saved draft.

    Raises:
        Invalid: it does not balance, or anything else that posting refuses.
        Conflict: it was posted already, or its period is closed.
        Stale: somebody else saved it in the meantime.
    """
    authorize(session, ENTRY_POST)
    return post_stored(session, load_draft(session, command.id, command.version))


def delete_draft(session: Session, command: DeleteDraft) -> None:
    """Delete a draft; the audit trail keeps what it said.

    Raises:
        Conflict: it was posted, so it can only be reversed.
        Stale: somebody else saved it in the meantime.
    """
    authorize(session, ENTRY_DRAFT)
    remove_draft(session, command.id, command.version)


def remove_draft(session: Session, entry_id: int, version: int | None = None) -> None:
    """Delete a draft with what rests on it; the caller has checked the permission.

    Raises:
        Conflict, Stale: as :func:`delete_draft`; or something needs it, as a deferral its releases.
    """
    draft = load_draft(session, entry_id, version)
    options = {"audited": True}
    with guarded():
        before_removal(session, draft)
        session.execute(
            delete(Line).where(Line.entry_id == entry_id, Line.company_id == draft.row.company_id),
            execution_options=options,
        )
        session.execute(
            delete(Entry).where(Entry.id == entry_id, Entry.company_id == draft.row.company_id),
            execution_options=options,
        )
    forget_attachments(session, "ledger.entry", entry_id)
    event = entry_event("delete", draft.row, draft.lines)
    record_event(session, replace(event, before=event.after, after=None, row_hash=None))


def copy_entry(session: Session, command: CopyEntry) -> Entry:
    """Make a new draft with the lines of an entry, posted or not.

    Raises:
        Invalid: an account is not usable any more.
        Conflict: the date lies in a closed period.
    """
    authorize(session, ENTRY_DRAFT)
    return save_draft(session, draft_from(session, command))


def draft_from(session: Session, command: CopyEntry) -> SaveDraft:
    """What the editor shows for a copy of an entry, before anything is saved."""
    authorize(session, BOOKS_VIEW)
    original = stored_entry(session, command.id)
    typed = without_taxes(as_typed(original))
    return replace(typed, id=None, version=None, date=command.date or original.row.date)


def as_typed(entry: StoredEntry) -> SaveDraft:
    """A stored entry as the editor shows it."""
    return SaveDraft(
        id=entry.row.id,
        version=entry.row.version,
        journal=entry.journal,
        date=entry.row.date,
        memo=entry.row.memo,
        reference=entry.row.reference,
        exchange=entry.row.kind is EntryKind.EXCHANGE,
        lines=typed_again(entry.lines, codes_by_line(entry.taxes)),
    )


def load_draft(session: Session, entry_id: int, version: int | None) -> StoredEntry:
    """Load and lock a draft.

    Raises:
        NotFound: the company has no such entry.
        Conflict: it is posted.
        Stale: it is not the version that was on the screen.
    """
    writable_company(session)
    draft = stored_entry(session, entry_id, lock=True)
    if draft.row.state is not EntryState.DRAFT:
        if draft.row.state is EntryState.WAITING:
            raise Conflict(_("The entry waits for approval. Take it back first; then change it."))
        raise Conflict(
            _(
                "The entry was posted as %(number)s and can't be changed; reverse it.",
                number=draft.row.number_text,
            )
        )
    if version is not None and version != draft.row.version:
        raise Stale(
            _("Somebody else changed this draft in the meantime. Nothing of yours was saved.")
        )
    return draft


def order_as_typed(session: Session, command: SaveDraft) -> Order:
    """What an entry asks to be posted, with its taxes.

    Raises:
        Invalid: a line can't be understood, or a tax or a rate is missing.
    """
    lines, problems = signed_lines(session, command.lines)
    if problems:
        # What is wrong with the rest is said at once too; a line that is refused already is not.
        bad = {".".join((problem.field or "").split(".")[:2]) for problem in problems}
        problems += [
            problem
            for problem in _other_problems(session, command, lines)
            if ".".join((problem.field or "").split(".")[:2]) not in bad
        ]
        raise Invalid(_("The entry can't be saved."), problems=tuple(problems))
    if command.at_rate:
        lines = tuple(
            replace(line, amount=Decimal(0)) if line.amount_currency else line for line in lines
        )
    posting = replace(_as_posting(command, lines), at_rate=command.at_rate)
    return completed(session, posting)


def _as_posting(command: SaveDraft, lines: tuple[PostingLine, ...]) -> Posting:
    return Posting(
        key="",
        journal=command.journal,
        date=command.date,
        lines=lines,
        memo=command.memo,
        reference=command.reference,
        exchange=command.exchange,
    )


def _other_problems(
    session: Session, command: SaveDraft, lines: tuple[PostingLine, ...]
) -> tuple[Problem, ...]:
    try:
        check_orders(session, [order_of(_as_posting(command, lines))], lock=False, drafts=True)
    except (Invalid, Conflict) as error:
        return error.problems
    return ()


def _save(session: Session, command: SaveDraft) -> int:
    company = writable_company(session)
    session.flush()
    before = None if command.id is None else load_draft(session, command.id, command.version)
    if before is not None:
        before_change(session, before)
    order = order_as_typed(session, command)
    checked = check_orders(session, [order], lock=True, drafts=True)[0]
    with guarded():
        if before is None:
            row = new_entry(new_id(), company, context_of(session), checked)
            insert_rows(session, ENTRIES, ENTRY_COLUMNS, [entry_values(row)])
            record_many(session, [entry_event("create", row, checked.lines, taxes=order.taxes)])
        else:
            row = _changed_row(before.row, checked)
            if row == replace(before.row, version=row.version):
                return row.id
            _replace_rows(session, before, row, checked)
        insert_rows(session, LINES, LINE_COLUMNS, line_values(row, checked.lines, None))
        insert_taxes(session, row.company_id, [(row.id, order.taxes)])
        insert_rows(session, ITEMS, ITEM_COLUMNS, item_values([(row, checked.lines, None)]))
    return row.id


def _changed_row(before: EntryRow, checked: Checked) -> EntryRow:
    posting = checked.order.posting
    return replace(
        before,
        journal_id=checked.journal.id,
        kind=checked.order.kind,
        date=posting.date,
        memo=posting.memo,
        reference=posting.reference,
        payload_hash=checked.payload_hash,
        version=before.version + 1,
    )


def _replace_rows(session: Session, before: StoredEntry, row: EntryRow, checked: Checked) -> None:
    lines, taxes = checked.lines, checked.order.taxes
    session.execute(
        delete(Line).where(Line.entry_id == row.id, Line.company_id == row.company_id),
        execution_options={"audited": True},
    )
    keys = ("company_id", "id")
    update_rows(
        session,
        ENTRIES,
        keys,
        _CHANGED,
        [tuple(getattr(row, name) for name in keys + _CHANGED)],
    )
    changed = lines != before.lines or bool(taxes or before.taxes)
    record_event(
        session,
        entry_event(
            "update",
            row,
            lines if changed else None,
            before=before.row,
            lines_before=before.lines if changed else None,
            taxes=taxes,
        ),
    )


def post_stored(session: Session, draft: StoredEntry) -> Posted:
    """Post a draft that was loaded; the caller has checked the permission."""
    return post_orders(session, [draft_order(draft)])[0]
